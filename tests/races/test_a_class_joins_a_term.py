"""A class comes into a term while the term changes its deadline, or goes away."""

import threading
from datetime import UTC, datetime

import pytest

from api.authz.actor import Actor
from api.authz.policy import Policy
from api.clock import epoch_ms
from api.errors import ValidationFailed
from api.ids import Ids
from api.models import SchoolClass, Term
from api.schemas.classes import ClassSchema
from api.services.classes import Classes
from api.services.terms import Terms
from tests import factories
from tests.factories import select

EARLY, LATE = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
NEW = ClassSchema().load({"title": "Algebra"})
SOON = 0.3


@pytest.fixture
def services(database):
    made = {"policy": Policy(), "ids": Ids(lambda: epoch_ms(database.clock.now()))}
    return Terms(**made), Classes(**made)


@pytest.fixture
def term(database):
    with database.write() as tx:
        return factories.a_term(tx, drop_until=EARLY)


def a_class_joins(database, classes, term):
    with database.write() as tx:
        classes.create(tx, Actor.system(), term.organization_id, {**NEW, "term_id": term.id})


def deadlines(database, term):
    with database.read() as tx:
        rows = tx.all(
            select(SchoolClass.effective_drop_until).where(
                SchoolClass.organization_id == term.organization_id
            )
        )
    return [row.effective_drop_until for row in rows]


def test_a_class_that_joins_while_the_deadline_moves_gets_the_new_one(database, services, term):
    terms, classes = services

    with database.write() as tx:
        row = terms.find_for_update(tx, Actor.system(), term.id)
        thread = threading.Thread(target=lambda: a_class_joins(database, classes, term))
        thread.start()
        thread.join(SOON)
        terms.update(tx, Actor.system(), row, {"drop_until": LATE})
    thread.join()

    assert deadlines(database, term) == [LATE]


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_a_deadline_that_is_read_before_the_class_refers_to_the_term_is_stale(
    database, services, term
):
    terms, _ = services
    has_read = threading.Event()

    def join_by_what_was_read_first():
        with database.write() as tx:
            seen = tx.scalar(
                select(Term.drop_until).where(
                    Term.organization_id == term.organization_id, Term.id == term.id
                )
            )
            has_read.set()
            factories.a_class(tx, term.organization_id, term_id=term.id, effective_drop_until=seen)

    with database.write() as tx:
        row = terms.find_for_update(tx, Actor.system(), term.id)
        thread = threading.Thread(target=join_by_what_was_read_first)
        thread.start()
        has_read.wait()
        terms.update(tx, Actor.system(), row, {"drop_until": LATE})
    thread.join()

    assert deadlines(database, term) == [EARLY]


def test_a_class_cannot_join_a_term_that_goes_away_meanwhile(database, services, term):
    terms, classes = services
    refusals = []

    def join():
        try:
            a_class_joins(database, classes, term)
        except ValidationFailed as refusal:
            refusals.append(refusal.errors[0].pointer)

    with database.write() as tx:
        row = terms.find_for_update(tx, Actor.system(), term.id)
        thread = threading.Thread(target=join)
        thread.start()
        thread.join(SOON)
        terms.delete(tx, Actor.system(), row)
    thread.join()

    assert refusals == ["#/term_id"]
    assert deadlines(database, term) == []
