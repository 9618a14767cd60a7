"""The line in front of a full class: its order, who moves up, and the arithmetic of seats."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from api.models.school_class import ClassStatus, WaitlistMode

EVALUATIONS = 200
"""Waiters looked at in one transaction; the rest is left to the next."""

LEAST_OFFER_SECONDS = 900
"""Nobody is given less time than this to answer because promotion is about to end."""

DISPLACED_PRIORITY = 1000
"""The head of the line, for those who had a seat when the capacity was cut."""


class Shrink(StrEnum):
    """What a capacity below the seats taken does to those who have them."""

    KEEP = "keep"
    DISPLACE_LAST = "displace_last"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """A waitlisted registration; `skip_reason` is why it was passed over, if it was."""

    registration_id: UUID
    student_id: UUID
    ticket: int
    priority: int = 0
    skip_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A class as promotion sees it: `free` null is no limit, `promotion_ends_at` null never.

    `promotion_pending`: an earlier pass stopped half-way, and this one goes on from there.
    """

    status: ClassStatus
    mode: WaitlistMode
    offer_ttl_seconds: int
    free: int | None
    promotion_ends_at: datetime | None = None
    promotion_pending: bool = False

    def moves_at(self, now: datetime) -> bool:
        """Whether anybody may be promoted, or offered a seat, at `now`."""
        if self.status != ClassStatus.OPEN:
            return False
        if self.promotion_ends_at is None:
            return True
        least = LEAST_OFFER_SECONDS if self.mode == WaitlistMode.OFFER else 0
        left = self.promotion_ends_at - now
        return left > timedelta(0) and left >= timedelta(seconds=least)

    def offer_expires_at(self, now: datetime) -> datetime:
        """When an offer made at `now` expires: after its time to live, or with promotion."""
        expires_at = now + timedelta(seconds=self.offer_ttl_seconds)
        return min(expires_at, self.promotion_ends_at or expires_at)


@dataclass(frozen=True, slots=True)
class Promote:
    """The waiter gets the seat."""

    waiter: Waiter


@dataclass(frozen=True, slots=True)
class Offer:
    """The waiter may take the seat before `expires_at`; it is set aside until then."""

    waiter: Waiter
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Skip:
    """The waiter cannot have the seat now, is told why, and keeps the ticket."""

    waiter: Waiter
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Moves in the order in which they are to be made; `remaining`: there is more to look at."""

    moves: tuple[Promote | Offer | Skip, ...] = ()
    remaining: bool = False


def queue_key(waiter: Waiter) -> tuple[int, int]:
    """The order of the line: the higher priority first, then the lower ticket."""
    return -waiter.priority, waiter.ticket


def positions(waiters: Iterable[Waiter]) -> dict[UUID, int]:
    """The place of each registration in the line, 1 to n; who was skipped keeps the place."""
    in_order = sorted(waiters, key=queue_key)
    return {waiter.registration_id: place for place, waiter in enumerate(in_order, start=1)}


def plan_promotions(
    waiters: Iterable[Waiter],
    recheck: Callable[[Waiter], str | None],
    *,
    line: Line,
    now: datetime,
    limit: int = EVALUATIONS,
) -> Plan:
    """Who moves up at `now`, never more than `line.free`; `recheck` names why one may not.

    Release seats first and count `free` afterwards. Every waiter is looked at in the order of
    the line, those skipped earlier too; only a pass that goes on where another stopped leaves
    them out, as that one has just asked again, and so it always comes further. A skip whose
    reason is known already is no move.
    """
    if not line.moves_at(now):
        return Plan()
    moves: list[Promote | Offer | Skip] = []
    free, evaluated = line.free, 0
    for waiter in sorted(waiters, key=queue_key):
        if free == 0:
            break
        if line.promotion_pending and waiter.skip_reason is not None:
            continue
        if evaluated == limit:
            return Plan(tuple(moves), remaining=True)
        evaluated += 1
        reason = recheck(waiter)
        if reason is None:
            moves.append(_seat(waiter, line, now))
            free = None if free is None else free - 1
        elif reason != waiter.skip_reason:
            moves.append(Skip(waiter, reason))
    return Plan(tuple(moves))


def _seat(waiter: Waiter, line: Line, now: datetime) -> Promote | Offer:
    if line.mode == WaitlistMode.OFFER:
        return Offer(waiter, line.offer_expires_at(now))
    return Promote(waiter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """The seats of a class; `capacity` null: no limit. Offered seats are taken."""

    capacity: int | None
    seats_taken: int

    @property
    def over_allowance(self) -> int:
        """How many seats beyond the capacity are taken, by override or a cut that kept them."""
        return 0 if self.capacity is None else max(0, self.seats_taken - self.capacity)

    @property
    def free(self) -> int | None:
        """Seats that may be given away, never below 0; null: no limit."""
        return None if self.capacity is None else max(0, self.capacity - self.seats_taken)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resized:
    """The new capacity stands; `displaced` seat-holders go back to the head of the line first."""

    seats: Seats
    displaced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BelowTaken:
    """The new capacity is refused: it is below the seats taken and nothing says what then."""

    capacity: int
    seats_taken: int


def capacity_changed(
    seats: Seats, capacity: int | None, shrink: Shrink | None, *, offered: int = 0
) -> Resized | BelowTaken:
    """What a new capacity does. `offered` of the seats taken are offers, which stay as they are.

    `keep` moves nobody and raises the allowance; `displace_last` takes back as many enrolled
    seats as are over, and the allowance covers what offers still hold.
    """
    kept = Seats(capacity=capacity, seats_taken=seats.seats_taken)
    if capacity is None or kept.over_allowance == 0:
        return Resized(seats=kept)
    if shrink is None:
        return BelowTaken(capacity=capacity, seats_taken=seats.seats_taken)
    if shrink is Shrink.KEEP:
        return Resized(seats=kept)
    displaced = min(kept.over_allowance, seats.seats_taken - offered)
    left = Seats(capacity=capacity, seats_taken=seats.seats_taken - displaced)
    return Resized(seats=left, displaced=displaced)
