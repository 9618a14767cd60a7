"""Registrations as clients see and ask for them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, post_load, validates_schema

from api.models.registration import RegistrationState
from api.schemas.base import Representation
from api.schemas.classes import CLASS
from api.schemas.dumping import dumped
from api.schemas.faults import REQUIRED
from api.schemas.fields import Boolean, Enum, Id, Instant, Integer, ListOf, Part, Shown, Text
from api.schemas.hypermedia import Embed, Hypermedia, Rel
from api.schemas.students import STUDENT
from api.services.rules_states import ASKABLE, ASKABLE_MOVES
from api.services.rules_states import Rel as MoveRel

MOST_PRIORITY = 1_000

AskableState = enum.StrEnum(  # type: ignore[misc]  # the same
    "AskableState", {state.name: state.value for state in RegistrationState if state in ASKABLE}
)
"""The states that a person may ask for; every other is the system's to give."""


class RegistrationSchema(Representation):
    """A student's place in a class. It is never deleted: its state says how it ended."""

    id = Id("reg", dump_only=True, metadata={"description": "Stable identifier."})
    organization_id = Id("org", dump_only=True, metadata={"description": "Where it is."})
    class_id = Id("cls", dump_only=True, metadata={"description": "The class."})
    student_id = Id("stu", dump_only=True, metadata={"description": "Who has the place."})
    state = Enum(
        RegistrationState, dump_only=True, metadata={"description": "Where the student stands."}
    )
    ticket = Integer(
        dump_only=True, metadata={"description": "Its number in the class; lower came first."}
    )
    priority = Integer(
        0,
        MOST_PRIORITY,
        load_default=0,
        metadata={"description": "Moves the line: higher goes first, whatever the ticket."},
    )
    position = Integer(
        dump_only=True,
        nullable=True,
        metadata={"description": "Place in line, 1 for the head; null unless waitlisted."},
    )
    offer_expires_at = Instant(
        dump_only=True,
        nullable=True,
        metadata={"description": "Until when an offered seat may be accepted, not included."},
    )
    skip_reason = Text(
        dump_only=True,
        nullable=True,
        metadata={"description": "Why a free seat went past this place, as a code."},
    )
    overrides = ListOf(
        Text(),
        dump_only=True,
        metadata={"description": "Codes of the rules that staff set aside."},
    )
    conflict_override = Boolean(
        dump_only=True, metadata={"description": "Whether a clash was known and let pass."}
    )
    previous_id = Id(
        "reg",
        dump_only=True,
        nullable=True,
        metadata={"description": "The same student's registration in this class before."},
    )
    decided_at = Instant(
        dump_only=True, metadata={"description": "When its state was decided, by our clock."}
    )
    created_at = Instant(dump_only=True, metadata={"description": "When it was made."})
    updated_at = Instant(dump_only=True, metadata={"description": "When it was last changed."})
    version = Integer(
        dump_only=True, metadata={"description": "Rises with its state and with every edit."}
    )


class TransitionCreateSchema(Representation):
    """A wish for another state of a registration."""

    to = Enum(AskableState, required=True, metadata={"description": "The state that is asked for."})
    reason_code = Text(
        1,
        64,
        metadata={"description": "Why; needed by `removed` and `rejected`, kept in the ledger."},
    )

    @validates_schema
    def _complete(self, values: Mapping[str, Any], **_: Any) -> None:
        if values.get("to") in _NEED_REASON and "reason_code" not in values:
            raise ValidationError({"reason_code": [REQUIRED]})

    @post_load
    def _resolve(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**values, "to": RegistrationState(values["to"])}


_NEED_REASON = frozenset(move.to.value for move in ASKABLE_MOVES.values() if move.needs_reason)


class TransitionSchema(Representation):
    """One change of a registration."""

    seq = Integer(dump_only=True, metadata={"description": "Its event in the class's ledger."})
    at = Instant(dump_only=True, metadata={"description": "When it was decided."})
    from_state = Enum(
        RegistrationState,
        dump_only=True,
        nullable=True,
        data_key="from",
        metadata={"description": "The state before; null: it was just made."},
    )
    to_state = Enum(
        RegistrationState,
        dump_only=True,
        data_key="to",
        metadata={"description": "The state after."},
    )
    actor_id = Id(
        "usr", dump_only=True, nullable=True, metadata={"description": "Null: the system."}
    )
    reason_code = Text(dump_only=True, nullable=True, metadata={"description": "Why, as a code."})


def _transitions(row: Any) -> list[dict[str, Any]]:
    return [dumped(TransitionSchema, event) for event in row.items]


class TransitionsSchema(Representation):
    """The history of a registration."""

    items = Shown(
        Part(TransitionSchema),
        dump_only=True,
        metadata={"description": "Every change, oldest first.", "derived": _transitions},
    )


_PATH = {"registration_id": "id"}


def _move(rel: MoveRel) -> Rel:
    return Rel(
        name=rel.value,
        operation="create_registration_transition",
        path=_PATH,
        judged=True,
        body={"to": ASKABLE_MOVES[rel].to.value},
    )


REGISTRATION = Hypermedia(
    schema=RegistrationSchema,
    itself=Rel(name="self", operation="get_registration", path=_PATH),
    rels=(
        *(_move(rel) for rel in MoveRel),
        Rel(name="edit", operation="update_registration", path=_PATH, judged=True),
        Rel(name="transitions", operation="list_registration_transitions", path=_PATH),
        Rel(name="class", operation="get_class", path={"class_id": "class_id"}),
        Rel(name="student", operation="get_student", path={"student_id": "student_id"}),
    ),
    embeds={
        "class": Embed(member="class_id", kind=CLASS),
        "student": Embed(member="student_id", kind=STUDENT),
    },
)

TRANSITIONS = Hypermedia(
    schema=TransitionsSchema,
    itself=Rel(name="self", operation="list_registration_transitions", path=_PATH),
    rels=(Rel(name="registration", operation="get_registration", path=_PATH),),
)
