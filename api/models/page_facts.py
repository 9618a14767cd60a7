"""What the guards look at beside a page of classes: the student's places, and timetables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import aliased

from api.models.guard_sql import IdentifierSet, is_among
from api.models.organization import Organization
from api.models.registration import LIVE, Registration, in_states
from api.models.school_class import SchoolClass
from api.models.session import ClassSession, SessionStatus
from api.models.student import Student

_Place, _ItsClass = aliased(Registration), aliased(SchoolClass)

_COLUMNS: tuple[Any, ...] = (
    Organization.version.label("organization_version"),
    Organization.min_gap_minutes,
    Student.guard_version,
    _Place.class_id,
    _Place.state,
    _ItsClass.term_id,
    _ItsClass.version.label("class_version"),
)
PLACES: Select[Any] = (
    select(*_COLUMNS)
    .select_from(Organization)
    .join(Student, Student.organization_id == Organization.id)
    .outerjoin(
        _Place,
        and_(
            _Place.organization_id == Student.organization_id,
            _Place.student_id == Student.id,
            in_states(_Place.state, LIVE),
        ),
    )
    .outerjoin(
        _ItsClass,
        and_(_ItsClass.organization_id == _Place.organization_id, _ItsClass.id == _Place.class_id),
    )
    .where(Organization.id == bindparam("organization_id"), Student.id == bindparam("student_id"))
)
"""A student's live registrations, each with its class; one row with nulls for none."""

_SPAN: tuple[Any, ...] = (
    ClassSession.id.label("session_id"),
    ClassSession.class_id,
    ClassSession.starts_at,
    ClassSession.ends_at,
)
SESSIONS: Select[Any] = select(*_SPAN).where(
    ClassSession.organization_id == bindparam("organization_id"),
    is_among(ClassSession.class_id, bindparam("class_ids", type_=IdentifierSet)),
    ClassSession.status == SessionStatus.SCHEDULED,
)
"""The sessions that are held of `class_ids`, a frozenset; the columns are those of a `Span`."""
