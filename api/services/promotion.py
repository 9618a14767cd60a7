"""The one way in which anybody moves up: settle what is overdue, then give away what is free.

Every transaction that frees a seat calls this before it commits. Nobody else promotes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, bindparam, select

from api.models import facts as fact_queries
from api.models import ledger, places
from api.models.database import Transaction
from api.models.registration import LIVE, RegistrationState
from api.models.school_class import ClassStatus
from api.models.term import Term
from api.services.guard_facts import facts_of, windows_of
from api.services.place import Place
from api.services.rules_registration import promotion_block
from api.services.rules_waitlist import (
    EVALUATIONS,
    Line,
    Offer,
    Plan,
    Promote,
    Skip,
    Waiter,
    plan_promotions,
)
from api.services.rules_windows import pending_ends_at
from api.services.seat_book import SeatBook

CANCELLED = "class.cancelled"
"""The event of the end for good of a class."""

ROWS_A_PASS = 1_000
"""Rows that one transaction lets expire or cancels; the sweeper goes on with the rest."""

FACTS_AT_ONCE = 25
"""Waiters whose facts are read in one statement."""

_S = RegistrationState
_ENDS_ON = select(Term.ends_on).where(
    Term.organization_id == bindparam("organization_id"), Term.id == bindparam("term_id")
)


def settle(tx: Transaction, book: SeatBook) -> None:
    """Write down what has become due: the end of the class, of offers, requests and the line."""
    _end_if_over(tx, book)
    status = book.now["status"]
    states = _overdue_states(book, status)
    rows = tx.all(
        places.OVERDUE,
        organization_id=book.row.organization_id,
        class_id=book.row.id,
        states=sorted(states),
        at=book.at,
        most=ROWS_A_PASS + 1,
    )
    overdue = {row.id: book.now_of(row) for row in rows[:ROWS_A_PASS]}
    cancelled_by = _who_cancelled(tx, book) if status == ClassStatus.CANCELLED else None
    for place in {**overdue, **book.present}.values():
        if not (place.state in states or (place.state == _S.OFFERED and place.id in overdue)):
            continue
        if status == ClassStatus.CANCELLED:
            book.move(place, _S.CANCELLED, type="registration.cancelled", actor_id=cancelled_by)
        else:
            book.move(place, _S.EXPIRED, type="registration.expired")
    if len(rows) > ROWS_A_PASS:
        book.due_again = True


def settle_if_due(tx: Transaction, book: SeatBook) -> None:
    """Settle a class of which something may be overdue."""
    if book.row.next_due_at is not None and book.row.next_due_at <= book.at:
        settle(tx, book)


def promote(tx: Transaction, book: SeatBook, *, also: UUID | None = None) -> None:
    """Give the free seats to whom they belong, at most 200 evaluations at a time.

    Call it after every move of the book and before it is written. Locks the students of the book
    and those who move; a waiter who changes at this moment is left, with all behind, to the next
    pass, and newcomers can only queue until then.
    """
    line = _line(book)
    nobody_waits = book.now["waiting"] == 0
    if nobody_waits or line.free == 0 or not line.moves_at(book.at):
        book.now["promotion_pending"] = False
        return
    waiters = _Waiters(tx, book, line)
    plan = plan_promotions(waiters.rows, waiters.skip_reason, line=line, now=book.at)
    plan = _as_far_as_unchanged(tx, book, plan, waiters.guard_versions, also=also)
    for move in plan.moves:
        _make(book, move, waiters.places[move.waiter.registration_id])
    book.now["promotion_pending"] = plan.remaining
    book.due_again = book.due_again or plan.remaining


def finish(
    tx: Transaction, book: SeatBook, *, is_revised: bool = False, is_promoted: bool = False
) -> Row[Any]:
    """Promote unless that was done, and write the book; the class as it is then.

    `is_revised`: what the class falls due by has changed with it.
    """
    if not is_promoted:
        promote(tx, book)
    book.write_rows(tx)
    was_due = book.row.next_due_at is not None and book.row.next_due_at <= book.at
    if was_due or is_revised:
        note_next_due(tx, book)
    return book.write_class(tx)


def note_next_due(tx: Transaction, book: SeatBook) -> None:
    """Work out anew when the class falls due next, once the book's registrations are written."""
    row, now = book.row, book.now
    found = tx.first(places.DUE_OF_ROWS, organization_id=row.organization_id, class_id=row.id)
    first_offer = None if found is None else found.first_offer_ends_at
    pending = 0 if found is None else found.pending
    dues = [
        first_offer,
        pending_ends_at(windows_of(row.windows)) if pending else None,
        row.effective_promotion_ends_at if now["waiting"] else None,
        ends_at(tx, row) if now["status"] in {ClassStatus.OPEN, ClassStatus.CLOSED} else None,
    ]
    now["next_due_at"] = min((due for due in dues if due is not None), default=None)


def ends_at(tx: Transaction, row: Row[Any]) -> datetime | None:
    """When the class ends by itself: as the day after its term's last begins in its zone.

    A term to the end of the calendar has no day after: null, never.
    """
    if row.term_id is None:
        return None
    ends_on = tx.scalar(_ENDS_ON, organization_id=row.organization_id, term_id=row.term_id)
    if ends_on == date.max:
        return None
    zone = ZoneInfo(row.effective_timezone)
    return datetime.combine(ends_on + timedelta(days=1), time(), zone).astimezone(UTC)


def _end_if_over(tx: Transaction, book: SeatBook) -> None:
    if book.now["status"] not in {ClassStatus.OPEN, ClassStatus.CLOSED}:
        return
    over = ends_at(tx, book.row)
    if over is not None and over <= book.at:
        book.now["status"] = ClassStatus.ENDED
        book.now["version"] += 1
        book.now["updated_at"] = max(book.at, book.row.updated_at)
        book.note("class.ended", None)


def _who_cancelled(tx: Transaction, book: SeatBook) -> UUID | None:
    """Who cancelled the class, and so every place in it: now, or before an earlier pass."""
    for entry in book.entries:
        if entry["type"] == CANCELLED:
            now: UUID | None = entry["actor_id"]
            return now
    before: UUID | None = tx.scalar(ledger.LAST_ACTOR, class_id=book.row.id, type=CANCELLED)
    return before


def _overdue_states(book: SeatBook, status: ClassStatus) -> frozenset[RegistrationState]:
    if status == ClassStatus.CANCELLED:
        return LIVE
    if status == ClassStatus.ENDED:
        return frozenset({_S.PENDING, _S.WAITLISTED, _S.OFFERED})
    overdue = set()
    line_ends_at = book.row.effective_promotion_ends_at
    if line_ends_at is not None and line_ends_at <= book.at:
        overdue.add(_S.WAITLISTED)
    requests_end_at = pending_ends_at(windows_of(book.row.windows))
    if requests_end_at is not None and requests_end_at <= book.at:
        overdue.add(_S.PENDING)
    return frozenset(overdue)


def _line(book: SeatBook) -> Line:
    row = book.row
    return Line(
        status=book.now["status"],
        mode=row.waitlist_mode,
        offer_ttl_seconds=row.waitlist_offer_ttl_seconds,
        free=book.free,
        promotion_ends_at=row.effective_promotion_ends_at,
        promotion_pending=book.now["promotion_pending"],
    )


@dataclass(slots=True)
class _Waiters:
    """The head of the line, whose facts are read as far as somebody asks for them."""

    tx: Transaction
    book: SeatBook
    line: Line
    rows: list[Waiter] = field(default_factory=list)
    places: dict[UUID, Place] = field(default_factory=dict)
    guard_versions: dict[UUID, int] = field(default_factory=dict)
    _reasons: dict[UUID, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        head = places.LINE_NOT_SKIPPED if self.line.promotion_pending else places.LINE
        school_class = self.book.row
        found = self.tx.all(
            head,
            organization_id=school_class.organization_id,
            class_id=school_class.id,
            most=EVALUATIONS + 1,
        )
        for row in found:
            if row.id not in self.book.moved:
                self._add(Place.of(row))
        for place in self.book.line.values():
            self._add(place)

    def _add(self, place: Place) -> None:
        self.places[place.id] = place
        self.rows.append(
            Waiter(
                registration_id=place.id,
                student_id=place.student_id,
                ticket=place.ticket,
                priority=place.priority,
                skip_reason=place.skip_reason,
            )
        )

    def skip_reason(self, waiter: Waiter) -> str | None:
        """Why this waiter cannot have the seat, by the facts of this moment."""
        if waiter.student_id not in self._reasons:
            start = self.rows.index(waiter)
            self._read(self.rows[start : start + FACTS_AT_ONCE])
        return self._reasons[waiter.student_id]

    def _read(self, waiters: Sequence[Waiter]) -> None:
        rows = self.tx.all(
            fact_queries.GUARDS,
            class_id=self.book.row.id,
            student_ids=[waiter.student_id for waiter in waiters],
            clock_now=self.book.at,
        )
        for row in rows:
            block = promotion_block(facts_of(row, "class_"), self.book.at)
            self._reasons[row.subject_id] = None if block is None else block.code
            self.guard_versions[row.subject_id] = row.subject_guard_version


def _as_far_as_unchanged(
    tx: Transaction,
    book: SeatBook,
    plan: Plan,
    guard_versions: Mapping[UUID, int],
    *,
    also: UUID | None,
) -> Plan:
    """The moves before the first whose student has changed since the facts were read."""
    if not plan.moves:
        return plan
    others = [] if also is None else [also]
    locked = book.lock_students(tx, [*others, *(move.waiter.student_id for move in plan.moves)])
    for index, move in enumerate(plan.moves):
        student_id = move.waiter.student_id
        if locked[student_id].guard_version != guard_versions[student_id]:
            return Plan(plan.moves[:index], remaining=True)
    return plan


def _make(book: SeatBook, move: Promote | Offer | Skip, place: Place) -> None:
    if isinstance(move, Skip):
        book.pass_over(place, move.reason)
    elif isinstance(move, Offer):
        expires_at = move.expires_at
        book.move(place, _S.OFFERED, type="registration.offered", offer_expires_at=expires_at)
        book.due(expires_at)
    else:
        book.move(place, _S.ENROLLED, type="registration.enrolled")
