"""What a change of a class does to its seats: capacity, status, deadlines, and what falls due."""

from __future__ import annotations

from dataclasses import dataclass
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
from api.models.streams import Entry
from api.services import organization_news, promotion
from api.services.due_notes import note_due
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
LINELESS = frozenset({ClassStatus.CANCELLED, ClassStatus.ENDED})
"""Classes that are over: nobody waits for them any more."""

_EVENT_OF_STATUS = {
    ClassStatus.OPEN: "class.opened",
    ClassStatus.CLOSED: "class.closed",
    ClassStatus.CANCELLED: promotion.CANCELLED,
    ClassStatus.ENDED: "class.ended",
}


def locked_class(tx: Transaction, class_id: UUID) -> Row[Any] | None:
    """The class, locked until the transaction ends, with every column; None: there is none."""
    tx.lock(LockStep.CLASS, class_id)
    return tx.first(seats.LOCKED_CLASS, class_id=class_id, clock_now=tx.given_now())


def created(tx: Transaction, actor: Actor, row: Row[Any]) -> Row[Any]:
    """Write `class.created`, the first event of the ledger of a class just made; the row after.

    It tells of the class as this transaction leaves it: no `class.updated` follows from here.
    """
    tx.lock(LockStep.MADE, row.id)
    book = _book(tx, row)
    book.note("class.created", actor.user_id)
    return promotion.finish(tx, book, is_revised=True)


def require_move(status: ClassStatus, to: ClassStatus) -> None:
    """Let a class go from `status` to `to`.

    Raises:
        StateConflict: it cannot, or is there already.
    """
    block = class_status_block(status, to)
    if block is not None:
        raise StateConflict(**block.details)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatEdit:
    """What one edit of a class changes of its seats: all of it is one decision.

    `shrink` says what a capacity below the seats taken does. `is_guarded`: windows, deadlines,
    sessions or line settings have changed, too. `is_updated`: so has anything but capacity and
    status, and the organization's stream says so.
    """

    capacity: int | None = None
    has_capacity: bool = False
    shrink: Shrink | None = None
    status: ClassStatus | None = None
    is_guarded: bool = False
    is_updated: bool = False


def edit(tx: Transaction, actor: Actor, row: Row[Any], wanted: SeatEdit) -> Row[Any]:
    """Change the seats of a locked class, and promote once by what it has become. The row after.

    Writes `capacity`, `status` and the counters; `version` and `updated_at` are the caller's, once
    for all that one edit changes.

    Raises:
        CapacityBelowTaken: below the seats taken, and `shrink` does not say what then.
        StateConflict: the class cannot go to that status from where it is, or is there already,
            or nobody can be sent back to its line, because it is over.
    """
    is_turned = wanted.status is not None
    if wanted.status is not None:
        require_move(row.status, wanted.status)
    told = _updates(tx, actor, row) if wanted.is_updated else []
    if not (is_turned or wanted.has_capacity or wanted.is_guarded):
        organization_news.tell(tx, row.organization_id, *told)
        return row

    book = _book(tx, row)
    book.of_organization.extend(told)
    if wanted.status != ClassStatus.CANCELLED:
        # What became due while the old status stood is still its doing.
        promotion.settle(tx, book)
    if wanted.has_capacity:
        _resize(tx, book, actor, wanted)
    if wanted.status is not None:
        _turn(tx, book, actor, wanted.status)
    if wanted.is_guarded:
        # Its sessions may have moved out of the way of another class.
        others = tx.all(places.KEPT_WAITING_BY, **_key(row))
        note_due(tx, row.organization_id, {other.class_id for other in others})
    return promotion.finish(tx, book, is_revised=is_turned or wanted.is_guarded)


def revised(tx: Transaction, actor: Actor, row: Row[Any]) -> Row[Any]:
    """Settle a locked class whose windows, deadlines, sessions or line settings have changed.

    `row` is the class after the change. Lets expire what is now overdue, promotes whom the change
    lets move, and notes when the class falls due next. The row after.
    """
    return edit(tx, actor, row, SeatEdit(is_guarded=True, is_updated=True))


def revised_among_others(tx: Transaction, row: Row[Any]) -> None:
    """Note when one of several locked classes falls due after a change, and have it swept.

    Settling them here would lock students of one class after the streams of another. Whoever
    comes before the sweeper settles first what is due, and nobody passes the line meanwhile.
    """
    book = _book(tx, row)
    promotion.note_next_due(tx, book)
    book.due_again = True
    book.write_class(tx)


def _resize(tx: Transaction, book: SeatBook, actor: Actor, wanted: SeatEdit) -> None:
    offered = tx.scalar(places.OFFERED_COUNT, **_key(book.row)) if wanted.shrink else 0
    now = Seats(capacity=book.now["capacity"], seats_taken=book.now["seats_taken"])
    outcome = capacity_changed(now, wanted.capacity, wanted.shrink, offered=offered)
    if isinstance(outcome, BelowTaken):
        raise CapacityBelowTaken(capacity=outcome.capacity, seats_taken=outcome.seats_taken)
    _displace(tx, book, actor, outcome.displaced)
    book.resize(wanted.capacity)
    book.note("class.capacity-changed", actor.user_id, wanted.shrink)


def _turn(tx: Transaction, book: SeatBook, actor: Actor, to: ClassStatus) -> None:
    require_move(book.now["status"], to)
    book.now["status"] = to
    book.note(_EVENT_OF_STATUS[to], actor.user_id)
    if to in LINELESS:
        promotion.settle(tx, book)


def _updates(tx: Transaction, actor: Actor, row: Row[Any]) -> list[Entry]:
    if tx.holds(LockStep.MADE, row.id):
        return []
    return [organization_news.class_updated(row.id, row.version, actor.user_id)]


def _key(row: Row[Any]) -> dict[str, UUID]:
    return {"organization_id": row.organization_id, "class_id": row.id}


def _book(tx: Transaction, row: Row[Any]) -> SeatBook:
    return SeatBook.open(row, tx.scalar(_NOW, clock_now=tx.given_now()))


def _displace(tx: Transaction, book: SeatBook, actor: Actor, count: int) -> None:
    """Send whoever enrolled last back to the head of the line, in the order of their tickets."""
    if not count:
        return
    if book.row.status in LINELESS:
        raise StateConflict("The class is over: its line leads nowhere.", state=book.row.status)
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
