"""Courses as clients see them."""

from __future__ import annotations

from api.schemas.base import Representation
from api.schemas.fields import Id, Instant, Integer, Text
from api.schemas.hypermedia import Hypermedia, Rel


class CourseSchema(Representation):
    """What the catalogue describes, and classes offer."""

    id = Id("crs", dump_only=True, metadata={"description": "Stable identifier."})
    organization_id = Id("org", dump_only=True, metadata={"description": "Whose course it is."})
    code = Text(
        1,
        40,
        required=True,
        metadata={
            "description": "Its short name, unique in the organization in upper or lower case."
        },
    )
    title = Text(1, 200, required=True, metadata={"description": "Its full name."})
    description = Text(
        1, 10_000, multiline=True, nullable=True, metadata={"description": "What it is about."}
    )
    credits_milli = Integer(
        0,
        100_000,
        nullable=True,
        metadata={"description": "Thousandths of a credit; null where the number is not known."},
    )
    external_id = Text(
        1,
        255,
        nullable=True,
        metadata={"description": "What another system calls it; unique in the organization."},
    )
    created_at = Instant(dump_only=True, metadata={"description": "When it was made."})
    updated_at = Instant(dump_only=True, metadata={"description": "When it was last changed."})
    version = Integer(dump_only=True, metadata={"description": "Rises with every change."})


COURSE = Hypermedia(
    schema=CourseSchema,
    itself=Rel(name="self", operation="get_course", path={"course_id": "id"}),
    rels=(
        Rel(name="edit", operation="update_course", path={"course_id": "id"}, judged=True),
        Rel(name="delete", operation="delete_course", path={"course_id": "id"}, judged=True),
    ),
)
