"""Terms: the stretches of the year in which classes are held."""

from __future__ import annotations

from datetime import date, datetime
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
from api.models.session import ClassSession, SessionStatus


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


_IN_USE = (
    exists()
    .where(SchoolClass.organization_id == Term.organization_id, SchoolClass.term_id == Term.id)
    .label("is_in_use")
)
_SHOWN = select(Term, _IN_USE, Organization.public_catalog).join(
    Organization,
    and_(Organization.id == Term.organization_id, Organization.archived_at.is_(None)),
)
OF_ORGANIZATION: Select[Any] = (
    select(Term).add_columns(_IN_USE).where(Term.organization_id == bindparam("organization_id"))
)
BY_ID = _SHOWN.where(Term.id == bindparam("term_id"))
BY_ID_FOR_UPDATE = BY_ID.with_for_update(of=Term)
BY_EXTERNAL_ID = _SHOWN.where(
    Term.organization_id == bindparam("organization_id"),
    Term.external_id == bindparam("external_id"),
)
BY_EXTERNAL_ID_FOR_UPDATE = BY_EXTERNAL_ID.with_for_update(of=Term)
CLASSES_IN_TERM = select(func.count()).where(
    SchoolClass.organization_id == bindparam("organization_id"),
    SchoolClass.term_id == bindparam("term_id"),
)

_FIRST_SESSION = (
    select(func.min(ClassSession.starts_at))
    .where(
        ClassSession.organization_id == SchoolClass.organization_id,
        ClassSession.class_id == SchoolClass.id,
        ClassSession.status == SessionStatus.SCHEDULED,
    )
    .correlate(SchoolClass)
    .scalar_subquery()
)
_HEIRS = (
    select(
        SchoolClass.id,
        SchoolClass.organization_id,
        SchoolClass.version,
        SchoolClass.waiting,
        SchoolClass.next_due_at,
        SchoolClass.drop_until,
        SchoolClass.withdraw_until,
        SchoolClass.promotion_ends_at,
        SchoolClass.effective_drop_until,
        SchoolClass.effective_withdraw_until,
        SchoolClass.effective_promotion_ends_at,
        Term.drop_until.label("term_drop_until"),
        Term.withdraw_until.label("term_withdraw_until"),
        Term.promotion_ends_at.label("term_promotion_ends_at"),
        _FIRST_SESSION.label("first_session_at"),
    )
    .outerjoin(
        Term,
        and_(Term.organization_id == SchoolClass.organization_id, Term.id == SchoolClass.term_id),
    )
    .where(SchoolClass.organization_id == bindparam("organization_id"))
    .order_by(SchoolClass.id)
)
HEIRS_OF_TERM = _HEIRS.where(SchoolClass.term_id == bindparam("term_id"))
HEIRS_OF_ZONE = _HEIRS.where(SchoolClass.timezone.is_(None))
HEIR = _HEIRS.where(SchoolClass.id == bindparam("class_id"))

# Locked first and read then: beside a row that it waited for, a statement shows sessions as they
# were before.
CLASSES_LOCKED = (
    select(SchoolClass.id)
    .where(SchoolClass.organization_id == bindparam("organization_id"))
    .order_by(SchoolClass.id)
    .with_for_update()
)
"""The classes of an organization, locked in the order of their ids."""

CLASSES_OF_TERM_LOCKED = CLASSES_LOCKED.where(SchoolClass.term_id == bindparam("term_id"))
