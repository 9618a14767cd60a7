"""Promotion: who moves up when a seat is free, and who is passed over, and why."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update

from api.models import ClassSession, PromotionDue, Student
from api.services import class_seats, promotion
from api.services.sweeper import settle_class
from tests import seat_changes
from tests.services.school import School


@pytest.fixture
def school(database):
    return School.found(database)


def a_line(school, count, **given):
    """A class whose one seat is taken, and `count` registrations in its line."""
    school_class = school.a_class(capacity=1, **{"waitlist_mode": "auto", **given})
    seat = school.register(school_class, school.a_student())
    line = [school.register(school_class, student, wait=True) for student in school.students(count)]
    return school_class, seat, line


def make_inactive(school, *rows):
    with school.database.write() as tx:
        for row in rows:
            tx.execute(
                update(Student)
                .where(Student.id == row.student_id)
                .values(status="inactive", guard_version=Student.guard_version + 1)
            )


def notes(school, school_class):
    with school.database.read() as tx:
        return tx.all(
            select(PromotionDue.id).where(
                PromotionDue.organization_id == school.organization.id,
                PromotionDue.class_id == school_class.id,
            )
        )


def test_one_seat_goes_to_one_waiter(school):
    school_class, seat, _ = a_line(school, 3)

    school.leave(seat)

    assert school.states(school_class) == ["dropped", "enrolled", "waitlisted", "waitlisted"]


def test_who_cannot_is_passed_over_and_keeps_the_place(school):
    school_class, seat, line = a_line(school, 3)
    make_inactive(school, line[0], line[1])

    school.leave(seat)

    now = school.class_now(school_class)
    assert school.states(school_class) == ["dropped", "waitlisted", "waitlisted", "enrolled"]
    assert (now.waiting, now.eligible_waiting) == (2, 0)
    assert [event.reason_code for event in school.events(school_class)][-3:-1] == [
        "student-inactive",
        "student-inactive",
    ]


def test_a_newcomer_passes_only_those_who_were_passed_over(school):
    school_class, seat, line = a_line(school, 1)
    make_inactive(school, line[0])
    school.leave(seat)

    newcomer = school.register(school_class, school.a_student())

    assert newcomer.state == "enrolled"
    assert school.audit(school_class).valid


def test_who_leaves_the_line_is_not_looked_at_again(school):
    school_class, seat, line = a_line(school, 2)
    make_inactive(school, *line)
    school.leave(seat)

    school.leave(line[0])

    now = school.class_now(school_class)
    assert school.states(school_class) == ["dropped", "left", "waitlisted"]
    assert (now.waiting, now.eligible_waiting) == (1, 0)


def test_a_cause_is_told_once(school):
    school_class, seat, line = a_line(school, 1)
    make_inactive(school, line[0])
    school.leave(seat)

    school.change(school_class, class_seats.revised)

    assert school.event_types(school_class).count("registration.skipped") == 1


def test_a_pass_that_stops_half_way_is_gone_on_with(school, monkeypatch):
    monkeypatch.setattr(promotion, "EVALUATIONS", 2)
    kept = promotion.plan_promotions
    monkeypatch.setattr(
        promotion, "plan_promotions", lambda *of, **given: kept(*of, **given, limit=2)
    )
    school_class, seat, line = a_line(school, 4)
    make_inactive(school, *line[:3])

    school.leave(seat)
    pending = school.class_now(school_class).promotion_pending
    newcomer = school.register(school_class, school.a_student(), wait=True)
    while notes(school, school_class):
        with school.database.write() as tx:
            settle_class(tx, school_class.id)

    now = school.class_now(school_class)
    assert (pending, newcomer.state) == (True, "waitlisted")
    assert school.states(school_class)[4] == "enrolled"
    assert (now.promotion_pending, now.seats_taken) == (False, 1)


def test_a_waiter_who_changes_at_this_moment_is_left_to_the_next_pass(school, monkeypatch):
    school_class, seat, _ = a_line(school, 2)
    read = promotion._Waiters._read

    def stale(waiters, those):
        read(waiters, those)
        waiters.guard_versions = {key: value - 1 for key, value in waiters.guard_versions.items()}

    monkeypatch.setattr(promotion._Waiters, "_read", stale)
    school.leave(seat)
    monkeypatch.undo()
    left = school.states(school_class)
    noted = len(notes(school, school_class))
    with school.database.write() as tx:
        settle_class(tx, school_class.id)

    assert left == ["dropped", "waitlisted", "waitlisted"]
    assert noted == 1
    assert school.states(school_class) == ["dropped", "enrolled", "waitlisted"]


def test_no_offer_is_made_with_less_than_a_quarter_of_an_hour_left(school, clock):
    ends_at = clock.now() + timedelta(hours=1)
    school_class, seat, _ = a_line(school, 1, waitlist_mode="offer", promotion_ends_at=ends_at)
    clock.set(ends_at - timedelta(minutes=14))

    school.leave(seat)

    assert school.states(school_class) == ["dropped", "waitlisted"]


def test_a_clash_that_moves_away_lets_a_waiter_up(school, clock):
    school_class, seat, (waiter,) = a_line(school, 1)
    other, starts_at = school.a_class(), clock.now() + timedelta(days=9)
    school.register(other, waiting_student(waiter))
    for one in (school_class, other):
        school.a_session(one, starts_at)
    school.leave(seat)
    skipped = school.class_now(school_class).eligible_waiting

    with school.database.write() as tx:
        tx.execute(
            update(ClassSession).where(ClassSession.class_id == other.id).values(status="cancelled")
        )
    school.change(other, class_seats.revised)
    noted = len(notes(school, school_class))
    with school.database.write() as tx:
        settle_class(tx, school_class.id)

    assert (skipped, noted) == (0, 1)
    assert school.states(school_class) == ["dropped", "enrolled"]


def waiting_student(waiter):
    return SimpleNamespace(id=waiter.student_id)


def test_many_waiters_are_read_in_a_few_statements(school):
    school_class, _, line = a_line(school, promotion.FACTS_AT_ONCE + 2)
    make_inactive(school, *line)

    school.change(school_class, seat_changes.change_capacity, 2, None)

    assert school.class_now(school_class).eligible_waiting == 0


def test_a_late_newcomer_is_judged_after_what_was_due(school, clock):
    school_class, seat, line = a_line(
        school, 2, waitlist_mode="offer", waitlist_offer_ttl_seconds=3600
    )
    school.leave(seat)
    clock.advance(hours=1)

    newcomer = school.register(school_class, school.a_student(), wait=True)

    assert school.states(school_class) == ["dropped", "expired", "offered", "waitlisted"]
    assert newcomer.position == 1
    assert len(line) == 2
    assert school.audit(school_class).valid
