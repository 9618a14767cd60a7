"""What a change of a class does to its seats: capacity, status, deadlines, and what falls due."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from api.authz.actor import Actor
from api.errors import CapacityBelowTaken, StateConflict
from api.models import places, seats
from api.models.database import Transaction
from api.models.facts import CLOCK
from api.models.locks import LockStep
from api.models.registration import RegistrationState
from api.models.school_class import ClassStatus
from api.services import promotion
from api.services.place import Place
from api.services.rules_states import class_status_block
from api.services.rules_waitlist import (
    DISPLACED_PRIORITY,
    BelowTaken,
    Seats,
    Shrink,
    capacity_changed,
)
from api.services.seat_book import SeatBook

_NOW = select(CLOCK)
_EVENT_OF_STATUS = {
    ClassStatus.OPEN: "class.opened",
    ClassStatus.CLOSED: "class.closed",
    ClassStatus.CANCELLED: "class.cancelled",
    ClassStatus.ENDED: "class.ended",
}


def locked_class(tx: Transaction, class_id: UUID) -> Row[Any] | None:
    """The class, locked until the transaction ends, with every column; None: there is none."""
    tx.lock(LockStep.CLASS, class_id)
    return tx.first(seats.LOCKED_CLASS, class_id=class_id, clock_now=tx.given_now())


def created(tx: Transaction, actor: Actor, row: Row[Any]) -> Row[Any]:
    """Write `class.created`, the first event of the ledger of a class just made; the row after."""
    tx.lock(LockStep.CLASS, row.id)
    book = _book(tx, row)
    book.note("class.created", actor.user_id)
    return promotion.finish(tx, book, is_revised=True)


def change_capacity(
    tx: Transaction, actor: Actor, row: Row[Any], capacity: int | None, shrink: Shrink | None
) -> Row[Any]:
    """Give a locked class another capacity; promotes, keeps or displaces. The row after.

    Writes `capacity` and the counters; `version` and `updated_at` are the caller's, once for all
    that one edit changes.

    Raises:
        CapacityBelowTaken: below the seats taken, and `shrink` does not say what then.
    """
    book = _book(tx, row)
    promotion.settle(tx, book)
    offered = tx.scalar(places.OFFERED_COUNT, **_key(row)) if shrink else 0
    now = Seats(capacity=book.now["capacity"], seats_taken=book.now["seats_taken"])
    outcome = capacity_changed(now, capacity, shrink, offered=offered)
    if isinstance(outcome, BelowTaken):
        raise CapacityBelowTaken(capacity=outcome.capacity, seats_taken=outcome.seats_taken)

    _displace(tx, book, actor, outcome.displaced)
    book.resize(capacity)
    book.note("class.capacity-changed", actor.user_id, shrink)
    return promotion.finish(tx, book)


def change_status(tx: Transaction, actor: Actor, row: Row[Any], to: ClassStatus) -> Row[Any]:
    """Open, close, end or cancel a locked class, with what that does to its line. The row after.

    Writes `status` and the counters; `version` and `updated_at` are the caller's.

    Raises:
        StateConflict: the class cannot go there from where it is.
    """
    _require_move(row.status, to)
    if to == row.status:
        return row

    book = _book(tx, row)
    if to != ClassStatus.CANCELLED:
        # What became due while the old status stood is still its doing.
        promotion.settle(tx, book)
        _require_move(book.now["status"], to)
    book.now["status"] = to
    book.note(_EVENT_OF_STATUS[to], actor.user_id)
    if to in {ClassStatus.CANCELLED, ClassStatus.ENDED}:
        promotion.settle(tx, book)
    return promotion.finish(tx, book, is_revised=True)


def revised(tx: Transaction, _actor: Actor, row: Row[Any]) -> Row[Any]:
    """Settle a locked class whose windows, deadlines, sessions or line settings have changed.

    `row` is the class after the change. Lets expire what is now overdue, promotes whom the change
    lets move, and notes when the class falls due next. The row after.
    """
    book = _book(tx, row)
    promotion.settle(tx, book)
    return promotion.finish(tx, book, is_revised=True)


def _require_move(status: ClassStatus, to: ClassStatus) -> None:
    block = class_status_block(status, to)
    if block is not None:
        raise StateConflict(**block.details)


def _key(row: Row[Any]) -> dict[str, UUID]:
    return {"organization_id": row.organization_id, "class_id": row.id}


def _book(tx: Transaction, row: Row[Any]) -> SeatBook:
    return SeatBook.open(row, tx.scalar(_NOW, clock_now=tx.given_now()))


def _displace(tx: Transaction, book: SeatBook, actor: Actor, count: int) -> None:
    """Send whoever enrolled last back to the head of the line, in the order of their tickets."""
    if not count:
        return
    last = tx.all(places.LAST_ENROLLED, **_key(book.row), most=count)
    for row in reversed(last):
        book.move(
            Place.of(row),
            RegistrationState.WAITLISTED,
            type="registration.displaced",
            actor_id=actor.user_id,
            reason_code="capacity-cut",
            priority=DISPLACED_PRIORITY,
        )
    book.due(book.row.effective_promotion_ends_at)
