"""What the guards look at beside a page of classes: the student's places, and timetables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import aliased

from api.models.base import Identifier
from api.models.guard_sql import IdentifierSet, is_among, opaque
from api.models.organization import Organization
from api.models.registration import LIVE, Registration, in_states
from api.models.school_class import SchoolClass
from api.models.session import ClassSession, SessionStatus
from api.models.student import Student

_ORGANIZATION = bindparam("organization_id", type_=Identifier)
_STUDENT = bindparam("student_id", type_=Identifier)
_Place, _ItsClass = aliased(Registration), aliased(SchoolClass)

_COLUMNS: tuple[Any, ...] = (
    Organization.version.label("organization_version"),
    Organization.min_gap_minutes,
    Student.guard_version,
    _Place.class_id,
    _Place.state,
    _ItsClass.term_id,
)
PLACES: Select[Any] = (
    select(*_COLUMNS)
    .select_from(Organization)
    .join(Student, Student.organization_id == opaque(Organization.id))
    .outerjoin(
        _Place,
        and_(
            _Place.organization_id == _ORGANIZATION,
            _Place.student_id == _STUDENT,
            in_states(opaque(_Place.state), LIVE),
        ),
    )
    .outerjoin(_ItsClass, _ItsClass.id == opaque(_Place.class_id))
    .where(Organization.id == _ORGANIZATION, Student.id == _STUDENT)
)
"""A student's live registrations, each with its class; one row with nulls for none."""

_SPAN: tuple[Any, ...] = (
    ClassSession.id.label("session_id"),
    ClassSession.class_id,
    ClassSession.starts_at,
    ClassSession.ends_at,
)
SESSIONS: Select[Any] = select(*_SPAN).where(
    ClassSession.organization_id == _ORGANIZATION,
    is_among(ClassSession.class_id, bindparam("class_ids", type_=IdentifierSet)),
    ClassSession.status == SessionStatus.SCHEDULED,
)
"""The sessions that are held of `class_ids`, a frozenset; the columns are those of a `Span`."""
