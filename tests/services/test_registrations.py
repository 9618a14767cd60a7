"""Registering: seats, the line, refusals with all reasons, and what the ledger keeps of it."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from api.clock import to_text
from api.errors import (
    AlreadyRegistered,
    Audience,
    Busy,
    ClassFull,
    Forbidden,
    NotFound,
    NotOpenYet,
    RegistrationClosed,
    StudentInactive,
    TermLimit,
    TimeConflict,
    ValidationFailed,
)
from api.models import SchoolClass, seats
from api.services import (
    class_seats,
    inheritance,
    registrations,
    timetable,
    timetable_versions,
)
from api.services.registration_doors import Door
from tests import factories
from tests.services.school import School


@pytest.fixture
def school(database):
    return School.found(database)


def test_a_free_seat_is_given(school):
    school_class = school.a_class(capacity=2)

    row = school.register(school_class, school.a_student())

    assert (row.state, row.ticket, row.position) == ("enrolled", 1, None)
    assert school.class_now(school_class).seats_taken == 1
    assert school.event_types(school_class) == ["class.created", "registration.enrolled"]
    assert school.audit(school_class).valid


def test_a_full_class_refuses_and_writes_nothing(school):
    school_class = school.a_class(capacity=0)

    with pytest.raises(ClassFull):
        school.register(school_class, school.a_student())

    assert school.states(school_class) == []
    assert school.event_types(school_class) == ["class.created"]


def test_whoever_wishes_to_wait_gets_the_next_place_in_line(school):
    school_class = school.a_class(capacity=1)
    students = school.students(3)

    rows = [school.register(school_class, student, wait=True) for student in students]

    assert [(row.state, row.position) for row in rows] == [
        ("enrolled", None),
        ("waitlisted", 1),
        ("waitlisted", 2),
    ]
    assert school.class_now(school_class).waiting == 2
    assert school.audit(school_class).valid


def test_nobody_registers_twice(school):
    school_class = school.a_class()
    student = school.a_student()
    school.register(school_class, student)

    with pytest.raises(AlreadyRegistered):
        school.register(school_class, student)

    assert school.states(school_class) == ["enrolled"]


def test_every_reason_is_told_at_once(school, clock):
    school_class = school.a_class(capacity=0, status="closed", waitlist_enabled=False)
    student = school.a_student(status="inactive")

    with pytest.raises(StudentInactive) as refused:
        school.register(school_class, student, wait=True)

    assert [block.code for block in refused.value.blocks] == [
        "student-inactive",
        "class-not-open",
        "class-full",
        "waitlist-closed",
    ]
    assert refused.value.members["class_id"] == school_class.id


def test_a_clash_names_the_sessions_of_both_classes(school, clock):
    student, starts_at = school.a_student(), clock.now() + timedelta(days=9)
    taken, wanted = school.a_class(), school.a_class()
    theirs = school.a_session(taken, starts_at)
    ours = school.a_session(wanted, starts_at + timedelta(minutes=59))
    school.a_session(wanted, starts_at + timedelta(minutes=1), status="cancelled")
    school.register(taken, student)

    with pytest.raises(TimeConflict) as refused:
        school.register(wanted, student)

    (conflict,) = refused.value.blocks[0].details["conflicts"]
    assert conflict["session_id"] == ours.id
    assert conflict["conflicting_session_id"] == theirs.id
    assert conflict["conflicting_class_id"] == taken.id
    assert conflict["starts_at"] == ours.starts_at


@pytest.mark.parametrize(("gap", "is_free"), [(0, True), (15, True), (16, False)])
def test_the_gap_between_classes_is_the_organizations(database, clock, gap, is_free):
    school = School.found(database, min_gap_minutes=gap)
    student, starts_at = school.a_student(), clock.now() + timedelta(days=9)
    taken, wanted = school.a_class(), school.a_class()
    school.a_session(taken, starts_at)
    school.a_session(wanted, starts_at + timedelta(minutes=75))
    school.register(taken, student)

    if is_free:
        assert school.register(wanted, student).state == "enrolled"
    else:
        with pytest.raises(TimeConflict):
            school.register(wanted, student)


@pytest.mark.parametrize("policy", ["warn", "ignore"])
def test_a_clash_that_is_let_pass_is_remembered(database, clock, policy):
    school = School.found(database, conflict_policy=policy)
    student, starts_at = school.a_student(), clock.now() + timedelta(days=9)
    taken, wanted = school.a_class(), school.a_class()
    for one in (taken, wanted):
        school.a_session(one, starts_at)
    school.register(taken, student)

    row = school.register(wanted, student)

    assert row.conflict_override is (policy == "warn")


def test_who_only_waits_takes_up_no_time(school, clock):
    student, starts_at = school.a_student(), clock.now() + timedelta(days=9)
    full, wanted = school.a_class(capacity=0), school.a_class()
    for one in (full, wanted):
        school.a_session(one, starts_at)
    school.register(full, student, wait=True)

    assert school.register(wanted, student).state == "enrolled"


def test_the_limits_of_a_term_count_its_other_classes(database):
    school = School.found(database, max_live_classes_per_term=2, max_waitlists_per_term=1)
    with database.write() as tx:
        term = factories.a_term(tx, school.organization.id)
    student = school.a_student()
    first, line, second_line = (
        school.a_class(term_id=term.id, capacity=capacity) for capacity in (1, 0, 0)
    )
    school.register(first, student)
    school.register(line, student, wait=True)

    with pytest.raises(TermLimit) as refused:
        school.register(second_line, student, wait=True)

    assert [block.code for block in refused.value.blocks] == [
        "term-limit",
        "class-full",
        "waitlist-limit",
    ]
    assert school.register(school.a_class(), student).state == "enrolled"


def test_windows_are_kept_to_the_very_millisecond(school, clock):
    opens_at = clock.now() + timedelta(hours=1)
    school_class = school.a_class(windows=[a_window(opens_at, opens_at + timedelta(hours=1))])
    early, in_time, late = school.students(3)

    clock.set(opens_at - timedelta(milliseconds=1))
    with pytest.raises(NotOpenYet) as refused:
        school.register(school_class, early)
    clock.set(opens_at)
    row = school.register(school_class, in_time)
    clock.set(opens_at + timedelta(hours=1))
    with pytest.raises(RegistrationClosed):
        school.register(school_class, late)

    assert refused.value.blocks[0].details["opens_at"] == opens_at
    assert row.decided_at == opens_at


def test_a_window_may_be_for_a_group(school, clock):
    window = a_window(clock.now(), clock.now() + timedelta(hours=1), audience="honours")
    school_class = school.a_class(windows=[window])

    with pytest.raises(Audience):
        school.register(school_class, school.a_student(groups=["other"]))
    row = school.register(school_class, school.a_student(groups=["other", "honours"]))

    assert row.state == "enrolled"


def test_time_never_runs_backwards_within_a_class(school, clock):
    school_class = school.a_class()
    later = clock.advance(hours=1)
    school.register(school_class, school.a_student())
    clock.advance(hours=-1)

    row = school.register(school_class, school.a_student())

    assert row.decided_at == later


def test_staff_waives_a_rule_with_a_reason_and_the_ledger_keeps_it(school):
    school_class = school.a_class(capacity=0)

    row = school.register(
        school_class, school.a_student(), overrides=["class-full"], reason_code="dean"
    )

    now = school.class_now(school_class)
    assert (row.state, row.overrides) == ("enrolled", ["class-full"])
    assert (now.seats_taken, now.over_allowance) == (1, 1)
    assert school.events(school_class)[-1].reason_code == "dean"
    assert school.audit(school_class).valid


def test_a_student_waives_nothing(school):
    student, actor = school.a_student_with_login()

    with pytest.raises(Forbidden):
        school.register(
            school.a_class(), student, actor=actor, overrides=["class-full"], reason_code="me"
        )


def test_a_student_need_not_say_who(school):
    student, actor = school.a_student_with_login()
    school_class = school.a_class()

    with school.database.write() as tx:
        door = Door(class_id=school_class.id)
        row = school.registrations.register(tx, actor, door, {}).row

    assert row.student_id == student.id


def test_staff_must_say_who(school):
    school_class = school.a_class()

    with school.database.write() as tx, pytest.raises(ValidationFailed) as refused:
        school.registrations.register(tx, school.registrar, Door(class_id=school_class.id), {})

    assert (refused.value.errors[0].code, refused.value.errors[0].pointer) == (
        "required",
        "#/student_id",
    )


def test_a_draft_is_no_class_to_a_student(school):
    student, actor = school.a_student_with_login()
    draft = school.a_class(status="draft")

    with pytest.raises(NotFound):
        school.register(draft, student, actor=actor)
    with school.database.write() as tx, pytest.raises(ValidationFailed):
        door = Door(student_id=student.id)
        school.registrations.register(tx, actor, door, {"class_id": draft.id})


def test_nothing_is_found_through_a_door_that_is_not_there(school, database):
    stranger = School.found(database)
    school_class, student = school.a_class(), school.a_student()
    doors = [
        (Door(class_id=school_class.id), {"student_id": student.id}),
        (Door(class_id=factories.new_id()), {"student_id": student.id}),
        (Door(student_id=student.id), {"class_id": school_class.id}),
        (Door(student_id=factories.new_id()), {"class_id": school_class.id}),
        (
            Door(organization_id=school.organization.id),
            {"class_id": school_class.id, "student_id": student.id},
        ),
    ]

    for door, new in doors:
        with database.write() as tx, pytest.raises(NotFound):
            stranger.registrations.register(tx, stranger.registrar, door, new)
    assert school.states(school_class) == []


def test_a_class_of_another_school_is_not_found_in_the_body(school, database):
    theirs = School.found(database).a_class()
    student = school.a_student()

    with database.write() as tx, pytest.raises(ValidationFailed) as refused:
        door = Door(student_id=student.id)
        school.registrations.register(tx, school.registrar, door, {"class_id": theirs.id})

    assert refused.value.errors[0].pointer == "#/class_id"


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_facts_that_change_at_every_attempt_are_given_up(school, monkeypatch):
    attempts = []
    monkeypatch.setattr(seats, "take", lambda *_: attempts.append(1))

    with pytest.raises(Busy):
        school.register(school.a_class(), school.a_student())

    assert len(attempts) == 3


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_window_that_closes_during_the_wait_is_closed(school, clock, monkeypatch):
    closes_at = clock.now() + timedelta(hours=1)
    school_class = school.a_class(windows=[a_window(clock.now(), closes_at)])
    take = seats.take

    def late(tx, wish):
        clock.set(closes_at)
        return take(tx, wish)

    monkeypatch.setattr(seats, "take", late)

    with pytest.raises(RegistrationClosed):
        school.register(school_class, school.a_student())

    assert school.states(school_class) == []


NINE_HOURS = timedelta(hours=9)


def gets_a_session(school, tx, other, at):
    row = class_seats.locked_class(tx, other.id)
    factories.a_session(tx, other, starts_at=at)
    timetable.changed(tx, school.registrar, row)


def moves_to_tokyo(school, tx, other, at):
    # Its wall clock stays, so it meets nine hours earlier.
    row = class_seats.locked_class(tx, other.id)
    factories.a_session(tx, other, starts_at=at + NINE_HOURS)
    inheritance.follow_own_zone(tx, row, "Asia/Tokyo")


def moves_to_tokyo_with_all(school, tx, other, at):
    factories.a_session(tx, other, starts_at=at + NINE_HOURS)
    inheritance.follow_zone(tx, other.organization_id, "Asia/Tokyo")


MOVES = [gets_a_session, moves_to_tokyo, moves_to_tokyo_with_all]


def register_while_another_class_is_moved(school, clock, monkeypatch, move):
    """Register for a class; just before its lock another one of the student meets at its hour."""
    # It has a zone of its own, so the organization's moves the other one alone.
    wanted = school.a_class(timezone="UTC")
    other, student = school.a_class(), school.a_student()
    at = clock.now() + timedelta(days=30)
    school.a_session(wanted, at)
    school.register(other, student)
    take = seats.take

    def late(tx, wish):
        monkeypatch.setattr(seats, "take", take)
        with school.database.write() as moving:
            move(school, moving, other, at)
        return take(tx, wish)

    monkeypatch.setattr(seats, "take", late)
    return school.register(wanted, student)


@pytest.mark.race("test_twin_who_is_not_told_of_another_timetable_sits_in_two_classes")
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("move", MOVES)
def test_a_timetable_that_changes_before_the_lock_is_looked_at_again(
    school, clock, monkeypatch, move
):
    with pytest.raises(TimeConflict):
        register_while_another_class_is_moved(school, clock, monkeypatch, move)


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("move", MOVES)
def test_twin_who_is_not_told_of_another_timetable_sits_in_two_classes(
    school, clock, monkeypatch, move
):
    monkeypatch.setattr(timetable_versions, "rise", lambda *_: None)

    found = register_while_another_class_is_moved(school, clock, monkeypatch, move)

    assert found.state == "enrolled"


def a_window(opens_at, closes_at, audience=None):
    return {
        "audience": audience,
        "opens_at": to_text(opens_at),
        "closes_at": to_text(closes_at),
    }


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("overdue", [True, False])
def test_a_class_that_is_deleted_before_its_lock_is_not_there(school, clock, monkeypatch, overdue):
    school_class, student = school.a_class(), school.a_student()
    this_class = SchoolClass.id == school_class.id
    with school.database.write() as tx:
        due_at = clock.now() if overdue else None
        tx.execute(update(SchoolClass).where(this_class).values(next_due_at=due_at))
    admitted = registrations.admitted

    def admitted_too_late(*given):
        found = admitted(*given)
        with school.database.write() as tx:
            tx.execute(delete(SchoolClass).where(this_class))
        return found

    monkeypatch.setattr(registrations, "admitted", admitted_too_late)

    with pytest.raises(NotFound):
        school.register(school_class, student)
