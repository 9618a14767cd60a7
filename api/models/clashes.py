"""The search for clashes: sessions of a class at the time of others that the student sits in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Integer, Text, and_, case, literal_column, null, select
from sqlalchemy.orm import aliased

from api.models.guard_sql import is_within, json_rows, minutes_after, opaque, times_of
from api.models.organization import ConflictPolicy, Organization
from api.models.registration import SEATED, Registration, in_states
from api.models.school_class import SchoolClass
from api.models.session import MAX_DURATION_MINUTES, ClassSession, SessionStatus
from api.models.student import Student

OF_ROW = (SchoolClass, Student, Organization)
"""What a question about the student's other places takes from the row that asks it."""

_Other, _Theirs = aliased(Registration), aliased(ClassSession)
_Ours, _AllOurs = aliased(ClassSession), aliased(ClassSession)
_GAP = Organization.min_gap_minutes
# Written out, for a parameter is sent each time.
_LONGEST = literal_column(str(MAX_DURATION_MINUTES), Integer)
_SCHEDULED = literal_column(f"'{SessionStatus.SCHEDULED}'", Text)
IS_IGNORED = Organization.conflict_policy == literal_column(f"'{ConflictPolicy.IGNORE}'", Text)
"""Whether the organization does not care for clashes."""


_OUR_TIMES = (
    select(
        times_of(
            minutes_after(_AllOurs.starts_at, -_GAP),
            minutes_after(_AllOurs.ends_at, _GAP),
        )
    )
    .where(
        _AllOurs.organization_id == SchoolClass.organization_id,
        _AllOurs.class_id == SchoolClass.id,
        _AllOurs.status == _SCHEDULED,
    )
    .correlate(*OF_ROW)
    .scalar_subquery()
)
_PAIRS = (
    select(
        json_rows(
            _Ours.id,
            _Ours.starts_at,
            _Ours.ends_at,
            _Theirs.class_id,
            _Theirs.id,
            _Theirs.starts_at,
            _Theirs.ends_at,
        )
    )
    .select_from(_Other)
    .join(
        _Theirs,
        and_(
            _Theirs.organization_id == opaque(_Other.organization_id),
            _Theirs.class_id == opaque(_Other.class_id),
            _Theirs.status == _SCHEDULED,
            is_within(_Theirs.starts_at, _Theirs.ends_at, _OUR_TIMES),
        ),
    )
    .join(
        _Ours,
        and_(
            _Ours.organization_id == opaque(_Theirs.organization_id),
            _Ours.class_id == SchoolClass.id,
            _Ours.status == _SCHEDULED,
            _Ours.starts_at > minutes_after(_Theirs.starts_at, -(_GAP + _LONGEST)),
            _Ours.starts_at < minutes_after(_Theirs.ends_at, _GAP),
            minutes_after(_Theirs.starts_at, -_GAP) < _Ours.ends_at,
        ),
    )
    .where(
        _Other.organization_id == SchoolClass.organization_id,
        _Other.student_id == Student.id,
        _Other.class_id != SchoolClass.id,
        in_states(opaque(_Other.state), SEATED),
    )
    .correlate(*OF_ROW)
    .scalar_subquery()
)

SOUGHT: ColumnElement[Any] = case((IS_IGNORED, null()), else_=_PAIRS)
"""Sessions of the class, each beside one of another class in which the student has a seat.

A list of pairs; null for none. All times of the class are put together once, so that none of its
sessions is looked up for those of theirs, nearly all of them, that are in nobody's way. For the
others it is, session by session of theirs along the index of ours: by what is read of theirs first,
or PostgreSQL would compare all of theirs with all of ours.
"""
