"""Students: people who take seats, with or without a login."""

from __future__ import annotations

import enum
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Json, choice, one_of


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
