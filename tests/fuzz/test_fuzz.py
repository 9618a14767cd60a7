"""Everything that the document allows, and much that it does not, sent to a server that runs."""

import pytest

from tests.fuzz.campaign import PHASES, Plan, Tally, run
from tests.fuzz.grounds import PERSONAS
from tests.fuzz.insides import calls

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True, scope="session")
quietly = pytest.mark.filterwarnings("ignore::Warning")
"""A generator of data warns that it is slow; that is no fault of what it tests."""
SEED = 20261130
BOUND = 240
"""Seconds; the same cases are sent on every machine, so this only ends what hangs."""
DRAWN = ("examples", "fuzzing", "stateful")
PLANS = {
    "owner": Plan(1, 4, SEED, BOUND, DRAWN),
    "student": Plan(1, 2, SEED, BOUND, DRAWN),
    "nobody": Plan(1, 2, SEED, BOUND, DRAWN),
}
COVERED = {"owner": 3, "student": 9, "nobody": 18}
"""Of how many operations one has its parameters covered: making the cases takes the time."""
SHARE = 16
"""Of how many cases of such an operation one is sent."""
FEWEST = {"examples": 20, "coverage": 3, "fuzzing": 50, "stateful": 10}


@pytest.fixture(scope="session")
def document(ground):
    return ground.document()


def covering(persona, document):
    """Plan to cover the parameters of some operations, a share of the cases of each."""
    names = sorted(
        o["operationId"] for methods in document["paths"].values() for o in methods.values()
    )
    chosen = tuple(names[:: COVERED[persona]])
    return Plan(1, 1, SEED, BOUND, ("coverage",), chosen, SHARE)


@on_sqlite
def test_every_operation_reaches_its_inside_for_the_owner(ground, document):
    reached = {operation_id: answer.status_code for operation_id, answer in calls(ground, document)}

    assert {name: status for name, status in reached.items() if not 200 <= status < 300} == {}
    assert len(reached) == sum(len(methods) for methods in document["paths"].values())


@quietly
@on_sqlite
@pytest.mark.parametrize("persona", PERSONAS)
def test_nothing_that_is_sent_is_answered_otherwise_than_documented(ground, document, persona):
    tally = Tally()

    for plan in (PLANS[persona], covering(persona, document)):
        assert run(ground, persona, plan, tally, document) < BOUND, "not every case was sent"

    assert list(tally.failures.values()) == []
    assert tally.errors == []
    sent = tally.by_phase()
    assert {phase: sent[phase] for phase in PHASES if sent[phase] < FEWEST[phase]} == {}
