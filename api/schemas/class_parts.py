"""The objects inside a class: who teaches it, when one registers, what it costs, its line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validates_schema

from api.models.school_class import WaitlistMode
from api.schemas.base import Representation
from api.schemas.faults import raise_faults
from api.schemas.fields import Boolean, Enum, Id, Instant, Integer, ListOf, Part, Text
from api.schemas.limits import Matching, field_options
from api.services.rules_catalogue import window_faults

MOST_CAPACITY = 100_000


class Whole(Part):
    """A part that is validated whole, also where only some members of what holds it were sent."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, partial: Any = None, **_: Any
    ) -> Any:
        del partial
        return super()._deserialize(value, attr, data, partial=False)


class Stored(ListOf):
    """A list whose items stand in their column as clients see them."""

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return value


class Computed(Part):
    """A part whose `derived` function gives it as clients see it."""

    def _serialize(self, nested_obj: Any, *_: Any, **__: Any) -> Any:  # type: ignore[override]  # as marshmallow
        return nested_obj


class Currency(fields.String):
    """Three capital letters (ISO 4217)."""

    def __init__(self, **options: Any) -> None:
        rule = Matching("[A-Z]{3}", "Use three capital letters, as EUR.")
        super().__init__(validate=rule, **field_options(options, nullable=False))


class InstructorSchema(Representation):
    """Somebody who teaches a class; what they may do follows `member_id` alone."""

    member_id = Id(
        "mem", nullable=True, metadata={"description": "The member, null without a login."}
    )
    name = Text(1, 200, required=True, metadata={"description": "The name to show."})


class WindowSchema(Representation):
    """When registration is open, `closes_at` not included, and for whom."""

    audience = Text(
        1,
        64,
        nullable=True,
        metadata={"description": "A group of students; null lets everybody in."},
    )
    opens_at = Instant(required=True, metadata={"description": "From when on it is open."})
    closes_at = Instant(required=True, metadata={"description": "From when on it is closed."})

    @validates_schema
    def _in_order(self, values: Mapping[str, Any], **_: Any) -> None:
        raise_faults(window_faults(values))


class PriceSchema(Representation):
    """What a class costs if one registers by then; shown, never taken."""

    amount_minor = Integer(
        0, required=True, metadata={"description": "In the smallest unit, such as cents."}
    )
    currency = Currency(required=True, metadata={"description": "ISO 4217."})
    until = Instant(
        nullable=True, metadata={"description": "Until when; null: until something else holds."}
    )


class WaitlistSchema(Representation):
    """How the line of a class works."""

    enabled = Boolean(load_default=True, metadata={"description": "Whether there is a line."})
    capacity = Integer(
        0, MOST_CAPACITY, nullable=True, metadata={"description": "Places in it; null: no limit."}
    )
    mode = Enum(
        WaitlistMode,
        load_default=WaitlistMode.OFFER,
        metadata={"description": "Whether its head is offered a free seat, or has it at once."},
    )
    offer_ttl_seconds = Integer(
        300,
        1_209_600,
        load_default=172_800,
        metadata={"description": "Seconds for which an offer stands."},
    )
