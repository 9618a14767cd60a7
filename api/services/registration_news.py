"""What a student learns on the own stream of changes that somebody else brought about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from api import clock, ids
from api.models import places, streams
from api.models.database import Transaction
from api.models.event import StreamKind


@dataclass(frozen=True, slots=True)
class News:
    """A change of a registration by somebody else than its student; `actor_id` null: the system."""

    registration_id: UUID
    type: str
    actor_id: UUID | None
    reason_code: str | None


def tell(
    tx: Transaction,
    organization_id: UUID,
    news: Sequence[News],
    students: Mapping[UUID, Row[Any]],
    at: datetime,
) -> None:
    """Write a `user:` event for each of `news` whose student has a login.

    `students` are theirs by id, locked, with the `user_id` of the login. Locks the streams, in the
    order of their ids.
    """
    users = {student_id: row.user_id for student_id, row in students.items()}
    if not any(users.values()):
        return
    found = tx.all(
        places.BY_IDS, organization_id=organization_id, ids=[one.registration_id for one in news]
    )
    rows = {row.id: row for row in found}
    told = [
        (user_id, rows[one.registration_id], one)
        for one in news
        if (user_id := users.get(rows[one.registration_id].student_id)) is not None
    ]
    for user_id, row, one in sorted(told, key=lambda item: item[0]):
        data = {**public_registration(row), "reason_code": one.reason_code}
        told_to = streams.Entry(type=one.type, actor_id=one.actor_id, data=data)
        streams.append(
            tx, StreamKind.USER, user_id, [told_to], organization_id=organization_id, at=at
        )


def public_registration(row: Row[Any]) -> dict[str, Any]:
    """A registration as JSON, without what depends on who reads it and when."""
    expires_at, previous_id = row.offer_expires_at, row.previous_id
    return {
        "id": ids.encode("reg", row.id),
        "organization_id": ids.encode("org", row.organization_id),
        "class_id": ids.encode("cls", row.class_id),
        "student_id": ids.encode("stu", row.student_id),
        "state": row.state.value,
        "ticket": row.ticket,
        "priority": row.priority,
        "offer_expires_at": None if expires_at is None else clock.to_text(expires_at),
        "skip_reason": row.skip_reason,
        "overrides": row.overrides,
        "previous_id": None if previous_id is None else ids.encode("reg", previous_id),
        "decided_at": clock.to_text(row.decided_at),
        "created_at": clock.to_text(row.created_at),
        "updated_at": clock.to_text(row.updated_at),
        "version": row.version,
    }
