"""A class comes into a term while the term changes its deadline, or goes away."""

import threading
from datetime import UTC, datetime

import pytest

from api.authz.actor import Actor
from api.authz.policy import Policy
from api.clock import epoch_ms
from api.errors import ValidationFailed
from api.ids import Ids
from api.models import SchoolClass
from api.models import term as terms_module
from api.schemas.classes import ClassSchema
from api.services.classes import Classes
from api.services.terms import Terms
from tests import factories
from tests.factories import select
from tests.races.rush import held_up

EARLY, LATE = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
NEW = ClassSchema().load({"title": "Algebra"})


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


def joined_while(database, services, term, change):
    """What was wrong with a class that joins while the change of the term is not yet committed."""
    terms, classes = services
    refusals = []

    def join():
        try:
            a_class_joins(database, classes, term)
        except ValidationFailed as refusal:
            refusals.append(refusal.errors[0].pointer)

    thread = threading.Thread(target=join)
    with database.write() as tx:
        row = terms.find_for_update(tx, Actor.system(), term.id)
        change(tx, row)
        thread.start()
        held_up(database, thread)
    thread.join()
    return refusals


@pytest.mark.race("test_twin_without_the_lock_of_the_term_the_deadline_is_stale")
def test_a_class_that_joins_while_the_deadline_moves_gets_the_new_one(database, services, term):
    def move(tx, row):
        services[0].update(tx, Actor.system(), row, {"drop_until": LATE})

    assert joined_while(database, services, term, move) == []
    assert deadlines(database, term) == [LATE]


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_without_the_lock_of_the_term_the_deadline_is_stale(
    database, services, term, monkeypatch
):
    monkeypatch.setattr(terms_module, "BY_ID_FOR_UPDATE", terms_module.BY_ID)

    def move(tx, row):
        services[0].update(tx, Actor.system(), row, {"drop_until": LATE})

    assert joined_while(database, services, term, move) == []
    assert deadlines(database, term) == [EARLY]


@pytest.mark.race("test_twin_without_the_constraint_a_class_is_held_in_a_term_that_is_gone")
def test_a_class_cannot_join_a_term_that_goes_away_meanwhile(database, services, term):
    def remove(tx, row):
        services[0].delete(tx, Actor.system(), row)

    assert joined_while(database, services, term, remove) == ["#/term_id"]
    assert deadlines(database, term) == []


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_without_the_constraint_a_class_is_held_in_a_term_that_is_gone(without, services):
    database = without(classes=["fk_classes_organization_id_term_id"])
    with database.write() as tx:
        term = factories.a_term(tx, drop_until=EARLY)

    def remove(tx, row):
        services[0].delete(tx, Actor.system(), row)

    assert joined_while(database, services, term, remove) == []
    assert deadlines(database, term) == [EARLY]
