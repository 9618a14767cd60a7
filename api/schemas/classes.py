"""Classes as clients see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from marshmallow import validates_schema

from api import ids
from api.models.school_class import ClassStatus, WaitlistMode
from api.schemas.base import Representation
from api.schemas.class_ledgers import CLASS_SEAT_RELS
from api.schemas.class_parts import (
    MOST_CAPACITY,
    Computed,
    InstructorSchema,
    PriceSchema,
    Stored,
    WaitlistSchema,
    Whole,
    WindowSchema,
)
from api.schemas.courses import COURSE
from api.schemas.faults import raise_faults
from api.schemas.fields import (
    Boolean,
    Enum,
    Id,
    Instant,
    Integer,
    Text,
    Timezone,
)
from api.schemas.hypermedia import Embed, Hypermedia, Rel
from api.schemas.terms import TERM
from api.services.rules_catalogue import deadline_faults

MOST_WINDOWS = 20
MOST_INSTRUCTORS = 20
MOST_PRICES = 20


def _default_waitlist() -> dict[str, Any]:
    return {
        "enabled": True,
        "capacity": None,
        "mode": WaitlistMode.OFFER,
        "offer_ttl_seconds": 172_800,
    }


def _waitlist(row: Any) -> dict[str, Any]:
    return {
        "enabled": row.waitlist_enabled,
        "capacity": row.waitlist_capacity,
        "mode": row.waitlist_mode.value,
        "offer_ttl_seconds": row.waitlist_offer_ttl_seconds,
    }


def _instructors(row: Any) -> list[dict[str, Any]]:
    return [
        {
            "member_id": one["member_id"] and ids.encode("mem", UUID(one["member_id"])),
            "name": one["name"],
        }
        for one in row.instructors
    ]


def _seats_free(row: Any) -> int | None:
    return None if row.capacity is None else max(0, row.capacity - row.seats_taken)


def _waitlist_length(row: Any) -> int:
    length: int = row.waiting
    return length


class ClassSchema(Representation):
    """One offering with seats. Only `title` is needed; without windows, `status` alone decides."""

    id = Id("cls", dump_only=True, metadata={"description": "Stable identifier."})
    organization_id = Id("org", dump_only=True, metadata={"description": "Whose class it is."})
    term_id = Id("trm", nullable=True, metadata={"description": "The term it is held in."})
    course_id = Id("crs", nullable=True, metadata={"description": "The course it offers."})
    external_id = Text(
        1,
        255,
        nullable=True,
        metadata={"description": "What another system calls it; unique in the organization."},
    )
    title = Text(1, 200, required=True, metadata={"description": "What people call it."})
    section = Text(
        1, 40, nullable=True, metadata={"description": "Which of several like it, as A or 02."}
    )
    description = Text(
        1, 10_000, multiline=True, nullable=True, metadata={"description": "What it is about."}
    )
    location = Text(1, 200, nullable=True, metadata={"description": "Where it meets."})
    instructors = Stored(
        Whole(InstructorSchema),
        most=MOST_INSTRUCTORS,
        load_default=list,
        metadata={"description": "Who teaches it.", "derived": _instructors},
    )
    prices = Stored(
        Whole(PriceSchema),
        most=MOST_PRICES,
        load_default=list,
        metadata={"description": "What it costs, early and late."},
    )
    roster_visible_to_students = Boolean(
        load_default=False,
        metadata={"description": "Whether its students see one another's names."},
    )
    status = Enum(
        ClassStatus,
        load_default=ClassStatus.DRAFT,
        metadata={"description": "Where it stands; a new one is `draft` or `open`."},
    )
    windows = Stored(
        Whole(WindowSchema),
        most=MOST_WINDOWS,
        load_default=list,
        metadata={"description": "When registration is open; none: while the class is."},
    )
    approval_required = Boolean(
        load_default=False, metadata={"description": "Whether staff decides on each request."}
    )
    timezone = Timezone(
        nullable=True,
        metadata={"description": "The zone of its wall clock; null: the organization's."},
    )
    effective_timezone = Timezone(dump_only=True, metadata={"description": "The zone that holds."})
    drop_until = Instant(
        nullable=True,
        metadata={"description": "Until when a seat is given back without a trace."},
    )
    effective_drop_until = Instant(
        dump_only=True,
        nullable=True,
        metadata={"description": "The same, of the class or else of its term; null: its end."},
    )
    withdraw_until = Instant(
        nullable=True,
        metadata={"description": "Until when a seat is given back, from `drop_until` on."},
    )
    effective_withdraw_until = Instant(
        dump_only=True,
        nullable=True,
        metadata={"description": "The same, of the class or else of its term; null: never."},
    )
    promotion_ends_at = Instant(
        nullable=True, metadata={"description": "From when on nobody moves up from the line."}
    )
    effective_promotion_ends_at = Instant(
        dump_only=True,
        nullable=True,
        metadata={
            "description": "The same, of the class or its term, or else the first session or"
            " `effective_drop_until`, whichever is earlier; null: never."
        },
    )
    waitlist = Computed(
        WaitlistSchema,
        load_default=_default_waitlist,
        metadata={"description": "How its line works.", "derived": _waitlist},
    )
    capacity = Integer(
        0, MOST_CAPACITY, nullable=True, metadata={"description": "Seats; null: no limit."}
    )
    over_allowance = Integer(
        dump_only=True,
        metadata={"volatile": True, "description": "Seats taken beyond the capacity, by staff."},
    )
    seats_taken = Integer(
        dump_only=True,
        metadata={"volatile": True, "description": "Seats that are enrolled or offered."},
    )
    seats_free = Integer(
        dump_only=True,
        nullable=True,
        metadata={
            "volatile": True,
            "description": "Seats left; null: no limit.",
            "derived": _seats_free,
        },
    )
    waitlist_length = Integer(
        dump_only=True,
        metadata={
            "volatile": True,
            "description": "Students in line.",
            "derived": _waitlist_length,
        },
    )
    created_at = Instant(dump_only=True, metadata={"description": "When it was made."})
    updated_at = Instant(dump_only=True, metadata={"description": "When it was last changed."})
    version = Integer(
        dump_only=True, metadata={"description": "Rises with every edit, never by seat traffic."}
    )

    @validates_schema
    def _in_order(self, values: Mapping[str, Any], **_: Any) -> None:
        raise_faults(deadline_faults(values))


def _status(name: str, status: ClassStatus) -> Rel:
    return Rel(
        name=name,
        operation="update_class",
        path={"class_id": "id"},
        judged=True,
        body={"status": status.value},
    )


_PATH = {"class_id": "id"}
CLASS = Hypermedia(
    schema=ClassSchema,
    is_kept=True,
    itself=Rel(name="self", operation="get_class", path=_PATH),
    rels=(
        Rel(name="edit", operation="update_class", path=_PATH, judged=True),
        _status("open", ClassStatus.OPEN),
        _status("close", ClassStatus.CLOSED),
        _status("cancel", ClassStatus.CANCELLED),
        Rel(name="delete", operation="delete_class", path=_PATH, judged=True),
        Rel(name="meeting-patterns", operation="list_class_meeting_patterns", path=_PATH),
        Rel(name="sessions", operation="list_class_sessions", path=_PATH),
        *CLASS_SEAT_RELS,
    ),
    embeds={
        "course": Embed(member="course_id", kind=COURSE),
        "term": Embed(member="term_id", kind=TERM),
    },
)
