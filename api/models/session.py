"""Meeting patterns, and the sessions made from them: when a class meets."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Select,
    UniqueConstraint,
    and_,
    bindparam,
    func,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Json, choice, one_of
from api.models.organization import Organization
from api.models.school_class import SchoolClass

MAX_DURATION_MINUTES = 24 * 60
"""What no session lasts longer than."""


class SessionStatus(enum.StrEnum):
    """Whether a session is held."""

    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"


class MeetingPattern(Base):
    """A weekly recurrence in the local time of the class, which is the truth.

    `start_local` is `HH:MM`; `weekdays` and `except_dates` are lists; both dates are included.
    """

    __tablename__ = "meeting_patterns"
    __table_args__ = (
        CheckConstraint(
            f"duration_minutes BETWEEN 1 AND {MAX_DURATION_MINUTES}", name="duration_in_range"
        ),
        CheckConstraint("from_date <= to_date", name="ends_after_its_start"),
        ForeignKeyConstraint(
            ["organization_id", "class_id"], ["classes.organization_id", "classes.id"]
        ),
        UniqueConstraint("organization_id", "id"),
        Index(None, "organization_id", "class_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    class_id: Mapped[UUID]
    weekdays: Mapped[list[str]] = mapped_column(Json)
    start_local: Mapped[str]
    duration_minutes: Mapped[int]
    from_date: Mapped[date]
    to_date: Mapped[date]
    except_dates: Mapped[list[str]] = mapped_column(Json, default=list)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class ClassSession(Base):
    """One concrete meeting; `local_start` is `YYYY-MM-DDTHH:MM` on the wall clock of the class."""

    __tablename__ = "sessions"
    __table_args__ = (
        one_of("status", SessionStatus),
        CheckConstraint("starts_at < ends_at", name="ends_after_its_start"),
        ForeignKeyConstraint(
            ["organization_id", "class_id"], ["classes.organization_id", "classes.id"]
        ),
        ForeignKeyConstraint(
            ["organization_id", "pattern_id"],
            ["meeting_patterns.organization_id", "meeting_patterns.id"],
        ),
        # Also the search for clashes, which on PostgreSQL reads nothing but this index.
        Index(
            None,
            "organization_id",
            "class_id",
            "starts_at",
            "id",
            postgresql_include=["ends_at", "status"],
        ),
        Index(None, "organization_id", "pattern_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    class_id: Mapped[UUID]
    pattern_id: Mapped[UUID | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    local_start: Mapped[str]
    status: Mapped[SessionStatus] = mapped_column(
        choice(SessionStatus), default=SessionStatus.SCHEDULED
    )
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


_OF_CLASS = (
    SchoolClass.status.label("class_status"),
    SchoolClass.instructors.label("class_instructors"),
    Organization.public_catalog,
)
_CLASS_OF_SESSION = and_(
    SchoolClass.organization_id == ClassSession.organization_id,
    SchoolClass.id == ClassSession.class_id,
)
_CLASS_OF_PATTERN = and_(
    SchoolClass.organization_id == MeetingPattern.organization_id,
    SchoolClass.id == MeetingPattern.class_id,
)
_LIVING = and_(Organization.id == SchoolClass.organization_id, Organization.archived_at.is_(None))
_PATTERN_OF_SESSION = and_(
    MeetingPattern.organization_id == ClassSession.organization_id,
    MeetingPattern.id == ClassSession.pattern_id,
)


def _heading(part: type[MeetingPattern | ClassSession]) -> Select[Any]:
    taken = select(func.count()).where(
        part.organization_id == SchoolClass.organization_id, part.class_id == SchoolClass.id
    )
    return (
        select(
            SchoolClass.id,
            SchoolClass.organization_id,
            *_OF_CLASS,
            taken.scalar_subquery().label("taken"),
        )
        .join(Organization, _LIVING)
        .where(SchoolClass.id == bindparam("class_id"))
    )


HEADING_OF_PATTERNS = _heading(MeetingPattern)
HEADING_OF_SESSIONS = _heading(ClassSession)
"""What decides who may look at the timetable of a class, and whether it has room for more."""

_WITH_PATTERN = select(
    ClassSession.__table__, MeetingPattern.except_dates.label("pattern_except_dates")
).outerjoin(MeetingPattern, _PATTERN_OF_SESSION)
SESSION_BY_ID = (
    _WITH_PATTERN.add_columns(*_OF_CLASS)
    .join(SchoolClass, _CLASS_OF_SESSION)
    .join(Organization, _LIVING)
    .where(ClassSession.id == bindparam("session_id"))
)
PATTERN_BY_ID = (
    select(MeetingPattern.__table__, *_OF_CLASS)
    .join(SchoolClass, _CLASS_OF_PATTERN)
    .join(Organization, _LIVING)
    .where(MeetingPattern.id == bindparam("pattern_id"))
)
SESSIONS: Select[Any] = _WITH_PATTERN.where(
    ClassSession.organization_id == bindparam("organization_id"),
    ClassSession.class_id == bindparam("class_id"),
)
PATTERNS: Select[Any] = select(MeetingPattern.__table__).where(
    MeetingPattern.organization_id == bindparam("organization_id"),
    MeetingPattern.class_id == bindparam("class_id"),
)
SESSIONS_OF_PATTERN = SESSIONS.where(ClassSession.pattern_id == bindparam("pattern_id"))
COUNT_OF_SESSIONS = select(func.count()).where(
    ClassSession.organization_id == bindparam("organization_id"),
    ClassSession.class_id == bindparam("class_id"),
)
COUNT_OF_PATTERNS = select(func.count()).where(
    MeetingPattern.organization_id == bindparam("organization_id"),
    MeetingPattern.class_id == bindparam("class_id"),
)
_TO_COME = select(
    ClassSession.id,
    ClassSession.organization_id,
    ClassSession.class_id,
    ClassSession.local_start,
    ClassSession.starts_at,
    ClassSession.ends_at,
).where(
    ClassSession.organization_id == bindparam("organization_id"),
    ClassSession.starts_at > bindparam("now"),
)
TO_COME = _TO_COME.where(ClassSession.class_id == bindparam("class_id"))
TO_COME_BY_ZONE = _TO_COME.join(SchoolClass, _CLASS_OF_SESSION).where(
    SchoolClass.timezone.is_(None)
)
