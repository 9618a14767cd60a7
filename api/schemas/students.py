"""Students as clients see them."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, post_load

from api.models.student import StudentStatus
from api.schemas.base import Representation
from api.schemas.faults import FieldFault
from api.schemas.fields import Email, Enum, Id, Instant, Integer, ListOf, Text
from api.schemas.hypermedia import Hypermedia, Rel

SETTABLE = (StudentStatus.ACTIVE.value, StudentStatus.INACTIVE.value)


def _settable(status: StudentStatus) -> None:
    if status.value not in SETTABLE:
        raise ValidationError(
            FieldFault("not-a-choice", "A student is erased by DELETE.", allowed=SETTABLE)
        )


class StudentSchema(Representation):
    """A person who takes seats in classes, with or without a login."""

    id = Id("stu", dump_only=True, metadata={"description": "Stable identifier."})
    organization_id = Id("org", dump_only=True, metadata={"description": "Whose student it is."})
    given_name = Text(1, 100, required=True, metadata={"description": "Given name."})
    family_name = Text(1, 100, required=True, metadata={"description": "Family name."})
    email = Email(
        nullable=True,
        metadata={
            "description": "Where to write to; unique in the organization in upper or lower case."
        },
    )
    external_id = Text(
        1,
        255,
        nullable=True,
        metadata={"description": "What another system calls them; unique in the organization."},
    )
    status = Enum(
        StudentStatus,
        load_default=StudentStatus.ACTIVE,
        validate=_settable,
        metadata={
            "description": "Whether they may register. `erased` cannot be set: DELETE erases."
        },
    )
    groups = ListOf(
        Text(1, 64),
        most=50,
        load_default=list,
        metadata={"description": "Tags that the windows of classes name as their audience."},
    )
    member_id = Id(
        "mem",
        nullable=True,
        dump_only=True,
        metadata={"description": "Their login, once they have accepted an invitation."},
    )
    created_at = Instant(dump_only=True, metadata={"description": "When the record was made."})
    updated_at = Instant(dump_only=True, metadata={"description": "When it was last changed."})
    version = Integer(dump_only=True, metadata={"description": "Rises with every change."})

    @post_load
    def _each_group_once(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        if "groups" in values:
            values["groups"] = list(dict.fromkeys(values["groups"]))
        return values


STUDENT_PATH = {"student_id": "id"}

STUDENT = Hypermedia(
    schema=StudentSchema,
    itself=Rel(name="self", operation="get_student", path=STUDENT_PATH),
    rels=(
        Rel(name="edit", operation="update_student", path=STUDENT_PATH, judged=True),
        Rel(name="delete", operation="delete_student", path=STUDENT_PATH, judged=True),
        Rel(name="registrations", operation="list_student_registrations", path=STUDENT_PATH),
        Rel(name="organization", operation="get_organization"),
    ),
)
