"""What a change of a class does to its seats and its line."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from api.errors import CapacityBelowTaken, StateConflict
from api.models import Event, SchoolClass
from api.services import class_seats, promotion
from api.services.rules_waitlist import Shrink
from api.services.sweeper import settle_class
from api.services.terms import Terms
from tests import factories, seat_changes
from tests.services.school import POLICY, School


@pytest.fixture
def school(database):
    return School.found(database)


def a_full_class(school, *, seats=2, waiting=2, **given):
    school_class = school.a_class(capacity=seats, **{"waitlist_mode": "auto", **given})
    for student in school.students(seats + waiting):
        school.register(school_class, student, wait=True)
    return school_class


def change_capacity(school, school_class, capacity, shrink=None):
    return school.change(school_class, seat_changes.change_capacity, capacity, shrink)


def change_status(school, school_class, to):
    return school.change(school_class, seat_changes.change_status, to)


def test_a_new_class_begins_its_ledger_with_its_capacity(school):
    school_class = school.a_class(capacity=7)

    (event,) = school.events(school_class)

    assert (event.seq, event.type, event.capacity_after) == (1, "class.created", 7)
    assert event.prev_hash == bytes(32)
    assert school.audit(school_class).head_hash == event.hash.hex()


def test_more_seats_go_to_the_line_at_once(school):
    school_class = a_full_class(school, waiting=3)

    row = change_capacity(school, school_class, 4)

    assert (row.capacity, row.seats_taken, row.waiting) == (4, 4, 1)
    assert school.states(school_class) == ["enrolled"] * 4 + ["waitlisted"]
    assert school.event_types(school_class)[-3:] == [
        "class.capacity-changed",
        "registration.enrolled",
        "registration.enrolled",
    ]
    assert school.audit(school_class).valid


def test_without_a_limit_the_whole_line_moves_up(school):
    school_class = a_full_class(school, waiting=3)

    row = change_capacity(school, school_class, None)

    assert (row.capacity, row.seats_taken, row.waiting) == (None, 5, 0)


def test_fewer_seats_than_are_taken_are_refused(school):
    school_class = a_full_class(school)

    with pytest.raises(CapacityBelowTaken) as refused:
        change_capacity(school, school_class, 1)

    assert refused.value.members == {"capacity": 1, "seats_taken": 2}
    assert school.class_now(school_class).capacity == 2


def test_keeping_whom_there_is_moves_nobody_and_frees_nothing(school):
    school_class = a_full_class(school)

    row = change_capacity(school, school_class, 1, Shrink.KEEP)
    with school.database.write() as tx:
        first = tx.first(class_seats.places.LAST_ENROLLED, **key(row), most=1)
        school.transitions.leave(tx, school.registrar, first.id)

    now = school.class_now(school_class)
    assert (row.seats_taken, row.over_allowance) == (2, 1)
    assert (now.seats_taken, now.over_allowance, now.waiting) == (1, 0, 2)
    assert school.audit(school_class).valid


def test_the_last_ones_go_back_to_the_head_of_the_line(school):
    school_class = a_full_class(school, seats=3, waiting=1)

    row = change_capacity(school, school_class, 1, Shrink.DISPLACE_LAST)
    change_capacity(school, school_class, 2)

    assert (row.seats_taken, row.waiting, row.over_allowance) == (1, 3, 0)
    assert school.states(school_class) == ["enrolled", "enrolled", "waitlisted", "waitlisted"]
    assert school.audit(school_class).valid


def test_offers_are_not_displaced(school):
    school_class = a_full_class(school, seats=1, waiting=1, waitlist_mode="offer")
    with school.database.write() as tx:
        seat = tx.first(class_seats.places.LAST_ENROLLED, **key(school_class), most=1)
        school.transitions.leave(tx, school.registrar, seat.id)

    row = change_capacity(school, school_class, 0, Shrink.DISPLACE_LAST)

    assert (row.seats_taken, row.over_allowance) == (1, 1)
    assert school.states(school_class) == ["dropped", "offered"]


def test_a_closed_class_promotes_nobody_until_it_opens_again(school):
    school_class = a_full_class(school, seats=1, waiting=1)
    change_status(school, school_class, "closed")
    with school.database.write() as tx:
        seat = tx.first(class_seats.places.LAST_ENROLLED, **key(school_class), most=1)
        school.transitions.leave(tx, school.registrar, seat.id)
    while_closed = school.states(school_class)

    change_status(school, school_class, "open")

    assert while_closed == ["dropped", "waitlisted"]
    assert school.states(school_class) == ["dropped", "enrolled"]
    assert "class.opened" in school.event_types(school_class)


def test_cancelling_empties_the_class_for_good(school):
    school_class = a_full_class(school)

    row = change_status(school, school_class, "cancelled")

    assert (row.status, row.seats_taken, row.waiting) == ("cancelled", 0, 0)
    assert school.states(school_class) == ["cancelled"] * 4
    with pytest.raises(StateConflict):
        change_status(school, school_class, "open")
    assert school.audit(school_class).valid


def test_a_long_cancel_goes_on_pass_by_pass(school, monkeypatch):
    monkeypatch.setattr(promotion, "ROWS_A_PASS", 3)
    school_class = a_full_class(school, seats=2, waiting=3)

    change_status(school, school_class, "cancelled")
    half_way = school.states(school_class)
    change = school.change(school_class, class_seats.revised)

    assert half_way == ["cancelled"] * 3 + ["waitlisted"] * 2
    assert school.states(school_class) == ["cancelled"] * 5
    assert change.next_due_at is None


def test_whoever_cancels_a_class_is_named_in_what_becomes_of_every_place(school, monkeypatch):
    monkeypatch.setattr(promotion, "ROWS_A_PASS", 2)
    school_class = a_full_class(school, seats=2, waiting=1)
    student, person = school.a_student_with_login()
    school.register(school_class, student, wait=True)

    change_status(school, school_class, "cancelled")
    with school.database.write() as tx:
        settle_class(tx, school_class.id)

    ended = [one for one in school.events(school_class) if one.type == "registration.cancelled"]
    assert [one.actor_id for one in ended] == [school.registrar.user_id] * 4
    with school.database.read() as tx:
        (told,) = tx.all(select(Event).where(Event.stream_id == person.user_id))
    assert (told.type, told.actor_id) == ("registration.cancelled", school.registrar.user_id)
    assert school.audit(school_class).valid


def test_an_ended_class_keeps_its_students_and_lets_its_line_go(school):
    school_class = a_full_class(school)

    row = change_status(school, school_class, "ended")

    assert (row.status, row.seats_taken, row.waiting) == ("ended", 2, 0)
    assert school.states(school_class) == ["enrolled"] * 2 + ["expired"] * 2


def test_nobody_is_sent_back_to_the_line_of_a_class_that_is_over(school):
    school_class = a_full_class(school)
    change_status(school, school_class, "ended")

    with pytest.raises(StateConflict) as refused:
        change_capacity(school, school_class, 1, Shrink.DISPLACE_LAST)

    assert refused.value.members == {"state": "ended"}
    assert school.states(school_class) == ["enrolled", "enrolled", "expired", "expired"]
    kept = change_capacity(school, school_class, 1, Shrink.KEEP)
    assert (kept.capacity, kept.seats_taken, kept.over_allowance) == (1, 2, 1)


def test_a_status_that_stands_is_refused_and_writes_nothing(school):
    school_class = school.a_class()

    with pytest.raises(StateConflict) as refused:
        change_status(school, school_class, "open")

    assert refused.value.members["status"] == "open"
    assert school.event_types(school_class) == ["class.created"]


def test_a_class_that_is_over_by_now_is_not_closed(school, clock):
    with school.database.write() as tx:
        term = factories.a_term(tx, school.organization.id)
    school_class = school.a_class(term_id=term.id)
    clock.set(school_class.next_due_at)

    with pytest.raises(StateConflict):
        change_status(school, school_class, "closed")


def test_a_deadline_that_was_moved_is_what_the_class_falls_due_by(school, clock):
    school_class = a_full_class(school, seats=1, waiting=1)
    ends_at = clock.now() + timedelta(days=3)

    with school.database.write() as tx:
        row = class_seats.locked_class(tx, school_class.id)
        tx.execute(
            update(SchoolClass)
            .where(SchoolClass.id == row.id)
            .values(effective_promotion_ends_at=ends_at)
        )
        row = class_seats.locked_class(tx, school_class.id)
        revised = class_seats.revised(tx, school.registrar, row)

    assert revised.next_due_at == ends_at


def test_a_request_expires_a_week_after_the_last_window(school, clock):
    closes_at = clock.now() + timedelta(days=1)
    window = {
        "audience": None,
        "opens_at": "2026-01-01T00:00:00.000Z",
        "closes_at": closes_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    school_class = school.a_class(approval_required=True, windows=[window])
    row = school.register(school_class, school.a_student())
    due_at = school.class_now(school_class).next_due_at

    clock.set(closes_at + timedelta(days=7))
    revised = school.change(school_class, class_seats.revised)

    assert row.state == "pending"
    assert due_at == closes_at + timedelta(days=7)
    assert school.states(school_class) == ["expired"]
    assert revised.next_due_at is None


def test_what_was_overdue_when_a_class_ends_expires_once(school, clock):
    ends_at = clock.now() + timedelta(days=1)
    school_class = a_full_class(school, seats=1, waiting=1, promotion_ends_at=ends_at)
    clock.set(ends_at)

    change_status(school, school_class, "ended")

    assert school.states(school_class) == ["enrolled", "expired"]
    assert school.event_types(school_class).count("registration.expired") == 1
    assert school.audit(school_class).valid


def test_there_is_no_class_to_lock(school):
    with school.database.write() as tx:
        assert class_seats.locked_class(tx, factories.new_id()) is None


def key(row):
    return {"organization_id": row.organization_id, "class_id": row.id}


def test_a_cut_and_a_cancel_in_one_edit_leave_nobody_behind(school):
    school_class = school.a_class(capacity=2, waitlist_mode="auto")
    for _ in range(3):
        student, _ = school.a_student_with_login()
        school.register(school_class, student, wait=True)
    wanted = class_seats.SeatEdit(
        capacity=1, has_capacity=True, shrink=Shrink.DISPLACE_LAST, status="cancelled"
    )

    row = school.change(school_class, class_seats.edit, wanted)

    assert school.states(school_class) == ["cancelled"] * 3
    assert (row.status, row.seats_taken, row.waiting, row.capacity) == ("cancelled", 0, 0, 1)
    assert school.audit(school_class).valid


def test_a_class_opens_again_by_its_new_capacity(school):
    school_class = a_full_class(school, seats=1, waiting=2)
    change_status(school, school_class, "closed")

    wanted = class_seats.SeatEdit(capacity=3, has_capacity=True, status="open")
    school.change(school_class, class_seats.edit, wanted)

    assert school.states(school_class) == ["enrolled"] * 3


def test_an_edit_that_touches_no_seat_writes_nothing(school):
    school_class = school.a_class()

    school.change(school_class, class_seats.edit, class_seats.SeatEdit())

    assert school.event_types(school_class) == ["class.created"]


def test_a_term_that_ends_the_lines_of_many_classes_leaves_them_to_the_sweeper(school, clock):
    with school.database.write() as tx:
        term = factories.a_term(tx, school.organization.id)
    classes = [school.a_class(term_id=term.id, capacity=0) for _ in range(2)]
    for student in reversed(school.students(2)):
        for school_class in classes:
            school.register(school_class, student, wait=True)

    with school.database.write() as tx:
        terms = Terms(policy=POLICY, ids=school.registrations.ids)
        row = terms.find_for_update(tx, school.registrar, term.id)
        terms.update(tx, school.registrar, row, {"promotion_ends_at": clock.now()})
    before = [school.states(school_class) for school_class in classes]
    for school_class in classes:
        with school.database.write() as tx:
            settle_class(tx, school_class.id)

    assert before == [["waitlisted"] * 2] * 2
    assert [school.states(school_class) for school_class in classes] == [["expired"] * 2] * 2
