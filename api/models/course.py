"""Courses: what the catalogue describes and classes offer."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base


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
