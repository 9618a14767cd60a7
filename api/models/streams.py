"""Appending to the streams of organizations and users, whose counters are rows of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, bindparam, insert
from sqlalchemy.dialects import postgresql, sqlite

from api.models.database import Transaction
from api.models.event import Event, Stream, StreamKind
from api.models.locks import LockStep

_FIRST: dict[str, Any] = {
    "kind": bindparam("kind"),
    "id": bindparam("id"),
    "organization_id": bindparam("organization_id"),
    "last_seq": bindparam("count"),
}


def _raised(into: sqlite.Insert | postgresql.Insert) -> Executable:
    further = {"last_seq": Stream.last_seq + into.excluded.last_seq}
    first = into.values(_FIRST)
    raised = first.on_conflict_do_update(index_elements=["kind", "id"], set_=further)
    return raised.returning(Stream.last_seq)


_LAST_SEQ = {
    "sqlite": _raised(sqlite.insert(Stream)),
    "postgresql": _raised(postgresql.insert(Stream)),
}
_INSERT_EVENT = insert(Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one event says. `data` is JSON: ids in public form, instants as text.

    `actor_id` null: the system.
    """

    type: str
    actor_id: UUID | None
    data: Mapping[str, Any]


def append(
    tx: Transaction,
    kind: StreamKind,
    stream_id: UUID,
    entries: Sequence[Entry],
    *,
    organization_id: UUID | None,
    at: datetime | None = None,
) -> None:
    """Write the next events of an `org:`, `room:` or `user:` stream, in two statements for all.

    Locks the stream's row, which comes after every other lock: several streams in one transaction
    are appended to in the order of (kind, id). `at` is the transaction's clock unless given.
    """
    if not entries:
        return
    tx.lock(LockStep.STREAM, (kind.value, stream_id))
    key = {"kind": kind, "id": stream_id, "organization_id": organization_id}
    last_seq: int = tx.scalar(_LAST_SEQ[tx.dialect], **key, count=len(entries))
    of_stream = {
        "stream_kind": kind,
        "stream_id": stream_id,
        "organization_id": organization_id,
        "at": at or tx.now(),
    }
    tx.execute(
        _INSERT_EVENT,
        [
            {
                **of_stream,
                "seq": seq,
                "type": entry.type,
                "actor_id": entry.actor_id,
                "data": dict(entry.data),
            }
            for seq, entry in enumerate(entries, last_seq - len(entries) + 1)
        ],
    )
