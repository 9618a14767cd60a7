"""The zone of an organization changes while a class begins to inherit it."""

import threading

import pytest

from api.authz.actor import Actor
from api.authz.policy import Policy
from api.clock import epoch_ms
from api.ids import Ids
from api.models import SchoolClass
from api.models import term as terms
from api.schemas.classes import ClassSchema
from api.services import classes as classes_module
from api.services import inheritance
from api.services.class_columns import ZONE
from api.services.classes import Classes
from api.services.organizations import Organizations
from tests import factories
from tests.factories import select
from tests.races.rush import held_up

NEW = ClassSchema().load({"title": "Algebra"})
SYSTEM = Actor.system()
LATER_ZONE = "Asia/Tokyo"


@pytest.fixture
def services(database):
    made = {"policy": Policy(), "ids": Ids(lambda: epoch_ms(database.clock.now()))}
    return Organizations(**made), Classes(**made)


@pytest.fixture
def organization(database):
    with database.write() as tx:
        return factories.an_organization(tx)


@pytest.fixture
def zones_when(database, services, organization, monkeypatch):
    """The zones of all classes after `act`, within which the zone changes just before `name`."""
    organizations, _ = services

    def change():
        with database.write() as tx:
            row = organizations.find_for_update(tx, SYSTEM, organization.id)
            organizations.update(tx, SYSTEM, row, {"timezone": LATER_ZONE})

    def zones(act, owner, name):
        original, thread = getattr(owner, name), threading.Thread(target=change)

        def called(*given):
            thread.start()
            # Where a lock holds it up, it goes on when `act` is committed.
            held_up(database, thread)
            return original(*given)

        monkeypatch.setattr(owner, name, called)
        with database.write() as tx:
            act(tx)
        thread.join()
        with database.read() as tx:
            rows = tx.all(
                select(SchoolClass.effective_timezone).where(
                    SchoolClass.organization_id == organization.id
                )
            )
        return [row.effective_timezone for row in rows]

    return zones


@pytest.fixture
def make_a_class(services, organization):
    _, classes = services
    return lambda tx: classes.create(tx, SYSTEM, organization.id, NEW)


@pytest.fixture
def give_up_a_zone(database, services, organization):
    _, classes = services
    with database.write() as tx:
        school_class = factories.a_class(tx, organization.id, timezone="Europe/Paris")

    def give_up(tx):
        row = classes.find_for_update(tx, SYSTEM, school_class.id)
        classes.update(tx, SYSTEM, row, {"timezone": None})

    return give_up


@pytest.mark.race("test_twin_a_zone_that_is_read_without_keeping_it_is_stale")
def test_a_class_that_is_made_meanwhile_gets_the_new_zone(zones_when, make_a_class):
    assert zones_when(make_a_class, classes_module, "columns_of") == [LATER_ZONE]


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_a_zone_that_is_read_without_keeping_it_is_stale(
    zones_when, make_a_class, organization, monkeypatch
):
    monkeypatch.setattr(classes_module, "ZONE_KEPT", ZONE)

    assert zones_when(make_a_class, classes_module, "columns_of") == [organization.timezone]


@pytest.mark.race("test_twin_without_the_locks_of_all_classes_one_is_forgotten")
def test_a_class_that_gives_up_its_zone_meanwhile_gets_the_new_one(zones_when, give_up_a_zone):
    assert zones_when(give_up_a_zone, inheritance, "follow_own_zone") == [LATER_ZONE]


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_without_the_locks_of_all_classes_one_is_forgotten(
    zones_when, give_up_a_zone, organization, monkeypatch
):
    heirs_alone = terms.CLASSES_LOCKED.where(SchoolClass.timezone.is_(None))
    monkeypatch.setattr(terms, "CLASSES_LOCKED", heirs_alone)

    found = zones_when(give_up_a_zone, inheritance, "follow_own_zone")

    assert found == [organization.timezone]
