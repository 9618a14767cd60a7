"""The order of the line, who moves up, and the arithmetic of seats."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.models.school_class import ClassStatus, WaitlistMode
from api.services.rules_waitlist import (
    DISPLACED_PRIORITY,
    BelowTaken,
    Line,
    Offer,
    Plan,
    Promote,
    Resized,
    Seats,
    Shrink,
    Skip,
    Waiter,
    capacity_changed,
    plan_promotions,
    positions,
)
from tests.rules.facts import NOON, at

TWO_DAYS = 172_800


def a_waiter(ticket, priority=0, skip_reason=None):
    return Waiter(
        registration_id=UUID(int=ticket),
        student_id=UUID(int=1000 + ticket),
        ticket=ticket,
        priority=priority,
        skip_reason=skip_reason,
    )


def a_line(**changes):
    members = {
        "status": ClassStatus.OPEN,
        "mode": WaitlistMode.AUTO,
        "offer_ttl_seconds": TWO_DAYS,
        "free": 1,
    }
    return Line(**(members | changes))


def plan(waiters, refused=None, limit=200, now=NOON, **line):
    reasons = refused or {}
    return plan_promotions(
        waiters,
        lambda waiter: reasons.get(waiter.ticket),
        line=a_line(**line),
        now=now,
        limit=limit,
    )


def tickets(moves, kind):
    return [move.waiter.ticket for move in moves if isinstance(move, kind)]


def test_the_line_is_ordered_by_priority_then_by_ticket():
    waiters = [a_waiter(4), a_waiter(9, priority=DISPLACED_PRIORITY), a_waiter(2), a_waiter(3, -1)]

    assert positions(waiters) == {
        UUID(int=9): 1,
        UUID(int=2): 2,
        UUID(int=4): 3,
        UUID(int=3): 4,
    }


def test_who_was_skipped_keeps_the_place():
    assert positions([a_waiter(1, skip_reason="time-conflict"), a_waiter(2)]) == {
        UUID(int=1): 1,
        UUID(int=2): 2,
    }


def test_the_head_of_the_line_gets_the_free_seat_and_no_one_else():
    first, second = a_waiter(1), a_waiter(2)

    assert plan([second, first]) == Plan((Promote(first),))


def test_nobody_moves_without_a_free_seat():
    assert plan([a_waiter(1)], refused={1: "time-conflict"}, free=0) == Plan()


def test_who_cannot_have_the_seat_is_told_why_and_the_next_one_gets_it():
    first, second = a_waiter(1), a_waiter(2)

    assert plan([first, second], refused={1: "time-conflict"}) == Plan(
        (Skip(first, "time-conflict"), Promote(second))
    )


def test_who_is_skipped_again_is_told_again_only_if_the_reason_changed():
    same, other = a_waiter(1, skip_reason="time-conflict"), a_waiter(2, skip_reason="time-conflict")

    assert plan([same, other], refused={1: "time-conflict", 2: "term-limit"}) == Plan(
        (Skip(other, "term-limit"),)
    )


def test_who_was_skipped_is_asked_first_again():
    back, behind = a_waiter(1, skip_reason="time-conflict"), a_waiter(2)

    assert plan([back, behind]) == Plan((Promote(back),))


@pytest.mark.parametrize("status", sorted(set(ClassStatus) - {ClassStatus.OPEN}))
def test_only_an_open_class_promotes(status):
    assert plan([a_waiter(1)], status=status) == Plan()


@pytest.mark.parametrize(
    ("mode", "seconds_left", "moves"),
    [
        (WaitlistMode.AUTO, 1, True),
        (WaitlistMode.AUTO, 0, False),
        (WaitlistMode.AUTO, -1, False),
        (WaitlistMode.OFFER, 900, True),
        (WaitlistMode.OFFER, 899, False),
        (WaitlistMode.OFFER, 0, False),
    ],
)
def test_nobody_is_promoted_at_the_end_nor_offered_a_seat_shortly_before(mode, seconds_left, moves):
    ends_at = NOON + timedelta(seconds=seconds_left)

    found = plan([a_waiter(1)], mode=mode, promotion_ends_at=ends_at)

    assert bool(found.moves) is moves
    assert found.remaining is False


@pytest.mark.parametrize(
    ("ttl", "ends_at", "expires_at"),
    [(3600, None, at(1)), (3600, at(2), at(1)), (7200, at(1), at(1)), (300, at(1), at(1 / 12))],
)
def test_an_offer_lasts_its_time_but_not_beyond_the_end_of_promotion(ttl, ends_at, expires_at):
    waiter = a_waiter(1)

    found = plan(
        [waiter], mode=WaitlistMode.OFFER, offer_ttl_seconds=ttl, promotion_ends_at=ends_at
    )

    assert found == Plan((Offer(waiter, expires_at),))


def test_a_pass_that_looked_at_enough_leaves_the_rest_to_the_next():
    waiters = [a_waiter(ticket) for ticket in range(1, 6)]

    found = plan(waiters, limit=3, free=None)

    assert tickets(found.moves, Promote) == [1, 2, 3]
    assert found.remaining is True
    assert plan(waiters, limit=3, free=3).remaining is False
    assert plan(waiters, limit=5, free=None).remaining is False


def test_a_pass_that_goes_on_leaves_out_who_was_skipped_so_that_it_comes_to_the_end():
    stuck = dict.fromkeys(range(1, 5), "time-conflict")
    waiters = {ticket: a_waiter(ticket) for ticket in range(1, 6)}
    first = plan(waiters.values(), refused=stuck, limit=2)
    for skip in first.moves:
        waiters[skip.waiter.ticket] = a_waiter(skip.waiter.ticket, skip_reason=skip.reason)

    second = plan(waiters.values(), refused=stuck, limit=3, promotion_pending=True)

    assert (tickets(first.moves, Skip), first.remaining) == ([1, 2], True)
    assert (tickets(second.moves, Skip), tickets(second.moves, Promote)) == ([3, 4], [5])
    assert second.remaining is False


lines = st.lists(
    st.tuples(st.integers(-1, 1), st.sampled_from([None, "time-conflict"]), st.booleans()),
    max_size=12,
)


@given(drawn=lines, free=st.none() | st.integers(0, 5), limit=st.integers(1, 6))
def test_never_more_than_is_free_and_nobody_is_overtaken_unless_told_why(drawn, free, limit):
    waiters = [
        a_waiter(ticket, priority, reason) for ticket, (priority, reason, _) in enumerate(drawn)
    ]
    refused = {ticket: "time-conflict" for ticket, (_, _, stuck) in enumerate(drawn) if stuck}

    found = plan(waiters, refused, limit=limit, free=free)

    seated = tickets(found.moves, Promote)
    assert free is None or len(seated) <= free
    assert not set(seated) & set(refused)
    place = positions(waiters)
    last = max((place[UUID(int=ticket)] for ticket in seated), default=0)
    ahead = {waiter.ticket for waiter in waiters if place[waiter.registration_id] <= last}
    assert ahead - set(seated) <= set(refused)
    told = set(tickets(found.moves, Skip)) | {w.ticket for w in waiters if w.skip_reason}
    assert ahead - set(seated) <= told


@given(drawn=lines, free=st.none() | st.integers(0, 5), limit=st.integers(1, 3))
def test_passes_one_after_another_come_to_an_end_with_no_seat_idle(drawn, free, limit):
    waiting = {
        ticket: a_waiter(ticket, priority, reason)
        for ticket, (priority, reason, _) in enumerate(drawn)
    }
    refused = {ticket: "time-conflict" for ticket, (_, _, stuck) in enumerate(drawn) if stuck}
    pending = False
    for _ in range(len(waiting) + 2):
        found = plan(waiting.values(), refused, limit=limit, free=free, promotion_pending=pending)
        for move in found.moves:
            if isinstance(move, Skip):
                waiting[move.waiter.ticket] = a_waiter(
                    move.waiter.ticket, move.waiter.priority, move.reason
                )
            else:
                del waiting[move.waiter.ticket]
                free = None if free is None else free - 1
        pending = found.remaining
        if not pending:
            break

    assert not pending
    assert free == 0 or all(waiter.skip_reason for waiter in waiting.values())


@pytest.mark.parametrize(
    ("capacity", "taken", "free", "over"),
    [(None, 9, None, 0), (3, 1, 2, 0), (3, 3, 0, 0), (3, 5, 0, 2), (0, 0, 0, 0)],
)
def test_free_and_over_follow_from_capacity_and_taken(capacity, taken, free, over):
    seats = Seats(capacity=capacity, seats_taken=taken)

    assert (seats.free, seats.over_allowance) == (free, over)


@pytest.mark.parametrize("shrink", [None, *Shrink])
@pytest.mark.parametrize("capacity", [None, 5, 6])
def test_a_capacity_that_holds_those_who_are_in_moves_nobody(capacity, shrink):
    changed = capacity_changed(Seats(capacity=9, seats_taken=5), capacity, shrink)

    assert changed == Resized(seats=Seats(capacity=capacity, seats_taken=5), displaced=0)


@pytest.mark.parametrize(
    ("shrink", "offered", "expected"),
    [
        (None, 0, BelowTaken(capacity=2, seats_taken=5)),
        (Shrink.KEEP, 0, Resized(seats=Seats(capacity=2, seats_taken=5))),
        (Shrink.DISPLACE_LAST, 0, Resized(seats=Seats(capacity=2, seats_taken=2), displaced=3)),
        (Shrink.DISPLACE_LAST, 4, Resized(seats=Seats(capacity=2, seats_taken=4), displaced=1)),
    ],
)
def test_a_capacity_below_those_who_are_in_needs_to_be_told_what_then(shrink, offered, expected):
    changed = capacity_changed(Seats(capacity=9, seats_taken=5), 2, shrink, offered=offered)

    assert changed == expected
