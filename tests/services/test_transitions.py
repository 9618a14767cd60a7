"""What becomes of a registration: each move by who may ask for it, and what it leaves behind."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from api.errors import (
    Busy,
    ClassNotOpen,
    Forbidden,
    NotFound,
    NotOpenYet,
    OfferExpired,
    RegistrationClosed,
    StateConflict,
    TimeConflict,
)
from api.models import (
    Event,
    PromotionDue,
    RegistrationState,
    Role,
    SchoolClass,
    StreamKind,
)
from api.services import transitions
from tests import factories, seat_changes
from tests.services.school import School, actor_of

S = RegistrationState


@pytest.fixture
def school(database):
    return School.found(database)


def news_of(school, actor):
    """The events on a user's own stream."""
    with school.database.read() as tx:
        return tx.all(
            select(Event)
            .where(Event.stream_kind == StreamKind.USER, Event.stream_id == actor.user_id)
            .order_by(Event.seq)
        )


def an_offered_place(school, **given):
    """A class whose one seat is offered to a student with a login."""
    school_class = school.a_class(capacity=1, **given)
    seat = school.register(school_class, school.a_student())
    student, actor = school.a_student_with_login()
    waiting = school.register(school_class, student, wait=True)
    school.leave(seat)
    return school_class, waiting, (student, actor)


def test_a_drop_frees_the_seat_and_keeps_the_row(school):
    school_class = school.a_class(capacity=1)
    student, actor = school.a_student_with_login()
    row = school.register(school_class, student, actor=actor)

    dropped = school.move(row, S.DROPPED, actor=actor)

    assert (dropped.state, dropped.version) == ("dropped", 2)
    assert school.class_now(school_class).seats_taken == 0
    assert school.event_types(school_class)[-1] == "registration.dropped"
    assert news_of(school, actor) == []


def test_whoever_comes_back_gets_a_new_row_and_the_tail_of_the_line(school):
    school_class = school.a_class()
    student = school.a_student()
    first = school.register(school_class, student)
    school.leave(first)

    second = school.register(school_class, student)

    assert (second.previous_id, second.ticket) == (first.id, 2)
    assert school.states(school_class) == ["dropped", "enrolled"]


def test_leaving_after_the_drop_deadline_is_a_withdrawal(school, clock):
    now = clock.now()
    school_class = school.a_class(
        drop_until=now + timedelta(days=1), withdraw_until=now + timedelta(days=2)
    )
    row = school.register(school_class, school.a_student())

    with pytest.raises(NotOpenYet):
        school.move(row, S.WITHDRAWN)
    clock.advance(days=1)
    with pytest.raises(RegistrationClosed):
        school.move(row, S.DROPPED)
    school.leave(row)

    assert school.states(school_class) == ["withdrawn"]


def test_past_both_deadlines_nobody_leaves_and_staff_removes(school, clock):
    now = clock.now()
    school_class = school.a_class(drop_until=now, withdraw_until=now + timedelta(days=1))
    student, actor = school.a_student_with_login()
    row = school.register(school_class, student)
    clock.advance(days=1)

    with pytest.raises(RegistrationClosed):
        school.leave(row, actor=actor)
    with pytest.raises(Forbidden):
        school.move(row, S.REMOVED, actor=actor, reason_code="no-show")
    school.move(row, S.REMOVED, reason_code="no-show")

    assert school.states(school_class) == ["removed"]
    assert school.events(school_class)[-1].reason_code == "no-show"
    assert [event.type for event in news_of(school, actor)] == ["registration.removed"]


def test_a_student_is_told_of_the_offer_and_accepts_it(school):
    school_class, waiting, (_, actor) = an_offered_place(school)

    accepted = school.move(waiting, S.ENROLLED, actor=actor)

    (news,) = news_of(school, actor)
    assert (news.type, news.data["state"], news.seq) == ("registration.offered", "offered", 1)
    assert news.data["offer_expires_at"].endswith("Z")
    assert (accepted.state, accepted.offer_expires_at) == ("enrolled", None)
    assert school.event_types(school_class)[-1] == "registration.accepted"
    assert school.class_now(school_class).seats_taken == 1


def test_declining_hands_the_seat_on(school):
    school_class, waiting, (_, actor) = an_offered_place(school)
    third = school.register(school_class, school.a_student(), wait=True)

    school.leave(waiting, actor=actor)

    assert school.states(school_class) == ["dropped", "declined", "offered"]
    assert school.audit(school_class).seats_taken == 1
    assert third.position == 1


def test_an_offer_is_not_accepted_at_its_end_whether_or_not_anybody_swept(school, clock):
    school_class, waiting, (_, actor) = an_offered_place(school, waitlist_offer_ttl_seconds=3600)
    clock.advance(hours=1)

    with pytest.raises(OfferExpired):
        school.move(waiting, S.ENROLLED, actor=actor)

    assert school.states(school_class) == ["dropped", "offered"]


def test_an_offer_that_clashes_by_now_is_not_accepted(school, clock):
    school_class, waiting, (student, actor) = an_offered_place(school)
    other = school.a_class()
    for one in (school_class, other):
        school.a_session(one, clock.now() + timedelta(days=9))
    with school.database.write() as tx:
        factories.a_registration(tx, other, student)

    with pytest.raises(TimeConflict):
        school.move(waiting, S.ENROLLED, actor=actor)


def test_a_student_who_changes_meanwhile_is_asked_to_try_again(school, monkeypatch):
    _, waiting, (_, actor) = an_offered_place(school)
    read = transitions.Transitions._open

    def stale(self, tx, seen, *, looks_at_student):
        opened = read(self, tx, seen, looks_at_student=looks_at_student)
        opened.guard_version -= 1
        return opened

    monkeypatch.setattr(transitions.Transitions, "_open", stale)

    with pytest.raises(Busy):
        school.move(waiting, S.ENROLLED, actor=actor)


def test_a_request_is_approved_into_a_seat_or_into_the_line(school):
    school_class = school.a_class(capacity=1, approval_required=True)
    first, second = (
        school.register(school_class, student, wait=True) for student in school.students(2)
    )

    approved = [school.move(row, S.ENROLLED) for row in (first, second)]

    assert (first.state, second.state) == ("pending", "pending")
    assert [row.state for row in approved] == ["enrolled", "waitlisted"]
    assert [row.ticket for row in approved] == [1, 2]
    assert school.audit(school_class).valid


def test_a_request_is_rejected_with_a_reason(school):
    school_class = school.a_class(approval_required=True)
    row = school.register(school_class, school.a_student())

    school.move(row, S.REJECTED, reason_code="not-ready")

    assert school.states(school_class) == ["rejected"]


def test_a_request_is_not_approved_once_the_class_is_over(school):
    school_class = school.a_class(approval_required=True)
    row = school.register(school_class, school.a_student())
    school.change(school_class, seat_changes.change_status, "closed")
    with school.database.write() as tx:
        tx.execute(
            update(SchoolClass).where(SchoolClass.id == school_class.id).values(status="draft")
        )

    with pytest.raises(ClassNotOpen):
        school.move(row, S.ENROLLED)


def test_a_place_is_completed_when_the_class_has_ended(school):
    school_class = school.a_class()
    row = school.register(school_class, school.a_student())

    with pytest.raises(StateConflict):
        school.move(row, S.COMPLETED)
    school.change(school_class, seat_changes.change_status, "ended")
    school.move(row, S.COMPLETED)

    assert school.states(school_class) == ["completed"]
    assert school.class_now(school_class).seats_taken == 0


def test_what_has_ended_is_not_left_again(school):
    school_class = school.a_class()
    row = school.register(school_class, school.a_student())
    school.leave(row)

    with pytest.raises(StateConflict) as refused:
        school.leave(row)

    assert refused.value.members == {"state": "dropped"}


def test_staff_moves_somebody_up_the_line(school):
    school_class = school.a_class(capacity=0)
    first, second = (
        school.register(school_class, student, wait=True) for student in school.students(2)
    )

    with school.database.write() as tx:
        row = school.transitions.find_for_update(tx, school.registrar, second.id)
        moved = school.transitions.update(tx, school.registrar, row, {"priority": 5}).row

    assert (moved.position, moved.version) == (1, 2)
    assert school.event_types(school_class)[-1] == "registration.prioritized"
    assert first.position == 1
    assert school.class_now(school_class).eligible_waiting == 2


def test_an_edit_that_changes_nothing_writes_nothing(school):
    school_class = school.a_class(capacity=0)
    row = school.register(school_class, school.a_student(), wait=True)

    with school.database.write() as tx:
        found = school.transitions.find_for_update(tx, school.registrar, row.id)
        same = school.transitions.update(tx, school.registrar, found, {}).row

    assert same.version == 1
    assert school.event_types(school_class)[-1] == "registration.waitlisted"


def test_only_who_waits_has_a_priority(school):
    row = school.register(school.a_class(), school.a_student())

    with school.database.write() as tx, pytest.raises(StateConflict):
        found = school.transitions.find_for_update(tx, school.registrar, row.id)
        school.transitions.update(tx, school.registrar, found, {"priority": 5})


def test_a_stranger_and_another_student_find_nothing(school):
    row = school.register(school.a_class(), school.a_student())
    _, other = school.a_student_with_login()
    with school.database.write() as tx:
        stranger = actor_of(factories.a_member(tx, role=Role.OWNER))

    for actor in (other, stranger):
        with pytest.raises(NotFound), school.database.read() as tx:
            school.transitions.get(tx, actor, row.id)
    with pytest.raises(NotFound), school.database.read() as tx:
        school.transitions.get(tx, school.registrar, factories.new_id())


def test_a_cause_that_clears_elsewhere_is_noted_for_the_sweeper(school, clock):
    wanted = school.a_class(capacity=1, waitlist_mode="auto")
    other = school.a_class()
    student = school.a_student()
    seat = school.register(wanted, school.a_student())
    school.register(wanted, student, wait=True)
    elsewhere = school.register(other, student)
    for one in (wanted, other):
        school.a_session(one, clock.now() + timedelta(days=9))
    school.leave(seat)
    skipped = school.class_now(wanted)
    assert school.event_types(wanted)[-1] == "registration.skipped"
    assert (skipped.waiting, skipped.eligible_waiting) == (1, 0)

    school.leave(elsewhere)
    with school.database.write() as tx:
        noted = tx.all(select(PromotionDue.class_id).where(PromotionDue.class_id == wanted.id))

    assert [row.class_id for row in noted] == [wanted.id]
