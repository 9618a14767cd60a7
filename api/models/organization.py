"""Organizations, who belongs to them in which role, and invitations to belong."""

from __future__ import annotations

import enum
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, choice, one_of


class Role(enum.StrEnum):
    """What a member is in an organization."""

    OWNER = "owner"
    REGISTRAR = "registrar"
    INSTRUCTOR = "instructor"
    STUDENT = "student"


class ConflictPolicy(enum.StrEnum):
    """What a clash of two classes' sessions does to a registration."""

    BLOCK = "block"
    WARN = "warn"
    IGNORE = "ignore"


class Organization(Base):
    """A school, a department, a conference: everything below belongs to exactly one."""

    __tablename__ = "organizations"
    __table_args__ = (
        one_of("conflict_policy", ConflictPolicy),
        CheckConstraint("min_gap_minutes BETWEEN 0 AND 240", name="min_gap_in_range"),
        CheckConstraint("max_live_classes_per_term BETWEEN 1 AND 100", name="classes_in_range"),
        CheckConstraint("max_waitlists_per_term BETWEEN 1 AND 100", name="waitlists_in_range"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_fold: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    timezone: Mapped[str]
    public_catalog: Mapped[bool] = mapped_column(default=False)
    conflict_policy: Mapped[ConflictPolicy] = mapped_column(
        choice(ConflictPolicy), default=ConflictPolicy.BLOCK
    )
    min_gap_minutes: Mapped[int] = mapped_column(default=0)
    max_live_classes_per_term: Mapped[int | None]
    max_waitlists_per_term: Mapped[int | None]
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Member(Base):
    """A user in an organization, with a role."""

    __tablename__ = "members"
    __table_args__ = (
        one_of("role", Role),
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("organization_id", "user_id"),
        Index(None, "organization_id", "created_at", "id"),
        # The memberships of a user are read with every request, before an organization is known.
        Index(None, "user_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    role: Mapped[Role] = mapped_column(choice(Role))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Invitation(Base):
    """An invitation to become a member; its code is shown once and kept as a hash."""

    __tablename__ = "invitations"
    __table_args__ = (
        one_of("role", Role),
        ForeignKeyConstraint(
            ["organization_id", "student_id"], ["students.organization_id", "students.id"]
        ),
        Index(None, "organization_id", "created_at", "id"),
        Index(None, "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    role: Mapped[Role] = mapped_column(choice(Role))
    student_id: Mapped[UUID | None]
    email: Mapped[str | None]
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    # No foreign key: the invitation outlives the login of whoever sent it.
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[UUID | None]
