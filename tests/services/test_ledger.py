"""The ledger of a class: chained the same way by both writers, and read by whom it concerns."""

import hashlib
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import update

from api import ids
from api.errors import Forbidden, NotFound
from api.models import Event, RegistrationState, Role, SchoolClass, StreamKind
from api.models.ledger import Entry
from api.services import registrations
from api.services.rules_verdicts import OnFull
from tests import factories
from tests.services.school import School, actor_of

EVERYTHING = {"after": 0, "limit": 100}


@pytest.fixture
def school(database):
    return School.found(database)


def tamper(school, school_class, seq, **changes):
    with school.database.write() as tx:
        tx.execute(
            update(Event)
            .where(
                Event.organization_id == school.organization.id,
                Event.stream_kind == StreamKind.CLASS,
                Event.stream_id == school_class.id,
                Event.seq == seq,
            )
            .values(**changes)
        )


def test_the_canonical_form_is_fourteen_fields_in_their_order():
    entry = Entry(
        class_id=UUID(int=1),
        seq=3,
        at=datetime(2026, 9, 1, 8, 0, 0, 7000, tzinfo=UTC),
        type="registration.enrolled",
        actor_id=None,
        registration_id=UUID(int=2),
        student_id=UUID(int=3),
        from_state=RegistrationState.WAITLISTED,
        to_state=RegistrationState.ENROLLED,
        ticket=9,
        seat_delta=1,
        capacity_after=None,
        over_after=0,
    )

    text = entry.canonical()

    assert text == (
        f"{ids.encode('cls', UUID(int=1))}|3|2026-09-01T08:00:00.007Z|registration.enrolled||"
        f"{ids.encode('reg', UUID(int=2))}|{ids.encode('stu', UUID(int=3))}|"
        "waitlisted|enrolled|9|1||0|"
    )
    assert entry.hash_after(bytes(32)) == hashlib.sha256(bytes(32) + text.encode()).digest()


@pytest.mark.parametrize("clock_of", ["ours", "the database's"])
@pytest.mark.parametrize(
    ("given", "new"),
    [
        ({}, {}),
        ({"capacity": 3}, {}),
        ({"capacity": 0}, {"on_full": OnFull.WAITLIST}),
        ({"approval_required": True}, {}),
        ({"capacity": 0}, {"overrides": ["class-full"], "reason_code": "late fäll ☕ | pipe"}),
    ],
    ids=["enrolled", "with-capacity", "waitlisted", "pending", "by-override"],
)
def test_a_registration_is_chained_alike_by_sql_and_by_python(school, given, new, clock_of):
    school = school if clock_of == "ours" else school.by_system_clock()
    school_class = school.a_class(**given)

    school.register(school_class, school.a_student(), **new)

    before, event = school.events(school_class)
    assert event.prev_hash == before.hash
    assert event.hash == Entry.of(event).hash_after(before.hash)
    assert school.audit(school_class).valid


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_both_writers_of_postgresql_write_the_same_events(school, monkeypatch):
    def story():
        school_class = school.a_class(capacity=1)
        for student in school.students(2):
            school.register(school_class, student, wait=True)
        told = ("type", "to_state", "ticket", "seat_delta", "capacity_after", "over_after")
        return [tuple(getattr(e, name) for name in told) for e in school.events(school_class)]

    by_statement = story()
    monkeypatch.setattr(registrations, "_is_due", lambda _: True)
    by_book = story()

    assert by_statement == by_book


@pytest.mark.parametrize(
    "change",
    [
        {"reason_code": "forged"},
        {"seat_delta": 0},
        {"hash": bytes(32)},
        {"prev_hash": bytes(32)},
        {"actor_id": None},
    ],
)
def test_an_event_that_was_touched_is_named(school, change):
    school_class = school.a_class(capacity=2)
    for student in school.students(2):
        school.register(school_class, student)

    tamper(school, school_class, 2, **change)
    audit = school.audit(school_class)

    assert (audit.valid, audit.first_bad_seq, audit.events) == (False, 2, 1)


def test_an_event_that_is_missing_at_the_end_is_named(school):
    school_class = school.a_class()
    school.register(school_class, school.a_student())
    with school.database.write() as tx:
        tx.execute(
            update(SchoolClass)
            .where(SchoolClass.id == school_class.id)
            .values(last_seq=SchoolClass.last_seq + 1)
        )

    audit = school.audit(school_class)

    assert (audit.valid, audit.first_bad_seq) == (False, 3)


def test_events_come_in_pages_by_seq(school):
    school_class = school.a_class()
    for student in school.students(3):
        school.register(school_class, student)

    with school.database.snapshot() as tx:
        first = school.ledgers.events(
            tx, school.registrar, school_class.id, {"after": 0, "limit": 2}
        )
        rest = school.ledgers.events(
            tx, school.registrar, school_class.id, {"after": first.next_after, "limit": 100}
        )
        none = school.ledgers.events(
            tx, school.registrar, school_class.id, {"after": rest.next_after, "limit": 100}
        )

    assert [event.seq for event in first.items] == [1, 2]
    assert [event.seq for event in rest.items] == [3, 4]
    assert (none.items, none.next_after, none.head_seq) == ([], 4, 4)


def test_only_staff_of_the_class_reads_its_ledger(school):
    with school.database.write() as tx:
        teacher = factories.a_member(tx, school.organization.id, Role.INSTRUCTOR)
        colleague = factories.a_member(tx, school.organization.id, Role.INSTRUCTOR)
        stranger = factories.a_member(tx, role=Role.OWNER)
    school_class = school.a_class(instructors=[{"member_id": str(teacher.id), "name": "T"}])
    _, student = school.a_student_with_login()

    with school.database.snapshot() as tx:
        seen = school.ledgers.events(tx, actor_of(teacher), school_class.id, EVERYTHING)
        for actor in (actor_of(colleague), student):
            with pytest.raises(Forbidden):
                school.ledgers.audit(tx, actor, school_class.id)
        for actor, class_id in (
            (actor_of(stranger), school_class.id),
            (school.registrar, factories.new_id()),
        ):
            with pytest.raises(NotFound):
                school.ledgers.audit(tx, actor, class_id)

    assert seen.head_seq == 1
