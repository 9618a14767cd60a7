"""Many change the catalogue at once: each change is in the stream, and no number is left out."""

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import bindparam, func, select

from api.authz.actor import Actor
from api.authz.policy import Policy
from api.clock import epoch_ms
from api.ids import Ids
from api.models import (
    Course,
    Event,
    IdempotencyKey,
    Member,
    Role,
    StreamKind,
    idempotency,
    streams,
)
from api.models.locks import LockOrder
from api.schemas.courses import CourseSchema
from api.services import accounts as accounts_module
from api.services import memberships
from api.services.accounts import Accounts
from api.services.courses import Courses
from api.services.members import Members
from tests import factories
from tests.races.rush import broken, rush
from tests.services.school import School

CROWD = 8
HELD_SECONDS = 0.02
SOON = 0.3
SYSTEM = Actor.system()


class GaveUp(Exception):
    """A use-case came to nothing after it had told the organization."""


@pytest.fixture
def school(database):
    return School.found(database)


@pytest.fixture
def services(database):
    return {"policy": Policy(), "ids": Ids(lambda: epoch_ms(database.clock.now()))}


@pytest.fixture
def create(school, services):
    """Make a course of this number; `fails`: and give it up before the commit."""
    courses = Courses(**services)

    def create(number, *, fails=False):
        new = CourseSchema().load({"code": f"C {number}", "title": "Algebra"})
        with school.database.write() as tx:
            courses.create(tx, SYSTEM, school.organization.id, new)
            # The others come to their number meanwhile.
            time.sleep(HELD_SECONDS)
            if fails:
                raise GaveUp

    return create


def half_give_up(create):
    _, failures = rush(
        [lambda number=number: create(number, fails=number % 2 == 0) for number in range(CROWD)]
    )
    return failures


def seqs(school, organization=None):
    named = {"organization_id": (organization or school.organization).id}
    with school.database.read() as tx:
        statement = select(Event.seq).filter_by(**named, stream_kind=StreamKind.ORG)
        return [row.seq for row in tx.all(statement.order_by(Event.seq))]


def courses_of(school):
    with school.database.read() as tx:
        of = {"organization_id": school.organization.id}
        return tx.scalar(select(func.count()).select_from(Course).filter_by(**of))


@pytest.mark.race("test_twin_without_the_lock_of_the_counter_only_the_key_of_the_event_is_left")
def test_each_of_many_changes_at_once_takes_the_next_number(school, create):
    refusals, failures = rush([lambda number=number: create(number) for number in range(CROWD)])

    assert (refusals, failures) == ([], [])
    assert seqs(school) == list(range(1, CROWD + 1))
    assert broken(school) == []


@pytest.mark.race("test_twin_with_a_sequence_instead_what_comes_to_nothing_leaves_a_gap")
def test_a_change_that_comes_to_nothing_leaves_no_number_out(school, create):
    failures = half_give_up(create)

    assert [type(failure) for failure in failures] == [GaveUp] * (CROWD // 2)
    assert courses_of(school) == CROWD // 2
    assert seqs(school) == list(range(1, CROWD // 2 + 1))
    assert broken(school) == []


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_without_the_lock_of_the_counter_only_the_key_of_the_event_is_left(
    school, create, monkeypatch
):
    careless = select(func.coalesce(func.max(Event.seq), 0) + bindparam("count")).where(
        Event.organization_id == bindparam("organization_id"),
        Event.stream_kind == bindparam("kind", type_=Event.stream_kind.type),
        Event.stream_id == bindparam("id"),
    )
    monkeypatch.setattr(streams, "_LAST_SEQ", {"postgresql": careless})

    _, failures = rush([lambda number=number: create(number) for number in range(CROWD)])

    assert failures != []
    assert all("pk_events" in str(failure) for failure in failures)
    assert courses_of(school) == CROWD - len(failures)


@pytest.fixture
def careless_sequence(database):
    """A number that is not given back, as what numbers a stream."""
    with database.write() as tx:
        tx.connection.exec_driver_sql("CREATE SEQUENCE careless")
    yield select(func.nextval("careless")).where(bindparam("count") == 1)
    with database.write() as tx:
        tx.connection.exec_driver_sql("DROP SEQUENCE careless")


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_with_a_sequence_instead_what_comes_to_nothing_leaves_a_gap(
    school, create, careless_sequence, monkeypatch
):
    monkeypatch.setattr(streams, "_LAST_SEQ", {"postgresql": careless_sequence})

    half_give_up(create)
    # Or those who gave up may have had the last numbers.
    create(CROWD)

    assert len(seqs(school)) == CROWD // 2 + 1
    assert seqs(school)[-1] == CROWD + 1
    assert broken(school) == [12]


def keep_answer(tx, user):
    """What a request with an idempotency key does last."""
    named = {"user_id": user.id, "method": "POST", "path": "/v1/x", "key": "k"}
    kept = {"fingerprint": b"f", "status": 201, "body": b"{}"}
    times = {"created_at": tx.now(), "expires_at": tx.now()}
    empty = dict.fromkeys(column.name for column in IdempotencyKey.__table__.columns)
    tx.execute(idempotency.INSERT, {**empty, **named, **kept, **times})


@pytest.fixture
def fared(school, services):
    """How a request of a registrar fares whose account ends before its answer is kept, and that."""
    courses = Courses(**services)
    accounts = Accounts(**services, passwords=None, is_signup_open=True)

    def fared(*, by_operator):
        with school.database.write() as tx:
            user = factories.a_user(tx)
            factories.a_member(tx, school.organization.id, Role.REGISTRAR, user_id=user.id)
        told = threading.Event()

        def request():
            with school.database.write() as tx:
                new = CourseSchema().load({"code": "C", "title": "Algebra"})
                courses.create(tx, SYSTEM, school.organization.id, new)
                told.set()
                time.sleep(SOON)
                keep_answer(tx, user)

        def end():
            told.wait()
            with school.database.write() as tx:
                if by_operator:
                    accounts.delete_named(tx, SYSTEM, user.username)
                else:
                    accounts.delete(tx, Actor(user_id=user.id), user.id)

        refused, failures = rush([request, end])
        assert failures == []
        return refused

    return fared


@pytest.mark.race(
    "test_twin_who_locks_the_user_before_the_stream_stands_in_each_others_way",
    "test_twin_who_ends_the_user_before_the_memberships_stands_in_each_others_way",
)
@pytest.mark.parametrize("by_operator", [False, True])
def test_an_account_that_ends_waits_for_the_answer_that_is_being_kept_for_it(
    school, fared, by_operator
):
    assert fared(by_operator=by_operator) == []
    assert seqs(school) == [1, 2]


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_who_locks_the_user_before_the_stream_stands_in_each_others_way(fared, monkeypatch):
    held = accounts_module.NAMED_FOR_UPDATE.with_for_update()
    monkeypatch.setattr(accounts_module, "NAMED_FOR_UPDATE", held)

    assert fared(by_operator=True) == ["upstream-unavailable"]


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("by_operator", [False, True])
def test_twin_who_ends_the_user_before_the_memberships_stands_in_each_others_way(
    fared, monkeypatch, by_operator
):
    end = accounts_module.end_memberships

    def user_first(tx, user_id):
        tx.first(accounts_module.BY_ID_FOR_UPDATE, user_id=user_id)
        return end(tx, user_id)

    monkeypatch.setattr(accounts_module, "end_memberships", user_first)

    assert fared(by_operator=by_operator) == ["upstream-unavailable"]


@pytest.mark.race("test_twin_accounts_that_end_in_orders_of_their_own_wait_in_a_circle")
def test_accounts_that_end_while_others_join_wait_for_no_circle(database, school, services):
    members = Members(**services)
    accounts = Accounts(**services, passwords=None, is_signup_open=True)
    with database.write() as tx:
        organizations = [factories.an_organization(tx) for _ in range(3)]
        going = [factories.a_user(tx) for _ in range(CROWD)]
        coming = [factories.a_user(tx) for _ in range(CROWD)]
        for user in going:
            # Each joined them in an order of its own.
            for organization in sorted(organizations, key=lambda one: hash((one.id, user.id))):
                factories.a_member(tx, organization.id, user_id=user.id)

    def go(user):
        with database.write() as tx:
            accounts.delete_named(tx, SYSTEM, user.username)

    def come(user):
        for organization in organizations:
            with database.write() as tx:
                new = {"username": user.username, "role": Role.STUDENT}
                members.add(tx, SYSTEM, organization.id, new)

    refusals, failures = rush(
        [lambda user=user: go(user) for user in going]
        + [lambda user=user: come(user) for user in coming]
    )

    assert (refusals, failures) == ([], [])
    for organization in organizations:
        assert seqs(school, organization) == list(range(1, 2 * CROWD + 1))


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_accounts_that_end_in_orders_of_their_own_wait_in_a_circle(
    database, services, monkeypatch
):
    accounts = Accounts(**services, passwords=None, is_signup_open=True)
    with database.write() as tx:
        organizations = [factories.an_organization(tx) for _ in range(2)]
        users = [factories.a_user(tx) for _ in range(2)]
        for user, joined in zip(users, (organizations, organizations[::-1]), strict=True):
            for day, organization in enumerate(joined):
                at = tx.now() + timedelta(days=day)
                factories.a_member(tx, organization.id, user_id=user.id, created_at=at)
    as_joined = memberships.ORGANIZATIONS_OF.order_by(None).order_by(Member.created_at)
    monkeypatch.setattr(memberships, "ORGANIZATIONS_OF", as_joined)
    monkeypatch.setattr(LockOrder, "record", lambda *_: None)
    each_holds_one(monkeypatch)

    def go(user):
        with database.write() as tx:
            accounts.delete_named(tx, SYSTEM, user.username)

    refusals, failures = rush([lambda user=user: go(user) for user in users])

    assert (refusals, failures) == (["upstream-unavailable"], [])


def each_holds_one(monkeypatch):
    """Let both lock their first organization before either asks for the second."""
    meeting, met, lock = threading.Barrier(2), set(), memberships.lock_organization

    def together(*of):
        lock(*of)
        if threading.get_ident() not in met:
            met.add(threading.get_ident())
            meeting.wait(10)

    monkeypatch.setattr(memberships, "lock_organization", together)
