"""Registering: one use-case behind three doors, and on a hot class one statement under the lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from api.authz.actor import Actor
from api.authz.policy import Policy
from api.errors import Busy, NotFound
from api.ids import Ids
from api.models import registration_reads, seats
from api.models.database import Transaction
from api.models.registration import LIVE, RegistrationState
from api.services import promotion
from api.services.class_seats import locked_class
from api.services.guard_facts import facts_of, windows_of
from api.services.judged import Judged
from api.services.place import Place
from api.services.registration_affordances import judged, judged_in
from api.services.registration_doors import Door, Wish, admitted
from api.services.rules_facts import Facts, LiveRegistration
from api.services.rules_registration import registration_bounds
from api.services.rules_verdicts import (
    CLASS_FULL,
    LINE_CODES,
    Enroll,
    Pending,
    Refused,
    Waitlist,
    verdict,
)
from api.services.rules_windows import pending_ends_at
from api.services.seat_book import SeatBook

ATTEMPTS = 3
"""How often the facts are read again when they changed before the lock was had."""

_STATE = {
    Enroll: RegistrationState.ENROLLED,
    Waitlist: RegistrationState.WAITLISTED,
    Pending: RegistrationState.PENDING,
}
Outcome = Enroll | Waitlist | Pending


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrations:
    """Registrations of students for classes."""

    policy: Policy
    ids: Ids

    def register(self, tx: Transaction, actor: Actor, door: Door, new: Mapping[str, Any]) -> Judged:
        """Give a student a seat, a place in line, or a request for staff to decide on.

        PostgreSQL reads the facts without a lock and writes by one statement that tests that
        they still hold. SQLite, and any class with something overdue, is locked first.

        Raises:
            NotFound, Forbidden: the resources of the URL, or who may register whom; a class that
                is deleted at this moment.
            ValidationFailed: a resource named in the body is not there.
            Blocked: all reasons why not, at once.
            Busy: others changed the facts at every attempt.
        """
        with tx.looking() as look:
            wish, row = admitted(look, self.policy, actor, door, new)
        for _ in range(ATTEMPTS):
            if tx.dialect == "sqlite" or _is_due(row):
                return self._by_book(tx, actor, wish)
            registration = self._by_statement(tx, actor, wish, row)
            if registration is not None:
                return registration
            row = wish.read(tx)
        raise Busy("Others are registering for this class.")

    def _by_statement(
        self, tx: Transaction, actor: Actor, wish: Wish, row: Row[Any]
    ) -> Judged | None:
        now = _now(row)
        facts = facts_of(row, "class_")
        outcome = _decided(facts, now, wish)
        bounds = registration_bounds(facts, now)
        taken = seats.take(
            tx,
            {
                **self._record(actor, wish, row, outcome),
                **_conditions(facts, now, outcome),
                "since": bounds.since,
                "until": bounds.until,
                "version": row.class_version,
                "guard_version": row.subject_guard_version,
            },
        )
        if taken is None:
            return None
        tx.effect = (wish.class_id, taken.last_seq)
        return judged_in(self.policy, actor, taken, context=row, now=taken.decided_at)

    def _by_book(self, tx: Transaction, actor: Actor, wish: Wish) -> Judged:
        class_row = locked_class(tx, wish.class_id)
        if class_row is None:
            raise NotFound
        book = SeatBook.open(class_row, class_row.clock_now)
        row = wish.read(tx)
        if class_row.next_due_at is not None and class_row.next_due_at <= book.at:
            promotion.settle(tx, book)
            # Whoever waits comes before whoever just arrived.
            promotion.promote(tx, book, also=wish.student_id)
        facts = _as_settled(facts_of(row, "class_", book.now), book)
        outcome = _decided(facts, book.at, wish)

        book.require_unchanged(tx, wish.student_id, row.subject_guard_version)
        self._enter(book, actor, wish, self._record(actor, wish, row, outcome))
        promotion.finish(tx, book, is_promoted=True)
        stored = tx.first(
            registration_reads.ITEM,
            registration_id=book.made[0]["id"],
            organization_id=wish.organization_id,
            clock_now=book.at,
        )
        assert stored is not None, "it has just been written"  # shown to mypy
        return judged(self.policy, actor, stored)

    def _enter(self, book: SeatBook, actor: Actor, wish: Wish, record: Mapping[str, Any]) -> None:
        place = Place(
            id=record["registration_id"],
            student_id=wish.student_id,
            ticket=book.now["next_ticket"],
            state=None,
        )
        book.make(
            place,
            RegistrationState(record["state"]),
            actor_id=actor.user_id,
            reason_code=wish.reason_code,
            raises_allowance=record["raises_allowance"],
            overrides=record["overrides"],
            conflict_override=record["conflict_override"],
            previous_id=record["previous_id"],
        )
        book.due(record["due_at"])

    def _record(self, actor: Actor, wish: Wish, row: Row[Any], outcome: Outcome) -> dict[str, Any]:
        """What is written, however it is written."""
        state = _STATE[type(outcome)]
        waived = () if isinstance(outcome, Pending) else outcome.waived
        clashed = "time-conflict" in waived or bool(outcome.warnings)
        return {
            "class_id": wish.class_id,
            "student_id": wish.student_id,
            "registration_id": self.ids.new(wish.organization_id),
            "previous_id": row.previous_id,
            "actor_id": actor.user_id,
            "state": state.value,
            "type": f"registration.{state}",
            "seat_delta": int(state is RegistrationState.ENROLLED),
            "waits": int(state is RegistrationState.WAITLISTED),
            "raises_allowance": CLASS_FULL in waived,
            "overrides": list(waived),
            "conflict_override": clashed,
            "reason_code": wish.reason_code,
            "due_at": _due_at(row, state),
        }


def _decided(facts: Facts, now: datetime, wish: Wish) -> Outcome:
    outcome = verdict(facts, now, wish.on_full, overrides=wish.overrides)
    if isinstance(outcome, Refused):
        raise wish.refused(facts, now, outcome.blocks)
    return outcome


def _as_settled(facts: Facts, book: SeatBook) -> Facts:
    """The facts with the place that the student had in this class as the book has moved it."""
    live = facts.student.live
    if live is None or live.id not in book.moved:
        return facts
    state = book.moved[live.id]["new_state"]
    present = LiveRegistration(id=live.id, state=state) if state in LIVE else None
    return replace(facts, student=replace(facts.student, live=present))


def _now(row: Row[Any]) -> datetime:
    now: datetime = row.clock_now
    return max(now, row.class_last_decided_at or now)


def _is_due(row: Row[Any]) -> bool:
    return row.class_next_due_at is not None and row.class_next_due_at <= _now(row)


def _conditions(facts: Facts, now: datetime, outcome: Outcome) -> dict[str, Any]:
    """What of the counters must still be so when the lock is had."""
    waived = frozenset(() if isinstance(outcome, Pending) else outcome.waived)
    wanted = "any"
    if isinstance(outcome, Waitlist):
        wanted = "line"
    elif isinstance(outcome, Enroll) and CLASS_FULL not in waived:
        wanted = "seat"
    return {
        "wanted": wanted,
        "line_is_over": not facts.school_class.promotes_at(now),
        "line_is_waived": bool(waived & LINE_CODES),
    }


def _due_at(row: Row[Any], state: RegistrationState) -> datetime | None:
    if state is RegistrationState.WAITLISTED:
        ends_at: datetime | None = row.class_effective_promotion_ends_at
        return ends_at
    if state is RegistrationState.PENDING:
        return pending_ends_at(windows_of(row.class_windows))
    return None
