"""The one table of events, and the counters of the streams that they belong to.

The counter and the chain of a class's stream are columns of the class instead.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Json, choice, one_of
from api.models.registration import RegistrationState


class StreamKind(enum.StrEnum):
    """What a stream is about; its public name is `<kind>:<public id>`."""

    CLASS = "class"
    ORG = "org"
    ROOM = "room"
    USER = "user"


class Event(Base):
    """Something that happened, `seq`th in its stream, without a gap.

    The events of a class are its seat ledger: their facts are columns, `data` is null, and each
    carries the hash of the one before. They are never pruned.
    """

    __tablename__ = "events"
    __table_args__ = (
        one_of("stream_kind", StreamKind),
        CheckConstraint("seq >= 1", name="seq_from_one"),
        CheckConstraint("seat_delta BETWEEN -1 AND 1", name="one_seat_at_a_time"),
        CheckConstraint(
            "stream_kind <> 'class' OR"
            " (hash IS NOT NULL AND prev_hash IS NOT NULL AND seat_delta IS NOT NULL)",
            name="classes_are_chained",
        ),
        Index(
            "ix_events_registration",
            "registration_id",
            "seq",
            sqlite_where=text("registration_id IS NOT NULL"),
            postgresql_where=text("registration_id IS NOT NULL"),
        ),
    )

    stream_kind: Mapped[StreamKind] = mapped_column(choice(StreamKind), primary_key=True)
    stream_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # Null only in a user's stream, for what concerns the account itself.
    organization_id: Mapped[UUID | None]
    at: Mapped[datetime]
    type: Mapped[str]
    # Null: the system did it. No foreign key: the ledger outlives logins.
    actor_id: Mapped[UUID | None]
    data: Mapped[dict[str, Any] | None] = mapped_column(Json)

    registration_id: Mapped[UUID | None]
    student_id: Mapped[UUID | None]
    from_state: Mapped[RegistrationState | None] = mapped_column(choice(RegistrationState))
    to_state: Mapped[RegistrationState | None] = mapped_column(choice(RegistrationState))
    ticket: Mapped[int | None]
    seat_delta: Mapped[int | None]
    capacity_after: Mapped[int | None]
    over_after: Mapped[int | None]
    reason_code: Mapped[str | None]
    prev_hash: Mapped[bytes | None]
    hash: Mapped[bytes | None]


class Stream(Base):
    """The counter of a stream that is not a class's; locked last, in the order of its key."""

    __tablename__ = "streams"
    __table_args__ = (
        CheckConstraint("kind IN ('org', 'room', 'user')", name="kind_known"),
        CheckConstraint("floor_seq BETWEEN 0 AND last_seq", name="floor_below_head"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    kind: Mapped[StreamKind] = mapped_column(choice(StreamKind), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None]
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    epoch: Mapped[int] = mapped_column(default=1)
    floor_seq: Mapped[int] = mapped_column(BigInteger, default=0)
