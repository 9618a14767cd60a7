"""The seat ledger of a class: one event for each change, each chained to the one before by hash.

The canonical form is written twice, in Python and in SQL, because a seat taken in a rush must not
wait for a round trip between its lock and its event; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, insert, select

from api import clock, ids
from api.models.event import Event, StreamKind
from api.models.registration import RegistrationState
from api.models.school_class import SchoolClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one event of a class says; `seat_delta` is the seats taken (+1) or freed (-1) by it.

    `actor_id` null: the system. `registration_id` null: the event is about the class itself.
    """

    class_id: UUID
    seq: int
    at: datetime
    type: str
    seat_delta: int
    capacity_after: int | None
    over_after: int
    actor_id: UUID | None = None
    registration_id: UUID | None = None
    student_id: UUID | None = None
    from_state: RegistrationState | None = None
    to_state: RegistrationState | None = None
    ticket: int | None = None
    reason_code: str | None = None

    @classmethod
    def of(cls, row: Row[Any]) -> Entry:
        """From a row of `events`."""
        stored = row._asdict()
        return cls(
            class_id=row.stream_id,
            **{name: stored[name] for name in cls.__slots__ if name != "class_id"},
        )

    def canonical(self) -> str:
        """The text that is hashed: 14 fields joined by `|`, ids in public form, null empty."""
        fields = (
            ids.encode("cls", self.class_id),
            self.seq,
            clock.to_text(self.at),
            self.type,
            public("usr", self.actor_id),
            public("reg", self.registration_id),
            public("stu", self.student_id),
            self.from_state,
            self.to_state,
            self.ticket,
            self.seat_delta,
            self.capacity_after,
            self.over_after,
            self.reason_code,
        )
        return "|".join("" if field is None else str(field) for field in fields)

    def hash_after(self, prev_hash: bytes) -> bytes:
        """SHA-256 of the hash before (32 zero bytes at seq 1) and the canonical form."""
        return sha256(prev_hash + self.canonical().encode()).digest()

    def columns(self, organization_id: UUID, prev_hash: bytes) -> dict[str, Any]:
        """The row of `events`."""
        facts = asdict(self)
        return {
            "stream_kind": StreamKind.CLASS,
            "stream_id": facts.pop("class_id"),
            "organization_id": organization_id,
            "prev_hash": prev_hash,
            "hash": self.hash_after(prev_hash),
            **facts,
        }


def public(prefix: str, identifier: UUID | None) -> str | None:
    """An id in its public form, or nothing."""
    return None if identifier is None else ids.encode(prefix, identifier)


def public_parameters(given: Mapping[str, Any]) -> dict[str, str | None]:
    """The ids among `given` in the form in which `HASH_SQL` wants them bound."""
    return {
        "class_public": public("cls", given["class_id"]),
        "actor_public": public("usr", given["actor_id"]),
        "registration_public": public("reg", given["registration_id"]),
        "student_public": public("stu", given["student_id"]),
    }


HASH_SQL = """sha256(seat.prev_hash || convert_to(concat_ws('|',
    CAST(:class_public AS text),
    seat.seq,
    to_char(seat.decided_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    CAST(:type AS text),
    coalesce(CAST(:actor_public AS text), ''),
    CAST(:registration_public AS text),
    CAST(:student_public AS text),
    '',
    CAST(:state AS text),
    seat.ticket,
    CAST(:seat_delta AS int),
    coalesce(seat.capacity::text, ''),
    seat.over_after,
    coalesce(CAST(:reason_code AS text), '')
), 'UTF8'))"""
"""`hash_after` of a registration's first event in PostgreSQL, over the row `seat`."""

INSERT_ENTRIES = insert(Event)

_OF_CLASS = select(Event.__table__).where(
    Event.stream_kind == StreamKind.CLASS, Event.stream_id == bindparam("class_id")
)
AFTER = _OF_CLASS.where(Event.seq > bindparam("after")).order_by(Event.seq).limit(bindparam("most"))
"""Events of a class after a seq, in order."""

OF_REGISTRATION = _OF_CLASS.where(Event.registration_id == bindparam("registration_id")).order_by(
    Event.seq
)
"""The history of one registration, oldest first."""

LAST_ACTOR = (
    select(Event.actor_id)
    .where(
        Event.stream_kind == StreamKind.CLASS,
        Event.stream_id == bindparam("class_id"),
        Event.type == bindparam("type"),
    )
    .order_by(Event.seq.desc())
    .limit(1)
)
"""Who brought about the last event of a type in a class; null: the system."""

HEAD = select(
    SchoolClass.organization_id,
    SchoolClass.instructors,
    SchoolClass.last_seq,
    SchoolClass.head_hash,
    SchoolClass.seats_taken,
).where(SchoolClass.id == bindparam("class_id"))
"""Where the ledger of a class stands, and who may read it."""
