"""What is read to check an invariant that no single statement shows: clashes, and whole ledgers."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Executable, and_, bindparam, case, func, select, text
from sqlalchemy.orm import aliased

from api.models.base import Identifier
from api.models.event import Event, StreamKind
from api.models.organization import ConflictPolicy, Organization
from api.models.registration import SEATED, Registration, in_states
from api.models.school_class import SchoolClass
from api.models.session import ClassSession, SessionStatus
from api.models.student import Student
from api.models.tenancy import across
from api.models.verify import Offenders, scoped

_one, _other = aliased(Registration), aliased(Registration)
_held, _clashing = aliased(ClassSession), aliased(ClassSession)
_later = case((_one.decided_at >= _other.decided_at, _one.decided_at), else_=_other.decided_at)


def _met(registration: type[Registration], session: type[ClassSession]) -> ColumnElement[bool]:
    return and_(
        session.organization_id == registration.organization_id,
        session.class_id == registration.class_id,
        session.status == SessionStatus.SCHEDULED,
        # A timetable that changed after the registration evicts nobody.
        session.updated_at <= _later,
    )


DOUBLE_BOOKED = Offenders(
    "stu",
    select(_one.student_id.label("id"))
    .select_from(_one)
    .join(
        Organization,
        and_(
            Organization.id == _one.organization_id,
            Organization.conflict_policy == ConflictPolicy.BLOCK,
        ),
    )
    .join(
        _other,
        and_(
            _other.organization_id == _one.organization_id,
            _other.student_id == _one.student_id,
            _other.class_id > _one.class_id,
        ),
    )
    .join(_held, _met(_one, _held))
    .join(
        _clashing,
        and_(
            _met(_other, _clashing),
            _held.starts_at < _clashing.ends_at,
            _clashing.starts_at < _held.ends_at,
        ),
    )
    .where(
        scoped(_one.organization_id),
        in_states(_one.state, SEATED),
        in_states(_other.state, SEATED),
        _one.conflict_override.is_(False),
        _other.conflict_override.is_(False),
        Organization.updated_at <= _later,
    )
    .distinct(),
)

_BETWEEN = {
    "after": bindparam("after", type_=Identifier),
    "upto": bindparam("upto", type_=Identifier),
}


def _all(statement: Executable) -> Executable:
    return statement.execution_options(**across("verify"))


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

NO_LIMIT_HERE = text("SET LOCAL statement_timeout = 0")
"""PostgreSQL: let the statements of this transaction take the time that they need."""
