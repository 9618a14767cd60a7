"""Appending to the streams of organizations and users, whose counters are rows of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert
from sqlalchemy.dialects import postgresql, sqlite

from api.models.database import Transaction
from api.models.event import Event, Stream, StreamKind
from api.models.locks import LockStep

_FIRST = {
    "kind": bindparam("kind"),
    "id": bindparam("id"),
    "organization_id": bindparam("organization_id"),
    "last_seq": 1,
}
_FURTHER = {"last_seq": Stream.last_seq + 1}
_NEXT_SEQ = {
    "sqlite": sqlite.insert(Stream)
    .values(_FIRST)
    .on_conflict_do_update(index_elements=["kind", "id"], set_=_FURTHER)
    .returning(Stream.last_seq),
    "postgresql": postgresql.insert(Stream)
    .values(_FIRST)
    .on_conflict_do_update(index_elements=["kind", "id"], set_=_FURTHER)
    .returning(Stream.last_seq),
}
_INSERT_EVENT = insert(Event)


def append(
    tx: Transaction,
    kind: StreamKind,
    stream_id: UUID,
    *,
    organization_id: UUID | None,
    type: str,  # noqa: A002  # the name of the envelope's member
    actor_id: UUID | None,
    data: Mapping[str, Any],
    at: datetime | None = None,
) -> int:
    """Write the next event of an `org:`, `room:` or `user:` stream; give its seq.

    Locks the stream's row, which comes after every other lock: several streams in one transaction
    are appended to in the order of (kind, id). `data` is JSON: ids in public form, instants as
    text. `at` is the transaction's clock unless given.
    """
    tx.lock(LockStep.STREAM, (kind.value, stream_id))
    key = {"kind": kind, "id": stream_id, "organization_id": organization_id}
    seq: int = tx.scalar(_NEXT_SEQ[tx.dialect], **key)
    tx.execute(
        _INSERT_EVENT,
        {
            "stream_kind": kind,
            "stream_id": stream_id,
            "seq": seq,
            "organization_id": organization_id,
            "at": at or tx.now(),
            "type": type,
            "actor_id": actor_id,
            "data": dict(data),
        },
    )
    return seq
