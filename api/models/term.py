"""Terms: the stretches of the year in which classes are held."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base


class Term(Base):
    """A term; its deadlines hold for the classes that set none of their own."""

    __tablename__ = "terms"
    __table_args__ = (
        CheckConstraint("starts_on <= ends_on", name="ends_after_its_start"),
        CheckConstraint("drop_until <= withdraw_until", name="drop_before_withdraw"),
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("organization_id", "external_id"),
        Index(None, "organization_id", "created_at", "id"),
        Index(None, "organization_id", "starts_on", "id"),
        # The sweeper ends the classes of a term the day after.
        Index(None, "ends_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str]
    name_fold: Mapped[str]
    external_id: Mapped[str | None]
    external_id_fold: Mapped[str | None]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    drop_until: Mapped[datetime | None]
    withdraw_until: Mapped[datetime | None]
    promotion_ends_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
