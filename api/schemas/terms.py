"""Terms as clients see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import validates_schema

from api.schemas.base import Representation
from api.schemas.faults import raise_faults
from api.schemas.fields import Date, Id, Instant, Integer, Text
from api.schemas.hypermedia import Hypermedia, Rel
from api.services.rules_catalogue import term_faults


class TermSchema(Representation):
    """A stretch of the year; its deadlines hold for the classes in it that set none."""

    id = Id("trm", dump_only=True, metadata={"description": "Stable identifier."})
    organization_id = Id("org", dump_only=True, metadata={"description": "Whose term it is."})
    name = Text(1, 200, required=True, metadata={"description": "What people call it."})
    external_id = Text(
        1,
        255,
        nullable=True,
        metadata={"description": "What another system calls it; unique in the organization."},
    )
    starts_on = Date(required=True, metadata={"description": "Its first day."})
    ends_on = Date(
        required=True, metadata={"description": "Its last day; its classes end the day after."}
    )
    drop_until = Instant(
        nullable=True,
        metadata={"description": "Until when a seat is given back without a trace."},
    )
    withdraw_until = Instant(
        nullable=True,
        metadata={"description": "Until when a seat is given back, from `drop_until` on."},
    )
    promotion_ends_at = Instant(
        nullable=True, metadata={"description": "From when on nobody moves up from a waitlist."}
    )
    created_at = Instant(dump_only=True, metadata={"description": "When it was made."})
    updated_at = Instant(dump_only=True, metadata={"description": "When it was last changed."})
    version = Integer(dump_only=True, metadata={"description": "Rises with every change."})

    @validates_schema
    def _in_order(self, values: Mapping[str, Any], **_: Any) -> None:
        raise_faults(term_faults(values))


TERM = Hypermedia(
    schema=TermSchema,
    itself=Rel(name="self", operation="get_term", path={"term_id": "id"}),
    rels=(
        Rel(name="edit", operation="update_term", path={"term_id": "id"}, judged=True),
        Rel(name="delete", operation="delete_term", path={"term_id": "id"}, judged=True),
    ),
)
