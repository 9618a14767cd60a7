"""What is read to check an invariant that no single statement shows: clashes, and whole ledgers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Executable, and_, bindparam, exists, func, select, text

from api.models.base import Identifier
from api.models.event import Event, Stream, StreamKind
from api.models.organization import ConflictPolicy, Organization
from api.models.registration import SEATED, Registration, in_states
from api.models.school_class import SchoolClass
from api.models.session import ClassSession, SessionStatus
from api.models.student import Student
from api.models.tenancy import across
from api.models.verify import Offenders, scoped


def _all(statement: Executable) -> Executable:
    return statement.execution_options(**across("verify"))


def _without_counter(kind: StreamKind, prefix: str) -> Offenders:
    of_stream = exists().where(Stream.kind == kind, Stream.id == Event.stream_id)
    events = select(Event.stream_id.label("id")).distinct()
    mine = scoped(Event.organization_id)
    return Offenders(prefix, events.where(Event.stream_kind == kind, mine, ~of_stream))


STREAM_WITHOUT_COUNTER = (
    _without_counter(StreamKind.ORG, "org"),
    _without_counter(StreamKind.USER, "usr"),
)
"""Streams whose next event would be numbered 1 again."""


def _blocking(organization_id: Any) -> ColumnElement[bool]:
    return and_(
        Organization.id == organization_id, Organization.conflict_policy == ConflictPolicy.BLOCK
    )


SEATS_THAT_MAY_NOT_CLASH = _all(
    select(
        Registration.student_id,
        Registration.class_id,
        Registration.decided_at,
        Organization.updated_at.label("blocking_since"),
    )
    .join(Organization, _blocking(Registration.organization_id))
    .where(
        scoped(Registration.organization_id),
        in_states(Registration.state, SEATED),
        Registration.conflict_override.is_(False),
    )
    .order_by(Registration.student_id)
)
"""Seats where conflicts block, by student."""

MEETINGS_THAT_MAY_NOT_CLASH = _all(
    select(
        ClassSession.class_id,
        ClassSession.starts_at,
        ClassSession.ends_at,
        ClassSession.updated_at,
    )
    .join(Organization, _blocking(ClassSession.organization_id))
    .where(scoped(ClassSession.organization_id), ClassSession.status == SessionStatus.SCHEDULED)
    .order_by(ClassSession.class_id, ClassSession.starts_at)
)
"""Sessions that are held where conflicts block, by class and time."""

_BETWEEN = {
    "after": bindparam("after", type_=Identifier),
    "upto": bindparam("upto", type_=Identifier),
}


CLASSES = _all(
    select(
        SchoolClass.id,
        SchoolClass.head_hash,
        SchoolClass.windows,
        SchoolClass.waitlist_offer_ttl_seconds,
        SchoolClass.effective_promotion_ends_at,
        SchoolClass.updated_at,
    )
    .where(scoped(SchoolClass.organization_id), SchoolClass.id > _BETWEEN["after"])
    .order_by(SchoolClass.id)
    .limit(bindparam("most"))
)
"""The next classes by id, with what the replay of a ledger is held against."""

EVENTS = _all(
    select(Event)
    .where(
        Event.stream_kind == StreamKind.CLASS,
        Event.stream_id > _BETWEEN["after"],
        Event.stream_id <= _BETWEEN["upto"],
        scoped(Event.organization_id),
    )
    .order_by(Event.stream_id, Event.seq)
)
"""The ledgers of these classes, in order."""

PLACES = _all(
    select(
        Registration.id,
        Registration.priority,
        Registration.overrides,
        Student.groups,
        Student.updated_at.label("student_updated_at"),
    )
    .join(
        Student,
        and_(
            Student.organization_id == Registration.organization_id,
            Student.id == Registration.student_id,
        ),
    )
    .where(
        Registration.class_id > _BETWEEN["after"],
        Registration.class_id <= _BETWEEN["upto"],
        scoped(Registration.organization_id),
    )
)
"""What the ledger does not say of the registrations of these classes."""

COUNT_EVENTS = _all(
    select(func.count())
    .select_from(Event)
    .where(Event.stream_kind == StreamKind.CLASS, scoped(Event.organization_id))
)

NO_LIMIT_HERE = text(
    "SELECT set_config('statement_timeout', '0', true), set_config('plan_cache_mode', 'auto', true)"
)
"""PostgreSQL: let the statements of this transaction take the time that they need.

They are planned for what is asked: one organization of many, or all of them (`verify.scoped`).
"""
