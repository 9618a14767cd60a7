"""The access snapshot of a request: token, user, memberships, and whether it is a retry."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, select

from api.models.idempotency import IdempotencyKey
from api.models.organization import Member, Organization
from api.models.student import Student
from api.models.user import Token

_COLUMNS: tuple[Any, ...] = (
    Token.id.label("token_id"),
    Token.user_id,
    Token.scopes,
    Token.expires_at,
    Token.revoked_at,
    Member.id.label("member_id"),
    Organization.id.label("organization_id"),
    Member.role,
    Student.id.label("student_id"),
    Student.status.label("student_status"),
)
BY_TOKEN: Select[Any] = (
    select(*_COLUMNS)
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

BY_TOKEN_AND_KEY: Select[Any] = BY_TOKEN.add_columns(
    # Not a join: of an empty table PostgreSQL finds every index search equally cheap, and would
    # keep one that begins with the method.
    select(IdempotencyKey.status)
    .where(
        IdempotencyKey.user_id == Token.user_id,
        IdempotencyKey.method == bindparam("method"),
        IdempotencyKey.path == bindparam("path"),
        IdempotencyKey.key == bindparam("key"),
    )
    .correlate(Token)
    .scalar_subquery()
    .label("answered_by")
)
"""The same with the status that was answered under a request's idempotency key, if any was."""


def is_over(row: Row[Any], now: datetime) -> bool:
    """Whether the token of a row has expired or was revoked."""
    return row.revoked_at is not None or row.expires_at <= now
