"""Reading the seat ledger of a class: its events, and whether they add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from api.authz.actor import Actor
from api.authz.policy import Action, Policy, Subject
from api.models import ledger
from api.models.database import Transaction
from api.models.school_class import NO_HASH, instructor_ids
from api.services.catalogue import refuse_absent

PAGE_OF_AUDIT = 5_000
"""Events that are read at once while a ledger is replayed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Some events of one class, in order; `next_after` is the seq to go on from."""

    class_id: UUID
    items: Sequence[Row[Any]]
    next_after: int
    head_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What the replay of a ledger came to; `first_bad_seq` names the first event at fault."""

    class_id: UUID
    valid: bool
    events: int
    seats_taken: int
    head_hash: str
    first_bad_seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledgers:
    """The ledgers of classes, for staff."""

    policy: Policy

    def events(
        self, tx: Transaction, actor: Actor, class_id: UUID, asked: Mapping[str, Any]
    ) -> EventPage:
        """At most `limit` events after the seq `after`.

        Raises:
            NotFound: there is no such class for the caller.
            Forbidden: the caller is a member, and not staff of the class.
        """
        head = self._head(tx, actor, class_id)
        rows = tx.all(ledger.AFTER, class_id=class_id, after=asked["after"], most=asked["limit"])
        next_after = rows[-1].seq if rows else asked["after"]
        return EventPage(
            class_id=class_id, items=rows, next_after=next_after, head_seq=head.last_seq
        )

    def audit(self, tx: Transaction, actor: Actor, class_id: UUID) -> Audit:
        """Replay every event of a class: no gap, every hash right, never a seat too many.

        Raises:
            NotFound: there is no such class for the caller.
            Forbidden: the caller is a member, and not staff of the class.
        """
        head = self._head(tx, actor, class_id)
        replay = Replay()
        while replay.first_bad_seq is None:
            rows = tx.all(ledger.AFTER, class_id=class_id, after=replay.seq, most=PAGE_OF_AUDIT)
            if not rows:
                break
            for row in rows:
                replay.add(row)
        adds_up = (
            replay.seq == head.last_seq
            and replay.head_hash == head.head_hash
            and replay.seats_taken == head.seats_taken
        )
        bad = replay.first_bad_seq
        if bad is None and not adds_up:
            # Every event is sound and their end is not what the class says: one is missing.
            bad = replay.seq + 1
        return Audit(
            class_id=class_id,
            valid=bad is None,
            events=replay.seq,
            seats_taken=replay.seats_taken,
            head_hash=replay.head_hash.hex(),
            first_bad_seq=bad,
        )

    def _head(self, tx: Transaction, actor: Actor, class_id: UUID) -> Row[Any]:
        head = tx.first(ledger.HEAD, class_id=class_id)
        if head is None:
            refuse_absent(self.policy, actor, Action.LEDGER_READ)
        subject = Subject(head.organization_id, instructors=instructor_ids(head.instructors))
        self.policy.require(actor, Action.LEDGER_READ, subject)
        return head


@dataclass(slots=True)
class Replay:
    """A ledger as far as it was read; nothing is added behind the first fault."""

    seq: int = 0
    seats_taken: int = 0
    head_hash: bytes = NO_HASH
    first_bad_seq: int | None = None

    def add(self, row: Row[Any]) -> None:
        """Hold the next event against what came before."""
        if self.first_bad_seq is not None:
            return
        seats_taken = self.seats_taken + row.seat_delta
        oversold = row.capacity_after is not None and seats_taken > (
            row.capacity_after + row.over_after
        )
        is_chained = (
            row.seq == self.seq + 1
            and row.prev_hash == self.head_hash
            and row.hash == ledger.Entry.of(row).hash_after(self.head_hash)
        )
        if oversold or not is_chained or seats_taken < 0:
            self.first_bad_seq = self.seq + 1
            return
        self.seq, self.seats_taken, self.head_hash = row.seq, seats_taken, row.hash
