"""Everything that the document allows, and much that it does not, sent to a server that runs."""

import pytest

from tests.fuzz.campaign import PHASES, Plan, run
from tests.fuzz.covering import thinned
from tests.fuzz.grounds import PERSONAS
from tests.fuzz.insides import calls
from tests.fuzz.tally import MODES, Tally, operations_of

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True, scope="session")
quietly = pytest.mark.filterwarnings("ignore::Warning")
"""A generator of data warns that it is slow; that is no fault of what it tests."""
SEED = 20261130
BOUND = 900
"""Seconds. The plans bound the cases; this ends what hangs, and the test says what was cut off."""
DRAWN = ("examples", "fuzzing", "stateful")
PLANS = {
    "owner": Plan(1, 4, SEED, BOUND, DRAWN),
    "student": Plan(1, 2, SEED, BOUND, DRAWN),
    "nobody": Plan(1, 2, SEED, BOUND, DRAWN),
}
EVERY = 12
"""Of the optional parameters and members of an operation one in so many is covered, for each
persona another: making the cases takes the time."""
SHARE = 12
"""Of the cases of an operation that cover them, one in so many is sent, and the first."""
FEWEST = {"examples": 150, "coverage": 350, "fuzzing": 88, "stateful": 10}
"""Cases of each phase that each persona sends; by one seed they are the same every time."""


@pytest.fixture(scope="session")
def document(ground):
    return ground.document()


@on_sqlite
def test_every_operation_reaches_its_inside_for_the_owner(ground, document):
    reached = {operation_id: answer.status_code for operation_id, answer in calls(ground, document)}

    assert {name: status for name, status in reached.items() if not 200 <= status < 300} == {}
    assert reached.keys() == operations_of(document)


@quietly
@on_sqlite
@pytest.mark.parametrize("persona", PERSONAS)
def test_nothing_that_is_sent_is_answered_otherwise_than_documented(ground, document, persona):
    tally, turn = Tally(), PERSONAS.index(persona)

    run(ground, persona, PLANS[persona], tally, document)
    covering = Plan(1, 0, SEED, BOUND, ("coverage",), share=SHARE)
    run(ground, persona, covering, tally, thinned(document, EVERY, turn))

    assert list(tally.failures.values()) == []
    assert (tally.errors, tally.cut) == ([], [])
    called = tally.by("operation", "phase")
    for phase in ("fuzzing", "coverage"):
        assert {n for n in operations_of(document) if not called[n, phase]} == set(), phase
    sent = tally.by("phase")
    assert {phase: sent[phase,] for phase in PHASES if sent[phase,] < FEWEST[phase]} == {}
    assert tally.by("mode").keys() == {(mode,) for mode in MODES}
