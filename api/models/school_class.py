"""Classes: one offering with seats. The row that every registration of it locks."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    bindparam,
    case,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Boolean

from api.models.base import Base, Json, choice, one_of

NO_HASH = bytes(32)
"""What the first event of a chain follows."""


class ClassStatus(enum.StrEnum):
    """Where a class stands; `cancelled` and `ended` are final."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    ENDED = "ended"


class WaitlistMode(enum.StrEnum):
    """What a free seat is to the head of the line: an offer to accept, or the seat itself."""

    OFFER = "offer"
    AUTO = "auto"


class SchoolClass(Base):
    """A class, its counters and the head of its ledger.

    The columns `effective_…` are what holds: the class's own value, else what it inherits.
    `waiting` counts the waitlisted rows, `eligible_waiting` those without a skip reason.
    `seats_taken` counts enrolled and offered rows. `version` never rises by seat traffic.
    """

    __tablename__ = "classes"
    __table_args__ = (
        one_of("status", ClassStatus),
        one_of("waitlist_mode", WaitlistMode),
        CheckConstraint("capacity BETWEEN 0 AND 100000", name="capacity_in_range"),
        CheckConstraint(
            "capacity IS NULL OR seats_taken <= capacity + over_allowance", name="not_oversold"
        ),
        CheckConstraint("seats_taken >= 0", name="seats_not_negative"),
        CheckConstraint("over_allowance >= 0", name="allowance_not_negative"),
        CheckConstraint("eligible_waiting BETWEEN 0 AND waiting", name="eligible_are_waiting"),
        CheckConstraint("next_ticket >= 1", name="tickets_from_one"),
        CheckConstraint("last_seq >= 0", name="seq_not_negative"),
        CheckConstraint("drop_until <= withdraw_until", name="drop_before_withdraw"),
        CheckConstraint("waitlist_capacity BETWEEN 0 AND 100000", name="waitlist_in_range"),
        CheckConstraint(
            "waitlist_offer_ttl_seconds BETWEEN 300 AND 1209600", name="offer_ttl_in_range"
        ),
        ForeignKeyConstraint(["organization_id", "term_id"], ["terms.organization_id", "terms.id"]),
        ForeignKeyConstraint(
            ["organization_id", "course_id"], ["courses.organization_id", "courses.id"]
        ),
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("organization_id", "external_id"),
        Index(None, "organization_id", "created_at", "id"),
        Index(None, "organization_id", "title", "id"),
        Index(None, "organization_id", "term_id", "created_at", "id"),
        Index(None, "organization_id", "course_id", "created_at", "id"),
        Index(None, "next_due_at"),
        # Room on the page for the next version of a row that a rush rewrites all the time.
        {"postgresql_with": {"fillfactor": 50}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    term_id: Mapped[UUID | None]
    course_id: Mapped[UUID | None]
    external_id: Mapped[str | None]
    external_id_fold: Mapped[str | None]

    title: Mapped[str]
    title_fold: Mapped[str]
    section: Mapped[str | None]
    section_fold: Mapped[str | None]
    description: Mapped[str | None]
    location: Mapped[str | None]
    location_fold: Mapped[str | None]
    instructors: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    prices: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    roster_visible_to_students: Mapped[bool] = mapped_column(default=False)

    status: Mapped[ClassStatus] = mapped_column(choice(ClassStatus), default=ClassStatus.DRAFT)
    windows: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    approval_required: Mapped[bool] = mapped_column(default=False)
    timezone: Mapped[str | None]
    effective_timezone: Mapped[str]
    drop_until: Mapped[datetime | None]
    effective_drop_until: Mapped[datetime | None]
    withdraw_until: Mapped[datetime | None]
    effective_withdraw_until: Mapped[datetime | None]
    promotion_ends_at: Mapped[datetime | None]
    effective_promotion_ends_at: Mapped[datetime | None]

    waitlist_enabled: Mapped[bool] = mapped_column(default=True)
    waitlist_capacity: Mapped[int | None]
    waitlist_mode: Mapped[WaitlistMode] = mapped_column(
        choice(WaitlistMode), default=WaitlistMode.OFFER
    )
    waitlist_offer_ttl_seconds: Mapped[int] = mapped_column(default=172_800)

    capacity: Mapped[int | None]
    over_allowance: Mapped[int] = mapped_column(default=0)
    seats_taken: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[int] = mapped_column(default=0)
    eligible_waiting: Mapped[int] = mapped_column(default=0)
    next_ticket: Mapped[int] = mapped_column(default=1)
    promotion_pending: Mapped[bool] = mapped_column(default=False)
    next_due_at: Mapped[datetime | None]

    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    head_hash: Mapped[bytes] = mapped_column(default=NO_HASH)
    epoch: Mapped[int] = mapped_column(default=1)
    last_decided_at: Mapped[datetime | None]

    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class _has_member(FunctionElement[bool]):  # noqa: N801  # reads as an SQL function
    """Whether a list of objects holds one whose `member_id` is a text."""

    inherit_cache = True
    type = Boolean()


@compiles(_has_member)
def _on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    people, member = (compiler.process(part, **options) for part in element.clauses)
    return (
        f"({people} @> jsonb_build_array(jsonb_build_object('member_id', CAST({member} AS TEXT))))"
    )


@compiles(_has_member, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    people, member = (compiler.process(part, **options) for part in element.clauses)
    return (
        f"EXISTS (SELECT 1 FROM json_each({people}) AS person"  # noqa: S608  # made by the compiler
        f" WHERE json_extract(person.value, '$.member_id') = {member})"
    )


def taught_by(parameter: str) -> ColumnElement[bool]:
    """Whether a member is an instructor of the class; the parameter is `str` of the member's id."""
    return _has_member(SchoolClass.instructors, bindparam(parameter, type_=Text()))


def instructor_ids(instructors: Iterable[Mapping[str, Any]]) -> tuple[UUID, ...]:
    """The members among the instructors of a class; a name without a login is none."""
    return tuple(UUID(one["member_id"]) for one in instructors if one["member_id"] is not None)


SEATS_FREE = case(
    (SchoolClass.capacity <= SchoolClass.seats_taken, 0),
    else_=SchoolClass.capacity - SchoolClass.seats_taken,
)
"""Seats that nobody has; null without a capacity."""

ID_BY_EXTERNAL_ID = select(SchoolClass.id).where(
    SchoolClass.organization_id == bindparam("organization_id"),
    SchoolClass.external_id == bindparam("external_id"),
)
