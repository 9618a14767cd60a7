import logging

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from api.clock import SystemClock
from api.models import Registration, SchoolClass, User
from api.models.database import open_database
from api.models.tenancy import ACROSS, Unscoped, across, names_its_organization
from tests import factories

UNSCOPED = select(SchoolClass.id).where(SchoolClass.title == "Algebra")
SCOPED = UNSCOPED.where(SchoolClass.organization_id == factories.new_id())


@pytest.fixture
def watched(fresh_database_url):
    database = open_database(
        Flask("api"),
        url=fresh_database_url,
        threads=1,
        pooler="none",
        clock=SystemClock(),
        unscoped="fail",
    )
    yield database
    database.close()


@pytest.mark.parametrize("way", ["read", "snapshot", "write"])
def test_a_statement_on_tenants_rows_without_a_tenant_fails(watched, way):
    with getattr(watched, way)() as tx:
        assert tx.all(SCOPED) == []
        with pytest.raises(Unscoped, match="classes"):
            tx.all(UNSCOPED)


def test_a_change_without_a_tenant_fails_and_changes_nothing(watched):
    with watched.write() as tx:
        row = factories.a_class(tx, title="Algebra")

    with pytest.raises(Unscoped), watched.write() as tx:
        tx.execute(update(SchoolClass).values(title="Changed"))

    with watched.read() as tx:
        read = tx.first(
            select(SchoolClass.title).where(
                SchoolClass.organization_id == row.organization_id, SchoolClass.id == row.id
            )
        )
    assert read.title == "Algebra"


def test_global_tables_need_no_tenant(watched):
    with watched.read() as tx:
        assert tx.all(select(User.id)) == []


@pytest.mark.parametrize("reason", list(ACROSS))
def test_a_statement_with_a_reason_may_look_across(watched, reason):
    with watched.read() as tx:
        assert tx.all(UNSCOPED.execution_options(**across(reason))) == []


def test_a_reason_must_be_one_of_the_list():
    with pytest.raises(KeyError):
        across("convenience")


def test_production_logs_instead(database, caplog):
    with caplog.at_level(logging.ERROR, "api.models.tenancy"), database.read() as tx:
        tx.all(UNSCOPED)

    assert "names no organization" in caplog.text
    assert "FROM classes" in caplog.text


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ("SELECT registrations.id \nFROM registrations", False),
        ("SELECT 1 FROM users JOIN members ON true", False),
        ("SELECT 1 FROM users, members", False),
        ("DELETE FROM promotions_due WHERE id = ?", False),
        ("UPDATE classes SET seats_taken = 1 WHERE id = ?", False),
        ("UPDATE classes SET seats_taken = 1 WHERE organization_id = ? AND id = ?", True),
        ("SELECT classes FROM users", True),
        ("SELECT 1 FROM organizations WHERE id = ?", True),
        ("PRAGMA foreign_keys=1", True),
    ],
)
def test_the_verdict_on_a_text(statement, verdict):
    assert names_its_organization(statement) is verdict


def test_the_tables_of_registrations_are_watched():
    assert not names_its_organization(str(select(Registration.id)))
    assert not names_its_organization(text("SELECT id FROM sessions").text)
