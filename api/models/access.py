"""The access snapshot of a request: token, user, memberships and stored answer in one statement."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, select

from api.models.idempotency import IdempotencyKey
from api.models.organization import Member, Organization
from api.models.student import Student
from api.models.user import Token

BY_TOKEN = (
    select(
        Token.id.label("token_id"),
        Token.user_id,
        Token.scopes,
        Token.expires_at,
        Token.revoked_at,
        Member.id.label("member_id"),
        Organization.id.label("organization_id"),
        Member.role,
        Student.id.label("student_id"),
    )
    .select_from(Token)
    .outerjoin(Member, Member.user_id == Token.user_id)
    .outerjoin(
        Organization,
        and_(Organization.id == Member.organization_id, Organization.archived_at.is_(None)),
    )
    .outerjoin(
        Student,
        and_(Student.organization_id == Member.organization_id, Student.member_id == Member.id),
    )
    .where(Token.hash == bindparam("token_hash"))
)
"""One row for each membership, or one with nulls."""

BY_TOKEN_AND_KEY = BY_TOKEN.add_columns(
    IdempotencyKey.fingerprint,
    IdempotencyKey.status,
    IdempotencyKey.body,
    IdempotencyKey.location,
    IdempotencyKey.etag,
).outerjoin(
    IdempotencyKey,
    and_(
        IdempotencyKey.user_id == Token.user_id,
        IdempotencyKey.method == bindparam("method"),
        IdempotencyKey.path == bindparam("path"),
        IdempotencyKey.key == bindparam("key"),
    ),
)
"""The same with the answer that is stored under a request's idempotency key."""


def is_over(row: Row[Any], now: datetime) -> bool:
    """Whether the token of a row has expired or was revoked."""
    return row.revoked_at is not None or row.expires_at <= now
