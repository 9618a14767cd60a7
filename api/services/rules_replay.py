"""The ledger of a class, replayed: its chain, whose turn it was, and whether it was the time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from api.models.ledger import Entry
from api.models.registration import RegistrationState
from api.models.school_class import NO_HASH
from api.services.rules_waitlist import DISPLACED_PRIORITY
from api.services.rules_windows import Window, window_block

LONGEST_OFFER = timedelta(seconds=1_209_600)
"""No class may give anybody more time to accept, whatever it was set to."""

_S = RegistrationState


@dataclass(frozen=True, slots=True)
class Fault:
    """An event at which an invariant is broken; `number` is that of the invariant."""

    number: int
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is stored of a registration and stands in no event."""

    priority: int
    is_override: bool
    groups: frozenset[str]
    student_updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of a class as they stand since `updated_at`; before, they may have been others."""

    head_hash: bytes
    windows: Sequence[Window]
    offer_ttl: timedelta
    promotion_ends_at: datetime | None
    updated_at: datetime


def replay(rules: Rules, events: Iterable[Any], known: Mapping[UUID, Known]) -> Iterator[Fault]:
    """Go through the events of one class (rows of `events`, in order) and name those at fault."""
    previous, seq = NO_HASH, 0
    line = _Line(known)
    offered_at: dict[UUID, datetime] = {}
    for row in events:
        seq = row.seq
        if row.prev_hash != previous or Entry.of(row).hash_after(previous) != row.hash:
            yield Fault(14, seq)
        # Later links are held against what is stored, so that only the broken one is named.
        previous = row.hash
        if row.registration_id is None or row.to_state is None:
            continue
        if line.is_barged_by(row) and not _is_over(rules, row.at):
            yield Fault(8, seq)
        if _accepts_too_late(rules, row, offered_at):
            yield Fault(19, seq)
        if _comes_at_a_wrong_time(rules, row, known.get(row.registration_id)):
            yield Fault(20, seq)
    if previous != rules.head_hash:
        yield Fault(14, seq)


@dataclass(slots=True)
class _Line:
    """Who waits and was not passed over, as far as the ledger tells.

    Priorities stand in no event. One that the ledger does not explain was set by staff at some
    moment, so that row is compared with nobody.
    """

    known: Mapping[UUID, Known]
    keys: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    priorities: dict[UUID, int] = field(default_factory=dict)
    moved_by_staff: set[UUID] = field(default_factory=set)
    heap: list[tuple[int, int, UUID]] = field(default_factory=list)

    def is_barged_by(self, row: Any) -> bool:
        """Whether this event gives a seat to somebody before whom another stood; then move on."""
        registration_id = row.registration_id
        if row.type == "registration.prioritized":
            self.moved_by_staff.add(registration_id)
        if row.type == "registration.displaced":
            self.priorities[registration_id] = DISPLACED_PRIORITY
        key = (-self.priorities.get(registration_id, 0), row.ticket)
        self.keys.pop(registration_id, None)
        barges = row.seat_delta == 1 and self._stands_before(registration_id, key)
        if row.to_state == _S.WAITLISTED and row.type != "registration.skipped":
            self.keys[registration_id] = key
            heapq.heappush(self.heap, (*key, registration_id))
        return barges

    def _stands_before(self, registration_id: UUID, key: tuple[int, int]) -> bool:
        mine = self.known.get(registration_id)
        if mine is None or mine.is_override or self._was_moved(registration_id):
            return False
        while self.heap and (
            self.keys.get(self.heap[0][2]) != self.heap[0][:2] or self._was_moved(self.heap[0][2])
        ):
            heapq.heappop(self.heap)
        return bool(self.heap) and self.heap[0][:2] < key

    def _was_moved(self, registration_id: UUID) -> bool:
        stored = self.known.get(registration_id)
        if registration_id in self.moved_by_staff:
            return True
        # One that will be displaced later is stored with the priority it has then.
        return stored is None or stored.priority not in (
            self.priorities.get(registration_id, 0),
            DISPLACED_PRIORITY,
        )


def _accepts_too_late(rules: Rules, row: Any, offered_at: dict[UUID, datetime]) -> bool:
    if row.to_state == _S.OFFERED:
        offered_at[row.registration_id] = row.at
    if row.from_state != _S.OFFERED or row.to_state != _S.ENROLLED:
        return False
    since = offered_at.get(row.registration_id)
    if since is None:
        return True
    lasts = rules.offer_ttl if rules.updated_at <= since else LONGEST_OFFER
    return bool(row.at >= since + lasts)


def _comes_at_a_wrong_time(rules: Rules, row: Any, known: Known | None) -> bool:
    if known is None or known.is_override or row.at < rules.updated_at:
        return False
    if row.from_state is None:
        groups = known.groups if known.student_updated_at <= row.at else None
        return window_block(rules.windows, groups, row.at) is not None
    moves_up = row.from_state == _S.WAITLISTED and row.seat_delta == 1
    return moves_up and _is_over(rules, row.at)


def _is_over(rules: Rules, at: datetime) -> bool:
    """Whether the line no longer moved, so that nobody in it had a claim."""
    return rules.promotion_ends_at is not None and at >= rules.promotion_ends_at
