"""Students: people who take seats, with or without a login."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    and_,
    bindparam,
    exists,
    literal,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Json, choice, one_of
from api.models.organization import Organization
from api.models.registration import LIVE, Registration, RegistrationState, in_states
from api.models.school_class import SchoolClass, taught_by


class StudentStatus(enum.StrEnum):
    """Whether a student may register; `erased` is final and holds no personal data."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    ERASED = "erased"


class Student(Base):
    """A person of an organization. Erased: names are empty, the other personal columns null.

    `guard_version` rises with whatever a guard of a registration reads of the student: live
    registrations, holds, groups, status.
    """

    __tablename__ = "students"
    __table_args__ = (
        one_of("status", StudentStatus),
        ForeignKeyConstraint(
            ["organization_id", "member_id"], ["members.organization_id", "members.id"]
        ),
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("organization_id", "email_fold"),
        UniqueConstraint("organization_id", "external_id"),
        UniqueConstraint("organization_id", "member_id"),
        Index(None, "organization_id", "created_at", "id"),
        Index(None, "organization_id", "family_name", "id"),
        Index(None, "organization_id", "given_name", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    given_name: Mapped[str]
    given_name_fold: Mapped[str]
    family_name: Mapped[str]
    family_name_fold: Mapped[str]
    email: Mapped[str | None]
    email_fold: Mapped[str | None]
    external_id: Mapped[str | None]
    external_id_fold: Mapped[str | None]
    member_id: Mapped[UUID | None]
    status: Mapped[StudentStatus] = mapped_column(
        choice(StudentStatus), default=StudentStatus.ACTIVE
    )
    groups: Mapped[list[str]] = mapped_column(Json, default=list)
    guard_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


# Named as everywhere else, too, so that whatever is kept of an answer can be found by its student.
SHOWN: tuple[Any, ...] = (Student, Student.id.label("student_id"))

EVERYBODY = select(*SHOWN).where(Student.organization_id == bindparam("organization_id"))
PRESENT = EVERYBODY.where(Student.status != StudentStatus.ERASED)
OWN = PRESENT.where(Student.id == bindparam("student_id"))
TAUGHT = PRESENT.where(
    exists()
    .where(
        Registration.organization_id == Student.organization_id,
        Registration.student_id == Student.id,
        SchoolClass.organization_id == Registration.organization_id,
        SchoolClass.id == Registration.class_id,
        taught_by("member_id"),
    )
    .correlate(Student)
)
IS_TAUGHT = (
    select(literal(1))
    .select_from(Registration)
    .join(
        SchoolClass,
        and_(
            SchoolClass.organization_id == Registration.organization_id,
            SchoolClass.id == Registration.class_id,
        ),
    )
    .where(
        Registration.organization_id == bindparam("organization_id"),
        Registration.student_id == bindparam("student_id"),
        taught_by("member_id"),
    )
    .limit(1)
)
"""Whether a student has, or had, a place in a class that the member teaches."""

_OF_LIVING = select(*SHOWN).join(
    Organization,
    and_(Organization.id == Student.organization_id, Organization.archived_at.is_(None)),
)
BY_ID = _OF_LIVING.where(Student.id == bindparam("student_id"))
BY_ID_FOR_UPDATE = BY_ID.with_for_update(of=Student)
BY_EXTERNAL_ID = _OF_LIVING.where(
    Student.organization_id == bindparam("organization_id"),
    Student.external_id == bindparam("external_id"),
)
BY_EXTERNAL_ID_FOR_UPDATE = BY_EXTERNAL_ID.with_for_update(of=Student)
LINES_PASSED_OVER = select(Registration.class_id).where(
    Registration.organization_id == bindparam("organization_id"),
    Registration.student_id == bindparam("student_id"),
    in_states(Registration.state, {RegistrationState.WAITLISTED}),
    Registration.skip_reason.is_not(None),
)
"""The classes in whose line a student was passed over, for a cause that may have cleared."""
PLACES_HELD = (
    select(
        Registration.id,
        Registration.class_id,
        Registration.student_id,
        Registration.ticket,
        Registration.state,
        Registration.priority,
        Registration.skip_reason,
        Registration.version,
    )
    .where(
        Registration.organization_id == bindparam("organization_id"),
        Registration.student_id == bindparam("student_id"),
        in_states(Registration.state, LIVE),
    )
    .order_by(Registration.class_id)
)
"""The places of a student, by class; stable while the student is locked."""
