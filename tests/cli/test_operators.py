"""The operators' commands on a database of their own, as they are called."""

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from api.authz import secrets
from api.authz.actor import Actor
from api.authz.policy import Policy
from api.authz.scopes import Scope
from api.cli import main
from api.clock import SystemClock, epoch_ms
from api.ids import Ids
from api.models import (
    Event,
    Member,
    Organization,
    Registration,
    Role,
    StreamKind,
    Student,
    Token,
    User,
    streams,
)
from api.models.streams import Entry
from api.services import verification
from api.services.intake import Intake
from tests import factories


@pytest.fixture
def run(fresh_database_url, monkeypatch):
    """Call `homeroom` with these arguments; gives what it printed, and fails if it fails."""
    monkeypatch.setenv("HOMEROOM_DATABASE_URL", fresh_database_url)

    def run(*arguments, status=0, **options):
        result = CliRunner().invoke(main, arguments, catch_exceptions=False, **options)
        assert result.exit_code == status, result.output
        return result.output

    return run


def lines(printed):
    return [json.loads(line) for line in printed.splitlines()]


def a_school_of(database, *external_ids, **given):
    ids = Ids(lambda: epoch_ms(SystemClock().now()))
    with database.write() as tx:
        organization = factories.an_organization(tx, **given)
        people = [
            {"given_name": "G", "family_name": "F", "external_id": name} for name in external_ids
        ]
        intake = Intake(policy=Policy(), ids=ids)
        list(intake.enroll(tx, Actor.system(), organization.id, people))
    return organization


def test_a_user_is_made_listed_given_another_password_and_deleted(run, fresh_database):
    made = lines(
        run(
            "users", "create", "Ada", "--display-name", "Ada B.", "--password-stdin", "--json",
            input="a long password\n",
        )
    )  # fmt: skip

    assert made[0]["username"] == "ada"
    assert made[0]["id"].startswith("usr_")
    (listed,) = lines(run("users", "list", "--json"))
    assert (listed["id"], listed["has_password"]) == (made[0]["id"], True)
    assert "Ada B." in run("users", "list")
    token = run("tokens", "issue", "ada").split()[1]
    run("users", "set-password", "ada", "--password-stdin", input="another password\n")
    with fresh_database.read() as tx:
        row = tx.first(select(Token).where(Token.hash == secrets.hash_of(token)))
    assert row.revoked_at is not None
    assert "deleted" in run("users", "delete", "ADA", "--yes")
    assert run("users", "list") == ""


def test_a_user_without_a_password_is_for_tokens_alone(run, fresh_database):
    assert "robot is usr_" in run("users", "create", "robot", "--no-password")

    assert "no password" in run("users", "list")
    with fresh_database.read() as tx:
        assert tx.first(select(User.password_hash)).password_hash is None


def test_a_password_is_asked_for_twice(run):
    asked = run("users", "create", "ada", input="a long password\na long password\n")

    assert "ada is usr_" in asked


def test_what_a_sign_up_would_refuse_is_refused(run):
    short = run("users", "create", "ada", "--password-stdin", input="short\n", status=2)
    name = run("users", "create", "a", "--no-password", status=2)

    assert "password: Use at least 8 characters." in short
    assert name.startswith("username: ")
    assert run("users", "list") == ""


def test_an_easily_guessed_password_is_refused_to_operators_too(run, fresh_database):
    common = run("users", "create", "ada", "--password-stdin", input="Iloveyou\n", status=2)
    assert common.startswith("password: It is among the passwords that are tried first")
    assert run("users", "list") == ""

    run("users", "create", "ada", "--password-stdin", input="a long password\n")
    with fresh_database.read() as tx:
        before = tx.first(select(User.password_hash)).password_hash
    named = run("users", "set-password", "ada", "--password-stdin", input="ada-2027\n", status=2)

    with fresh_database.read() as tx:
        assert tx.first(select(User.password_hash)).password_hash == before
    assert named.startswith("password: A name with digits around it")


def test_a_user_whom_nobody_made_is_named_in_the_refusal(run):
    for arguments in (("users", "delete", "ada", "--yes"), ("tokens", "issue", "ada")):
        assert "no user ada" in run(*arguments, status=1)


def test_deleting_asks_first(run):
    run("users", "create", "robot", "--no-password")

    run("users", "delete", "robot", input="n\n", status=1)

    assert "robot" in run("users", "list")


def test_every_student_and_one_of_each_staff_gets_a_token(run, fresh_database):
    organization = a_school_of(fresh_database, "A1", "A2")

    issued = lines(run("tokens", "issue", "--all-students", "--json"))

    assert [entry.get("external_id") or entry["role"] for entry in issued] == [
        "A1",
        "A2",
        "registrar",
        "owner",
    ]
    with fresh_database.read() as tx:
        stored = {row.hash: row for row in tx.all(select(Token))}
        roles = tx.all(
            select(Member.user_id, Member.role).where(Member.organization_id == organization.id)
        )
    by_user = {row.user_id: row.role for row in roles}
    kept = [stored[secrets.hash_of(entry["token"])] for entry in issued]
    assert [by_user[row.user_id] for row in kept] == [
        Role.STUDENT,
        Role.STUDENT,
        Role.REGISTRAR,
        Role.OWNER,
    ]
    assert {(row.expires_at - row.created_at).days for row in kept} == {30}
    assert kept[0].scopes == sorted(Scope)
    again = lines(run("tokens", "issue", "--all-students", "--json"))
    assert len(again) == 4
    with fresh_database.read() as tx:
        assert len(tx.all(select(User.id))) == 4


def test_of_several_organizations_one_is_named(run, fresh_database):
    for slug in ("one", "two"):
        a_school_of(fresh_database, f"in-{slug}", slug=slug)

    refused = run("tokens", "issue", "--all-students", status=1)
    issued = run("tokens", "issue", "--all-students", "--organization", "two", "--days", "1")

    assert "there are: one, two" in refused
    assert issued.startswith("in-two hr_")
    run("tokens", "issue", status=2)
    run("tokens", "issue", "ada", "--all-students", status=2)


def test_an_archived_organization_is_removed_for_good_and_nothing_else(run, fresh_database):
    with fresh_database.write() as tx:
        gone = factories.an_organization(tx, slug="gone", archived_at=tx.now())
        stays = factories.an_organization(tx, slug="stays")
        for organization in (gone, stays):
            school_class = factories.a_class(tx, organization.id)
            factories.a_meeting_pattern(tx, school_class)
            factories.a_session(tx, school_class)
            student = factories.a_student_with_login(tx, organization.id)
            factories.a_registration(tx, school_class, student)
            factories.an_invitation(tx, organization.id)
    assert [line["slug"] for line in lines(run("organizations", "list", "--json"))] == ["gone"]
    assert "gone" in run("organizations", "list")

    run("organizations", "purge", "gone", input="n\n", status=1)
    (told,) = lines(run("organizations", "purge", "gone", "--yes", "--json"))

    assert (told["deleted"]["registrations"], told["deleted"]["classes"]) == (1, 1)
    with fresh_database.read() as tx:
        assert [row.slug for row in tx.all(select(Organization.slug))] == ["stays"]
        for table in (Student, Member, Registration):
            rows = tx.all(select(table.organization_id))
            assert [row.organization_id for row in rows] == [stays.id]
        assert len(tx.all(select(User.id))) == 2
    assert "archives it first" in run("organizations", "purge", "stays", "--yes", status=1)
    assert "no organization gone" in run("organizations", "purge", "gone", "--yes", status=1)
    assert run("organizations", "list") == ""


def test_what_users_were_told_keeps_its_numbers_when_an_organization_is_removed(
    run, fresh_database
):
    news = [Entry(type="registration.enrolled", actor_id=None, data={"state": "enrolled"})]
    with fresh_database.write() as tx:
        gone = factories.an_organization(tx, slug="gone", archived_at=tx.now())
        stays = factories.an_organization(tx, slug="stays")
        user = factories.a_user(tx)
        streams.append(tx, StreamKind.ORG, gone.id, news, organization_id=gone.id)
        streams.append(tx, StreamKind.USER, user.id, news, organization_id=gone.id)

    run("organizations", "purge", "gone", "--yes")
    with fresh_database.write() as tx:
        streams.append(tx, StreamKind.USER, user.id, news, organization_id=stays.id)

    with fresh_database.snapshot() as tx:
        events = tx.all(select(Event).order_by(Event.seq))
        assert [verdict.number for verdict in verification.verify(tx) if not verdict.holds] == []
    assert [(event.stream_id, event.seq) for event in events] == [(user.id, 1), (user.id, 2)]
    assert [event.data for event in events] == [None, {"state": "enrolled"}]


def test_purging_says_how_much_went(run, fresh_database):
    with fresh_database.write() as tx:
        organization = factories.an_organization(tx, slug="gone", archived_at=tx.now())
        factories.a_student(tx, organization.id)

    assert run("organizations", "purge", "gone", "--yes") == "gone is removed: 1 rows.\n"
