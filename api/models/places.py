"""Registrations as they are read and written under the lock of their class."""

from __future__ import annotations

from sqlalchemy import Integer, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import aliased

from api.models.base import Instant
from api.models.guard_sql import IdentifierSet, is_among
from api.models.registration import (
    LIVE,
    SEATED,
    PromotionDue,
    Registration,
    RegistrationState,
    in_states,
)

_COLUMNS = (
    Registration.id,
    Registration.student_id,
    Registration.state,
    Registration.ticket,
    Registration.priority,
    Registration.skip_reason,
    Registration.version,
    Registration.offer_expires_at,
)
_IS_WAITING = in_states(Registration.state, {RegistrationState.WAITLISTED})
_IS_OFFERED = in_states(Registration.state, {RegistrationState.OFFERED})
_IS_ENROLLED = in_states(Registration.state, {RegistrationState.ENROLLED})
_OF_CLASS = and_(
    Registration.organization_id == bindparam("organization_id"),
    Registration.class_id == bindparam("class_id"),
)

ONE_LOCKED = (
    select(*_COLUMNS)
    .where(_OF_CLASS, Registration.id == bindparam("registration_id"))
    .with_for_update()
)
"""One registration under the lock of its class."""

STUDENTS_OF_CLASSES = (
    select(Registration.student_id)
    .where(
        Registration.organization_id == bindparam("organization_id"),
        is_among(Registration.class_id, bindparam("class_ids", type_=IdentifierSet)),
        in_states(Registration.state, LIVE),
    )
    .distinct()
)
"""Who has a seat in locked classes, a frozenset of their ids, or waits for one."""

OVERDUE = (
    select(*_COLUMNS)
    .where(
        _OF_CLASS,
        in_states(Registration.state, LIVE),
        or_(
            Registration.state.in_(bindparam("states", expanding=True)),
            and_(_IS_OFFERED, Registration.offer_expires_at <= bindparam("at", type_=Instant)),
        ),
    )
    .order_by(Registration.ticket)
    .limit(bindparam("most", type_=Integer()))
)
"""Live rows in one of `states`, and offers that have run out at `at`, by ticket."""

LINE = (
    select(*_COLUMNS)
    .where(_OF_CLASS, _IS_WAITING)
    .order_by(Registration.priority.desc(), Registration.ticket)
    .limit(bindparam("most", type_=Integer()))
)
"""The head of the line."""

LINE_NOT_SKIPPED = LINE.where(Registration.skip_reason.is_(None))
"""The head of the line without those who were passed over."""

LAST_ENROLLED = (
    select(*_COLUMNS)
    .where(_OF_CLASS, _IS_ENROLLED)
    .order_by(Registration.ticket.desc())
    .limit(bindparam("most", type_=Integer()))
)
"""Who has a seat, the highest tickets first."""

OFFERED_COUNT = select(func.count()).select_from(Registration).where(_OF_CLASS, _IS_OFFERED)

DUE_OF_ROWS = select(
    func.min(Registration.offer_expires_at, type_=Instant)
    .filter(_IS_OFFERED)
    .label("first_offer_ends_at"),
    func.count()
    .filter(in_states(Registration.state, {RegistrationState.PENDING}))
    .label("pending"),
).where(_OF_CLASS, in_states(Registration.state, LIVE))
"""What of the rows of a class will expire by itself."""

INSERT = insert(Registration)

MOVE = (
    update(Registration)
    .where(
        Registration.organization_id == bindparam("of_organization"),
        Registration.id == bindparam("moved_id"),
    )
    .values(
        {
            name: bindparam(f"new_{name}", type_=getattr(Registration, name).type)
            for name in (
                "state",
                "priority",
                "offer_expires_at",
                "skip_reason",
                "decided_at",
                "updated_at",
                "version",
            )
        }
    )
)

BY_IDS = select(Registration.__table__).where(
    Registration.organization_id == bindparam("organization_id"),
    Registration.id.in_(bindparam("ids", expanding=True)),
)

SKIPPED_ELSEWHERE = select(Registration.class_id).where(
    Registration.organization_id == bindparam("organization_id"),
    Registration.student_id.in_(bindparam("student_ids", expanding=True)),
    _IS_WAITING,
    Registration.skip_reason.is_not(None),
)
"""Classes in whose line these students were passed over, each as often as it happened.

Not DISTINCT: SQLite would then walk the organization's registrations in the order of classes.
"""

_Seated = aliased(Registration)
KEPT_WAITING_BY = (
    select(Registration.class_id)
    .join(
        _Seated,
        and_(
            _Seated.organization_id == Registration.organization_id,
            _Seated.student_id == Registration.student_id,
            _Seated.class_id != Registration.class_id,
        ),
    )
    .where(
        _Seated.organization_id == bindparam("organization_id"),
        _Seated.class_id == bindparam("class_id"),
        in_states(_Seated.state, SEATED),
        _IS_WAITING,
        Registration.skip_reason == "time-conflict",
    )
)
"""Classes in whose line somebody with a seat in this class was passed over for a clash."""

INSERT_DUE = insert(PromotionDue)
