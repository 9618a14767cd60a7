"""Invitations as clients see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import validates_schema

from api.errors import FieldError
from api.models.organization import Role
from api.schemas.base import Representation
from api.schemas.faults import raise_faults
from api.schemas.fields import Email, Enum, Id, Instant, Secret, Text
from api.schemas.hypermedia import Hypermedia, Rel


class InvitationSchema(Representation):
    """An offer to become a member, for whoever has its code."""

    id = Id("inv", dump_only=True, metadata={"description": "Stable identifier."})
    organization_id = Id("org", dump_only=True, metadata={"description": "Where to."})
    role = Enum(Role, required=True, metadata={"description": "What whoever accepts it will be."})
    student_id = Id(
        "stu",
        nullable=True,
        metadata={"description": "The student record that it lets them claim; null for none."},
    )
    email = Email(
        nullable=True, metadata={"description": "To whom it was given, for the list alone."}
    )
    created_by = Id("usr", dump_only=True, metadata={"description": "Who made it."})
    created_at = Instant(dump_only=True, metadata={"description": "When it was made."})
    expires_at = Instant(
        dump_only=True, metadata={"description": "From when on it cannot be accepted."}
    )
    accepted_at = Instant(
        nullable=True, dump_only=True, metadata={"description": "When it was; null: not yet."}
    )
    accepted_by = Id(
        "usr", nullable=True, dump_only=True, metadata={"description": "The user who accepted it."}
    )

    @validates_schema(skip_on_field_errors=True)
    def _only_students_claim(self, values: Mapping[str, Any], **_: Any) -> None:
        if values.get("student_id") is not None and values["role"] is not Role.STUDENT:
            detail = "Only an invitation of a student claims a student record."
            raise_faults([FieldError("not-a-choice", detail, "#/student_id")])


class IssuedInvitationSchema(InvitationSchema):
    """An invitation with its code, as it is shown once."""

    code = Text(
        1, 64, dump_only=True, metadata={"description": "The code; it is never shown again."}
    )


class AcceptanceSchema(Representation):
    """What an invitation is accepted with."""

    code = Secret(1, 64, required=True, metadata={"description": "The code of the invitation."})


INVITATION_PATH = {"invitation_id": "id"}

INVITATION = Hypermedia(
    schema=InvitationSchema,
    itself=Rel(name="self", operation="get_invitation", path=INVITATION_PATH),
    rels=(Rel(name="delete", operation="delete_invitation", path=INVITATION_PATH, judged=True),),
)
ISSUED_INVITATION = Hypermedia(
    schema=IssuedInvitationSchema, itself=INVITATION.itself, rels=INVITATION.rels
)
