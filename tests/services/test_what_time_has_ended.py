"""Commands that come before the sweeper: what time has ended is ended for them, too."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from api.clock import to_text
from api.errors import StateConflict
from api.models import SchoolClass
from api.services.rules_waitlist import Shrink
from api.services.sweeper import Sweeper, settle_class
from api.services.verification import verify
from tests import factories, seat_changes
from tests.services.school import School

DAY = timedelta(days=1)


@pytest.fixture
def school(database):
    return School.found(database)


def states(school, school_class):
    assert school.audit(school_class).valid
    return school.states(school_class)


def prioritized(school, registration, priority):
    with school.database.write() as tx:
        actor = school.registrar
        row = school.transitions.find_for_update(tx, actor, registration.id)
        return school.transitions.update(tx, actor, row, {"priority": priority}).row


def with_offers(school, count, **given):
    """A class whose seats are all offered, and run out in two days."""
    school_class = school.a_class(capacity=0, waitlist_mode="offer", **given)
    students = school.students(count)
    for student in students:
        school.register(school_class, student, wait=True)
    school.change(school_class, seat_changes.change_capacity, count, None)
    return school_class, students


def test_whose_offer_ran_out_registers_anew_before_anybody_wrote_that_down(school, clock):
    school_class, (student,) = with_offers(school, 1)
    clock.advance(days=3)

    row = school.register(school_class, student)

    assert (row.state, row.ticket) == ("enrolled", 2)
    assert states(school, school_class) == ["expired", "enrolled"]


def a_class_of_a_term(school):
    with school.database.write() as tx:
        term = factories.a_term(tx, school.organization.id)
    return school.a_class(term_id=term.id)


def test_a_class_that_time_has_ended_was_changed_when_it_ended(school, clock):
    school_class = a_class_of_a_term(school)
    clock.set(school_class.next_due_at)

    with school.database.write() as tx:
        settle_class(tx, school_class.id)
    ended = school.class_now(school_class)

    assert (ended.status, ended.version) == ("ended", school_class.version + 1)
    assert ended.updated_at == clock.now() > school_class.updated_at
    assert school.event_types(school_class) == ["class.created", "class.ended"]


def test_a_seat_changes_nothing_that_was_edited(school, clock):
    school_class = a_class_of_a_term(school)
    clock.advance(hours=1)

    school.register(school_class, school.a_student())
    school.leave(school.register(school_class, school.a_student()))
    now = school.class_now(school_class)

    assert (now.version, now.updated_at) == (school_class.version, school_class.updated_at)


def test_whose_request_lapsed_asks_anew(school, clock):
    window = {
        "audience": None,
        "opens_at": to_text(clock.now()),
        "closes_at": to_text(clock.now() + DAY),
    }
    school_class = school.a_class(approval_required=True, windows=[window])
    student = school.a_student()
    school.register(school_class, student)
    clock.advance(days=9)

    row = school.register(
        school_class, student, overrides=["registration-closed"], reason_code="late"
    )

    assert row.state == "enrolled"
    assert states(school, school_class) == ["expired", "enrolled"]


def test_a_place_in_a_line_that_is_over_gets_no_priority(school, clock):
    school_class = school.a_class(capacity=0, promotion_ends_at=clock.now() + DAY)
    waiting = school.register(school_class, school.a_student(), wait=True)
    clock.advance(days=2)

    with pytest.raises(StateConflict):
        prioritized(school, waiting, 5)

    assert states(school, school_class) == ["waitlisted"]
    assert school.class_now(school_class).waiting == 1


def test_whoever_is_moved_in_the_line_may_have_the_seat_that_falls_free_with_it(school, clock):
    school_class, _ = with_offers(school, 1)
    waiting = school.register(school_class, school.a_student(), wait=True)
    clock.advance(days=3)

    row = prioritized(school, waiting, 5)

    assert row.state == "offered"
    assert states(school, school_class) == ["expired", "offered"]


def test_whoever_is_approved_behind_a_waiter_may_have_the_next_seat_at_once(school, clock):
    school_class, _ = with_offers(school, 2)
    school.register(school_class, school.a_student(), wait=True)
    with school.database.write() as tx:
        tx.execute(
            update(SchoolClass)
            .where(
                SchoolClass.organization_id == school.organization.id,
                SchoolClass.id == school_class.id,
            )
            .values(approval_required=True)
        )
    pending = school.register(school_class, school.a_student(), wait=True)
    clock.advance(days=3)

    row = school.move(pending, "enrolled")

    assert row.state == "offered"
    assert states(school, school_class) == ["expired", "expired", "offered", "offered"]


def test_nobody_is_accused_of_barging_whom_staff_moved_up_and_a_cut_sent_back(school):
    school_class = school.a_class(capacity=0, waitlist_mode="auto")
    rows = [school.register(school_class, student, wait=True) for student in school.students(2)]
    prioritized(school, rows[1], 1)
    school.change(school_class, seat_changes.change_capacity, 1, None)
    assert states(school, school_class) == ["waitlisted", "enrolled"]

    school.change(school_class, seat_changes.change_capacity, 0, Shrink.DISPLACE_LAST)

    with school.database.snapshot() as tx:
        verdicts = verify(tx, organization_id=school.organization.id)
    assert [verdict for verdict in verdicts if not verdict.holds] == []


def test_who_was_displaced_clashes_no_longer_with_what_was_passed_over(school, clock):
    taken, wanted = (school.a_class(capacity=1, waitlist_mode="auto") for _ in range(2))
    for school_class in (taken, wanted):
        school.a_session(school_class, clock.now() + 100 * DAY)
    first, student = school.students(2)
    seat = school.register(wanted, first)
    school.register(wanted, student, wait=True)
    school.register(taken, student)
    school.leave(seat)
    assert states(school, wanted) == ["dropped", "waitlisted"]

    school.change(taken, seat_changes.change_capacity, 0, Shrink.DISPLACE_LAST)
    Sweeper(school.database).once()

    assert states(school, wanted) == ["dropped", "enrolled"]
