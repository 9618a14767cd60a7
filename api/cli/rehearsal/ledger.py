"""The seat ledger of a class, replayed by a reader who trusts nothing but its events."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

ZERO = "0" * 64
SEATED = ("enrolled", "offered")

HASHED = (
    *("type", "actor_id", "registration_id", "student_id", "from_state", "to_state"),
    *("ticket", "seat_delta", "capacity_after", "over_after", "reason_code"),
)


@dataclass(frozen=True, slots=True)
class Move:
    """How an event changed the seats taken and the line, and when by the server's clock."""

    at: datetime
    seats: int
    waiting: int


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What the events of one class say. Each list of faults names the `seq` at fault."""

    class_id: str
    head: int = 0
    seats: int = 0
    waiting: dict[str, int] = field(default_factory=dict)
    states: dict[str, list[str]] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    oversold: list[int] = field(default_factory=list)
    barged: list[int] = field(default_factory=list)
    forged: list[int] = field(default_factory=list)
    _hash: str = ZERO
    _skipped: set[str] = field(default_factory=set)

    @property
    def eligible(self) -> int:
        """How many wait who were not passed over for a reason of their own."""
        return len(set(self.waiting) - self._skipped)

    def add(self, event: dict[str, Any]) -> None:
        """Take the next event in."""
        facts = {**event.get("data", {}), **{k: v for k, v in event.items() if k != "data"}}
        seq = facts["seq"]
        if seq != self.head + 1:
            self.gaps.append(seq)
        self.head = seq
        if chained(self._hash, self.class_id, facts) != facts.get("hash"):
            self.forged.append(seq)
        self._hash = facts.get("hash") or ZERO
        self._seat(facts)
        if facts.get("registration_id") is not None:
            self._place(facts)

    def _seat(self, facts: dict[str, Any]) -> None:
        self.seats += facts.get("seat_delta") or 0
        capacity = facts.get("capacity_after")
        if capacity is not None and self.seats > capacity + (facts.get("over_after") or 0):
            self.oversold.append(facts["seq"])

    def _place(self, facts: dict[str, Any]) -> None:
        """Follow one registration; a seat given past an eligible waiter is barging."""
        registration, state = facts["registration_id"], facts.get("to_state")
        if facts["type"] == "registration.skipped":
            self._skipped.add(registration)
            return
        if state is None:
            return
        was_waiting = len(self.waiting)
        ticket = self.waiting.pop(registration, facts.get("ticket") or 0)
        if state in SEATED and (facts.get("seat_delta") or 0) > 0:
            before = [t for other, t in self.waiting.items() if other not in self._skipped]
            if before and min(before) < ticket:
                self.barged.append(facts["seq"])
        if state == "waitlisted":
            self.waiting[registration] = ticket
        self._skipped.discard(registration)
        self.states.setdefault(registration, []).append(state)
        delta = len(self.waiting) - was_waiting
        moment = datetime.fromisoformat(facts["at"])
        self.moves.append(Move(moment, facts.get("seat_delta") or 0, delta))


def replayed(class_id: str, events: Iterable[dict[str, Any]]) -> Ledger:
    """Replay the whole stream of a class from its first event."""
    ledger = Ledger(class_id=class_id)
    for event in events:
        ledger.add(event)
    return ledger


def chained(previous: str, class_id: str, facts: dict[str, Any]) -> str:
    """The hash that an event must carry after `previous`, both in hex.

    SHA-256 over the 32 bytes of `previous` (zero before the first event) and the fields joined by
    "|", null as nothing; the canonical form of the ledger, made here a second time on purpose.
    """
    fields = [class_id, facts["seq"], facts["at"], *(facts.get(name) for name in HASHED)]
    text = "|".join("" if value is None else str(value) for value in fields)
    return hashlib.sha256(bytes.fromhex(previous) + text.encode()).hexdigest()
