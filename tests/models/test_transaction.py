"""Where a transaction begins and ends, and in how many round trips."""

import pytest
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from api.models import Organization, libpq
from api.models.event import Event
from api.models.writing import FailurePassedOver
from tests import factories

NAME = select(Organization.name).where(Organization.id == bindparam("organization_id"))
RENAME = update(Organization).where(Organization.id == bindparam("organization_id"))
TELL = insert(Event)


@pytest.fixture
def organization(database):
    with database.write() as tx:
        return factories.an_organization(tx)


@pytest.fixture
def news(database, organization):
    """A line of the organization's stream that nobody has written yet; written twice it fails."""

    def line(tx):
        return {
            "stream_kind": "org",
            "stream_id": organization.id,
            "seq": 1,
            "organization_id": organization.id,
            "at": tx.now(),
            "type": "organization.changed",
        }

    return line


def name_of(database, organization):
    with database.read() as tx:
        return tx.scalar(NAME, organization_id=organization.id)


def rename(tx, organization):
    # The first statement goes by way of the driver, the second by way of SQLAlchemy.
    assert tx.scalar(NAME, organization_id=organization.id) is not None
    tx.execute(RENAME.values(name="Changed"), {"organization_id": organization.id})


@pytest.mark.parametrize("times", range(3))
def test_the_last_statement_commits_what_went_before(database, organization, news, times):
    with database.write() as tx:
        rename(tx, organization)
        for _ in range(times):
            tx.scalar(NAME, organization_id=organization.id)
        tx.finish(TELL, **news(tx))

    assert name_of(database, organization) == "Changed"


def test_a_last_statement_that_fails_commits_nothing(database, organization, news):
    with database.write() as tx:
        tx.all(TELL, **news(tx))

    for _ in range(3):
        with pytest.raises(IntegrityError), database.write() as tx:
            rename(tx, organization)
            tx.finish(TELL, **news(tx))

    assert name_of(database, organization) == organization.name


def test_a_discarded_transaction_stays_discarded(database, organization, news):
    for _ in range(3):
        with database.write() as tx:
            rename(tx, organization)
            tx.discard()
            tx.finish(TELL, **news(tx))

    assert name_of(database, organization) == organization.name


def test_nothing_follows_the_last_statement(database, organization, news):
    with pytest.raises(AssertionError), database.write() as tx:
        tx.finish(TELL, **news(tx))
        tx.scalar(NAME, organization_id=organization.id)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_begin_and_commit_travel_with_the_first_statement_and_the_last(
    database, organization, news, monkeypatch
):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), database.write() as tx:
            tx.scalar(NAME, organization_id=organization.id)
            tx.all(TELL, **news(tx))
            raise ZeroDivisionError
    trips = []
    with database.write() as tx:
        driver = tx.connection.connection.driver_connection
        monkeypatch.setattr(libpq, "_in_one_trip", counted(trips, libpq._in_one_trip))
        monkeypatch.setattr(libpq, "end", counted(trips, libpq.end))
        assert driver.pgconn.transaction_status == 0
        tx.scalar(NAME, organization_id=organization.id)
        assert driver.pgconn.transaction_status == 2
        tx.finish(TELL, **news(tx))
        assert driver.pgconn.transaction_status == 0

    assert trips == ["_in_one_trip", "_in_one_trip", "end"]


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("way", ["end", "finish"])
def test_a_failure_that_was_passed_over_is_no_commit(database, organization, news, way):
    missing = select(Organization.name).where(Organization.id == text("1 / 0 IS NULL"))

    def pass_over(tx):
        tx.scalar(NAME, organization_id=organization.id)
        for _ in range(2):
            with pytest.raises(DBAPIError):
                tx.all(missing.where(Organization.id == bindparam("id")), id=organization.id)

    with pytest.raises((FailurePassedOver, DBAPIError)), database.write() as tx:
        pass_over(tx)
        if way == "finish":
            tx.finish(TELL, **news(tx))

    assert name_of(database, organization) == organization.name


def counted(trips, function):
    def call(*arguments, **named):
        trips.append(function.__name__)
        return function(*arguments, **named)

    return call
