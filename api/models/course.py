"""Courses: what the catalogue describes and classes offer."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Select,
    UniqueConstraint,
    and_,
    bindparam,
    exists,
    func,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base
from api.models.organization import Organization
from api.models.school_class import SchoolClass


class Course(Base):
    """A course; `credits_milli` counts thousandths of a credit, null if the number is not known."""

    __tablename__ = "courses"
    __table_args__ = (
        CheckConstraint("credits_milli BETWEEN 0 AND 100000", name="credits_in_range"),
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("organization_id", "code_fold"),
        UniqueConstraint("organization_id", "external_id"),
        Index(None, "organization_id", "created_at", "id"),
        Index(None, "organization_id", "code", "id"),
        Index(None, "organization_id", "title", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    code: Mapped[str]
    code_fold: Mapped[str]
    title: Mapped[str]
    title_fold: Mapped[str]
    description: Mapped[str | None]
    credits_milli: Mapped[int | None]
    external_id: Mapped[str | None]
    external_id_fold: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


_IN_USE = (
    exists()
    .where(
        SchoolClass.organization_id == Course.organization_id, SchoolClass.course_id == Course.id
    )
    .label("is_in_use")
)
_SHOWN = select(Course, _IN_USE, Organization.public_catalog).join(
    Organization,
    and_(Organization.id == Course.organization_id, Organization.archived_at.is_(None)),
)
OF_ORGANIZATION: Select[Any] = (
    select(Course)
    .add_columns(_IN_USE)
    .where(Course.organization_id == bindparam("organization_id"))
)
BY_ID = _SHOWN.where(Course.id == bindparam("course_id"))
BY_ID_FOR_UPDATE = BY_ID.with_for_update(of=Course)
BY_EXTERNAL_ID = _SHOWN.where(
    Course.organization_id == bindparam("organization_id"),
    Course.external_id == bindparam("external_id"),
)
BY_EXTERNAL_ID_FOR_UPDATE = BY_EXTERNAL_ID.with_for_update(of=Course)
CLASSES_OF_COURSE = select(func.count()).where(
    SchoolClass.organization_id == bindparam("organization_id"),
    SchoolClass.course_id == bindparam("course_id"),
)
