"""What falls due by the clock, whoever's it is: classes to settle, and records to throw away."""

from __future__ import annotations

from sqlalchemy import Integer, bindparam, delete, func, select, tuple_

from api.models.base import Instant
from api.models.idempotency import IdempotencyKey
from api.models.job import Job
from api.models.organization import Invitation
from api.models.registration import PromotionDue
from api.models.school_class import SchoolClass
from api.models.tenancy import across
from api.models.user import Token

_MOST = bindparam("most", type_=Integer())
_NOW = bindparam("now", type_=Instant)
_SWEEPER = across("sweeper")

NOTED_CLASSES = (
    select(PromotionDue.class_id)
    .group_by(PromotionDue.class_id)
    .order_by(func.min(PromotionDue.created_at))
    .limit(_MOST)
    .execution_options(**_SWEEPER)
)
"""Classes whose line somebody asked to look at, the longest waiting first."""

DUE_CLASSES = (
    select(SchoolClass.id.label("class_id"))
    .where(SchoolClass.next_due_at <= _NOW)
    .order_by(SchoolClass.next_due_at)
    .limit(_MOST)
    .execution_options(**_SWEEPER)
)
"""Classes of which something is overdue at `now`."""

NOTES_OF_CLASS = select(PromotionDue.id).where(
    PromotionDue.organization_id == bindparam("organization_id"),
    PromotionDue.class_id == bindparam("class_id"),
)
DELETE_NOTES = delete(PromotionDue).where(
    PromotionDue.organization_id == bindparam("organization_id"),
    PromotionDue.id.in_(bindparam("ids", expanding=True)),
)
DELETE_NOTES_OF_NO_CLASS = (
    delete(PromotionDue)
    .where(
        PromotionDue.class_id == bindparam("class_id"),
        ~select(SchoolClass.id).where(SchoolClass.id == PromotionDue.class_id).exists(),
    )
    .execution_options(**_SWEEPER)
)
"""Notes that outlived their class, which nobody ever registered for."""

_KEY = (
    IdempotencyKey.user_id,
    IdempotencyKey.method,
    IdempotencyKey.path,
    IdempotencyKey.key,
)
OLD_KEYS = select(*_KEY).where(IdempotencyKey.expires_at <= _NOW).limit(_MOST)
OLD_TOKENS = (
    select(Token.id).where(Token.expires_at <= bindparam("long_ago", type_=Instant)).limit(_MOST)
)
OLD_INVITATIONS = (
    select(Invitation.id)
    .where(Invitation.expires_at <= _NOW)
    .limit(_MOST)
    .execution_options(**_SWEEPER)
)
# With each goes a file of megabytes: as many as the one writer of SQLite removes in a moment.
OLD_JOBS = select(Job.id).where(Job.expires_at <= _NOW).limit(10).execution_options(**_SWEEPER)
DELETE_OLD = (
    delete(IdempotencyKey).where(tuple_(*_KEY).in_(OLD_KEYS)),
    delete(Token).where(Token.id.in_(OLD_TOKENS)),
    delete(Invitation).where(Invitation.id.in_(OLD_INVITATIONS)).execution_options(**_SWEEPER),
    delete(Job).where(Job.id.in_(OLD_JOBS)).execution_options(**_SWEEPER),
)
"""Throw away `most` kept answers, tokens of `long_ago` and invitations at most; and ten jobs."""

OLD = (OLD_KEYS, OLD_TOKENS, OLD_INVITATIONS, OLD_JOBS)
