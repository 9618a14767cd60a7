"""Everything that the document allows, and much that it does not, sent to a server that runs."""

from collections import Counter

import pytest

from tests.fuzz.campaign import Plan, Tally, run
from tests.fuzz.grounds import PERSONAS
from tests.fuzz.insides import calls

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True, scope="session")
quietly = pytest.mark.filterwarnings("ignore::Warning")
"""A generator of data warns that it is slow; that is no fault of what it tests."""
SEED = 20261130
SECONDS = {"owner": 55, "student": 25, "nobody": 15}
"""Bounds; on a slow machine fewer cases are sent."""
FEWEST = 100


@pytest.fixture(scope="session")
def document(ground):
    return ground.document()


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

    run(ground, persona, Plan(4, 8, SEED, SECONDS[persona]), tally, document)

    assert list(tally.failures.values()) == []
    assert tally.errors == []
    assert tally.total() >= FEWEST, Counter(status for _, _, status, _ in tally.cases.elements())
