"""Members as clients see them."""

from __future__ import annotations

from api.models.organization import Role
from api.schemas.accounts import Username
from api.schemas.base import Representation
from api.schemas.fields import Enum, Id, Instant, Integer, Text
from api.schemas.hypermedia import Hypermedia, Rel


class MemberSchema(Representation):
    """A user in an organization, with a role."""

    id = Id("mem", dump_only=True, metadata={"description": "Stable identifier."})
    organization_id = Id("org", dump_only=True, metadata={"description": "Where they belong."})
    user_id = Id("usr", dump_only=True, metadata={"description": "The user."})
    username = Text(1, 64, dump_only=True, metadata={"description": "The name they log in with."})
    display_name = Text(
        1,
        200,
        nullable=True,
        dump_only=True,
        metadata={"description": "What others read; null for none."},
    )
    role = Enum(Role, required=True, metadata={"description": "What they are here."})
    student_id = Id(
        "stu", nullable=True, dump_only=True, metadata={"description": "Their student record."}
    )
    created_at = Instant(dump_only=True, metadata={"description": "When they joined."})
    updated_at = Instant(dump_only=True, metadata={"description": "When it was last changed."})
    version = Integer(dump_only=True, metadata={"description": "Rises with every change."})


class MemberCreateSchema(Representation):
    """A user who exists already, and what they are to be."""

    username = Username(required=True, metadata={"description": "The name they log in with."})
    role = Enum(Role, required=True, metadata={"description": "What they are to be."})


MEMBER_PATH = {"member_id": "id"}

MEMBER = Hypermedia(
    schema=MemberSchema,
    itself=Rel(name="self", operation="get_member", path=MEMBER_PATH),
    rels=(
        Rel(name="edit", operation="update_member", path=MEMBER_PATH, judged=True),
        Rel(name="delete", operation="delete_member", path=MEMBER_PATH, judged=True),
    ),
)
