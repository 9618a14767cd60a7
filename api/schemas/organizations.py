"""Organizations as clients see them."""

from __future__ import annotations

from api.models.organization import ConflictPolicy
from api.schemas.base import Representation
from api.schemas.fields import Boolean, Enum, Id, Instant, Integer, Slug, Text, Timezone
from api.schemas.hypermedia import Hypermedia, Rel
from api.services.organizations import OF_MEMBERS


class OrganizationSchema(Representation):
    """A school, a bootcamp or a conference; everything in it is closed to all others."""

    id = Id("org", dump_only=True, metadata={"description": "Stable identifier."})
    name = Text(1, 200, required=True, metadata={"description": "What people call it."})
    slug = Slug(2, 40, required=True, metadata={"description": "A short name, unique everywhere."})
    timezone = Timezone(
        required=True, metadata={"description": "The zone of its clocks, an IANA name."}
    )
    public_catalog = Boolean(
        load_default=False,
        metadata={"description": "Whether published classes are readable without a token."},
    )
    conflict_policy = Enum(
        ConflictPolicy,
        load_default=ConflictPolicy.BLOCK,
        metadata={"description": "What a clash of two classes does to a registration."},
    )
    min_gap_minutes = Integer(
        0, 240, load_default=0, metadata={"description": "Minutes needed between two sessions."}
    )
    max_live_classes_per_term = Integer(
        1,
        100,
        nullable=True,
        metadata={
            "description": "Classes of one term that a student may be enrolled in, be offered, "
            "wait for or ask for, all together."
        },
    )
    max_waitlists_per_term = Integer(
        1, 100, nullable=True, metadata={"description": "Lines a student may wait in in one term."}
    )
    created_at = Instant(dump_only=True, metadata={"description": "When it was made."})
    updated_at = Instant(dump_only=True, metadata={"description": "When it was last changed."})
    version = Integer(dump_only=True, metadata={"description": "Rises with every change."})


ORGANIZATION = Hypermedia(
    schema=OrganizationSchema,
    itself=Rel(name="self", operation="get_organization", path={"organization_id": "id"}),
    rels=(
        Rel(
            name="edit",
            operation="update_organization",
            path={"organization_id": "id"},
            judged=True,
        ),
        Rel(
            name="delete",
            operation="delete_organization",
            path={"organization_id": "id"},
            judged=True,
        ),
        Rel(name="terms", operation="list_terms", path={"organization_id": "id"}),
        Rel(name="courses", operation="list_courses", path={"organization_id": "id"}),
        Rel(name="classes", operation="list_classes", path={"organization_id": "id"}),
        *(
            Rel(name=noun, operation=f"list_{noun}", path={"organization_id": "id"}, judged=True)
            for noun in OF_MEMBERS
        ),
    ),
)
