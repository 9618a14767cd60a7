"""The line of a class as clients see it."""

from __future__ import annotations

from api.schemas.base import Representation
from api.schemas.classes import CLASS
from api.schemas.fields import Id, Instant, Integer, Text
from api.schemas.hypermedia import Embed, Hypermedia, Rel
from api.schemas.students import STUDENT


class WaitlistPlaceSchema(Representation):
    """One place in the line of a class."""

    position = Integer(dump_only=True, metadata={"description": "1 for the head of the line."})
    length = Integer(dump_only=True, metadata={"description": "How many wait in all."})
    id = Id("reg", dump_only=True, metadata={"description": "The registration that waits."})
    class_id = Id("cls", dump_only=True, metadata={"description": "The class."})
    student_id = Id("stu", dump_only=True, metadata={"description": "Who waits."})
    ticket = Integer(dump_only=True, metadata={"description": "Its number in the class."})
    priority = Integer(dump_only=True, metadata={"description": "Higher goes first."})
    skip_reason = Text(
        dump_only=True,
        nullable=True,
        metadata={"description": "Why a free seat went past this place, as a code."},
    )
    created_at = Instant(dump_only=True, metadata={"description": "Since when."})


WAITLIST_PLACE = Hypermedia(
    schema=WaitlistPlaceSchema,
    itself=Rel(name="self", operation="get_registration", path={"registration_id": "id"}),
    rels=(
        Rel(name="class", operation="get_class", path={"class_id": "class_id"}),
        Rel(name="student", operation="get_student", path={"student_id": "student_id"}),
    ),
    embeds={
        "class": Embed(member="class_id", kind=CLASS),
        "student": Embed(member="student_id", kind=STUDENT),
    },
)
