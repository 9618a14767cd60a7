"""Registrations: a student's place in a class, and the moves that a place can make."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Json, choice, one_of


class RegistrationState(enum.StrEnum):
    """The state of a registration; a row in a terminal state never revives."""

    PENDING = "pending"
    WAITLISTED = "waitlisted"
    OFFERED = "offered"
    ENROLLED = "enrolled"
    COMPLETED = "completed"
    DROPPED = "dropped"
    WITHDRAWN = "withdrawn"
    REMOVED = "removed"
    REJECTED = "rejected"
    DECLINED = "declined"
    EXPIRED = "expired"
    LEFT = "left"
    CANCELLED = "cancelled"


_S = RegistrationState

LIVE = frozenset({_S.PENDING, _S.WAITLISTED, _S.OFFERED, _S.ENROLLED})
"""States in which a student has some place: at most one such row by class and student."""

SEATED = frozenset({_S.OFFERED, _S.ENROLLED})
"""States that hold a seat."""

MOVES: Mapping[RegistrationState, frozenset[RegistrationState]] = MappingProxyType(
    {
        _S.PENDING: frozenset(
            {
                _S.ENROLLED,
                _S.WAITLISTED,
                _S.REJECTED,
                _S.EXPIRED,
                _S.LEFT,
                _S.REMOVED,
                _S.CANCELLED,
            }
        ),
        _S.WAITLISTED: frozenset(
            {_S.ENROLLED, _S.OFFERED, _S.LEFT, _S.EXPIRED, _S.REMOVED, _S.CANCELLED}
        ),
        _S.OFFERED: frozenset({_S.ENROLLED, _S.DECLINED, _S.EXPIRED, _S.REMOVED, _S.CANCELLED}),
        _S.ENROLLED: frozenset(
            {
                _S.DROPPED,
                _S.WITHDRAWN,
                _S.WAITLISTED,
                _S.COMPLETED,
                _S.REMOVED,
                _S.CANCELLED,
            }
        ),
        **{state: frozenset() for state in _S if state not in LIVE},
    }
)
"""Which states may follow which; who may bring it about, and when, the services say."""


def _in(states: Iterable[RegistrationState]) -> str:
    # In the order of the enum, so that the text of an index is always the same.
    chosen: list[RegistrationState] = [state for state in _S if state in states]
    return "state IN (" + ", ".join(f"'{state.value}'" for state in chosen) + ")"


def in_states(column: Any, states: Iterable[RegistrationState]) -> ColumnElement[bool]:
    """`column IN (…)` with the states written out.

    As parameters they would hide from PostgreSQL's generic plans that a partial index serves.
    """
    chosen: list[ColumnElement[str]] = [
        literal_column(f"'{state.value}'") for state in _S if state in states
    ]
    condition: ColumnElement[bool] = column.in_(chosen)
    return condition


class Registration(Base):
    """A row for each time that a student came to a class; never deleted.

    The line is ordered by `priority` falling, then `ticket` rising.
    """

    __tablename__ = "registrations"
    __table_args__ = (
        one_of("state", RegistrationState),
        CheckConstraint(
            "(state = 'offered') = (offer_expires_at IS NOT NULL)", name="offers_expire"
        ),
        CheckConstraint("ticket >= 1", name="tickets_from_one"),
        ForeignKeyConstraint(
            ["organization_id", "class_id"], ["classes.organization_id", "classes.id"]
        ),
        ForeignKeyConstraint(
            ["organization_id", "student_id"], ["students.organization_id", "students.id"]
        ),
        UniqueConstraint("class_id", "ticket"),
        Index(
            "uq_registrations_live",
            "class_id",
            "student_id",
            unique=True,
            sqlite_where=text(_in(LIVE)),
            postgresql_where=text(_in(LIVE)),
        ),
        Index(
            "ix_registrations_line",
            "class_id",
            text("priority DESC"),
            "ticket",
            sqlite_where=text("state = 'waitlisted'"),
            postgresql_where=text("state = 'waitlisted'"),
        ),
        Index(
            "ix_registrations_offers",
            "class_id",
            "offer_expires_at",
            sqlite_where=text("state = 'offered'"),
            postgresql_where=text("state = 'offered'"),
        ),
        Index(None, "organization_id", "class_id", "created_at", "id"),
        Index(None, "organization_id", "student_id", "created_at", "id"),
        Index(None, "organization_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    class_id: Mapped[UUID]
    student_id: Mapped[UUID]
    state: Mapped[RegistrationState] = mapped_column(choice(RegistrationState))
    ticket: Mapped[int]
    priority: Mapped[int] = mapped_column(default=0)
    offer_expires_at: Mapped[datetime | None]
    release_on_promotion: Mapped[list[str]] = mapped_column(Json, default=list)
    skip_reason: Mapped[str | None]
    overrides: Mapped[list[str]] = mapped_column(Json, default=list)
    conflict_override: Mapped[bool] = mapped_column(default=False)
    # No foreign key: it would lock one more row of the student in the rush, and rows never go.
    previous_id: Mapped[UUID | None]
    decided_at: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class PromotionDue(Base):
    """A note that the line of a class must be looked at, written without any lock.

    No foreign key, for that would lock the class.
    """

    __tablename__ = "promotions_due"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    class_id: Mapped[UUID] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
