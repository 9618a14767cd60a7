"""Answers that are kept, so that a request sent twice is carried out once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, bindparam, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Identifier, choice
from api.models.event import StreamKind


class IdempotencyKey(Base):
    """The answer to one request, in the transaction of its effect.

    `fingerprint` is the HMAC of query, media type and body. `student_id` is the student that the
    request was about, for erasure. The three columns `event_…` name the effect's event.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "expires_at"),)

    user_id: Mapped[UUID] = mapped_column(
        # Named here: a type that comes from the key's target is not known yet when FIND is built.
        Identifier,
        ForeignKey("users.id", ondelete="CASCADE"),
        primary_key=True,
    )
    method: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    student_id: Mapped[UUID | None]
    status: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[bytes]
    location: Mapped[str | None]
    etag: Mapped[str | None]
    event_stream_kind: Mapped[StreamKind | None] = mapped_column(choice(StreamKind))
    event_stream_id: Mapped[UUID | None]
    event_seq: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


FIND = select(
    IdempotencyKey.fingerprint,
    IdempotencyKey.status,
    IdempotencyKey.body,
    IdempotencyKey.location,
    IdempotencyKey.etag,
).where(
    IdempotencyKey.user_id == bindparam("user_id"),
    IdempotencyKey.method == bindparam("method"),
    IdempotencyKey.path == bindparam("path"),
    IdempotencyKey.key == bindparam("key"),
)
"""The answer kept for one request; parameters user_id, method, path, key."""

INSERT = insert(IdempotencyKey)
"""Keep an answer; parameters are its columns."""


def is_of_the_record(error: IntegrityError) -> bool:
    """Whether a failure to keep an answer is the record's own.

    With it comes the commit, at which constraints of other tables may speak up.
    """
    told = getattr(error.orig, "diag", None)
    return told is None or told.table_name == IdempotencyKey.__tablename__
