"""Registrations as clients see and ask for them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError, post_load, validates_schema

from api import ids
from api.errors import BLOCK_CODES
from api.models.registration import RegistrationState
from api.schemas.base import Representation
from api.schemas.classes import CLASS
from api.schemas.dumping import dumped
from api.schemas.faults import REQUIRED, FieldFault
from api.schemas.fields import Boolean, Enum, Id, Instant, Integer, ListOf, Part, Shown, Text
from api.schemas.hypermedia import Embed, Hypermedia, Rel
from api.schemas.students import STUDENT
from api.services.rules_states import ASKABLE, ASKABLE_MOVES
from api.services.rules_states import Rel as MoveRel
from api.services.rules_verdicts import OnFull

MOST_PRIORITY = 1_000
_LONGEST_URL = 2_048

Waivable = enum.StrEnum(  # type: ignore[misc]  # mypy wants the names as literals
    "Waivable", {code: code for code in BLOCK_CODES if code != "already-registered"}
)
"""The rules that staff may set aside."""

AskableState = enum.StrEnum(  # type: ignore[misc]  # the same
    "AskableState", {state.name: state.value for state in RegistrationState if state in ASKABLE}
)
"""The states that a person may ask for; every other is the system's to give."""


class ResourceUrl(Text):
    """The URL of a resource, as a link gave it; its id inside."""

    def __init__(self, prefix: str, **options: Any) -> None:
        options["metadata"] = {"format": "uri", **options.get("metadata", {})}
        super().__init__(1, _LONGEST_URL, **options)
        self.prefix = prefix

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        last = urlsplit(super()._deserialize(value)).path.rpartition("/")[2]
        try:
            return ids.decode(self.prefix, last)
        except ValueError:
            raise ValidationError(
                FieldFault("bad-format", f"Use a URL that ends with an id of {self.prefix}_.")
            ) from None

    def _validate(self, value: Any) -> None:
        """Nothing is left to be said of an id."""


def _student_id() -> Id:
    return Id("stu", metadata={"description": "Who takes the seat; you, if left out."})


def _student_url() -> ResourceUrl:
    return ResourceUrl("stu", metadata={"description": "The same, as the student's URL."})


def _class_id() -> Id:
    return Id("cls", metadata={"description": "The class."})


def _class_url() -> ResourceUrl:
    return ResourceUrl("cls", metadata={"description": "The same, as the URL of the class."})


def _on_full() -> Enum:
    return Enum(
        OnFull,
        load_default=OnFull.FAIL,
        metadata={"description": "What a full class does: refuse, or give a place in line."},
    )


def _overrides() -> ListOf:
    return ListOf(
        Enum(Waivable),
        most=len(Waivable),
        metadata={"description": "Codes of rules that staff sets aside for this student."},
    )


def _reason_code(description: str) -> Text:
    return Text(1, 64, metadata={"description": description})


def _require_reason(values: Mapping[str, Any]) -> None:
    if values.get("overrides") and "reason_code" not in values:
        raise ValidationError({"reason_code": [REQUIRED]})


def _require_class(values: Mapping[str, Any]) -> None:
    if "class_id" not in values and "class_url" not in values:
        raise ValidationError({"class_id": [REQUIRED]})


def _require_one(values: Mapping[str, Any], noun: str) -> None:
    if f"{noun}_id" in values and f"{noun}_url" in values:
        fault = FieldFault("bad-format", f"Send {noun}_id or {noun}_url, not both.")
        raise ValidationError({f"{noun}_url": [fault]})


def _by_id(values: dict[str, Any]) -> dict[str, Any]:
    for noun in ("student", "class"):
        if f"{noun}_url" in values:
            values[f"{noun}_id"] = values[f"{noun}_url"]
    return values


_WHY = "Why rules are set aside; needed with `overrides`, and kept in the ledger."


class NewRegistrationSchema(Representation):
    """A wish for a seat, sent to an organization."""

    student_id = _student_id()
    student_url = _student_url()
    class_id = _class_id()
    class_url = _class_url()
    on_full = _on_full()
    overrides = _overrides()
    reason_code = _reason_code(_WHY)

    @validates_schema
    def _complete(self, values: Mapping[str, Any], **_: Any) -> None:
        _require_class(values)
        _require_one(values, "class")
        _require_one(values, "student")
        _require_reason(values)

    @post_load
    def _resolve(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        return _by_id(values)


class NewClassRegistrationSchema(Representation):
    """A wish for a seat, sent to a class."""

    student_id = _student_id()
    student_url = _student_url()
    on_full = _on_full()
    overrides = _overrides()
    reason_code = _reason_code(_WHY)

    @validates_schema
    def _complete(self, values: Mapping[str, Any], **_: Any) -> None:
        _require_one(values, "student")
        _require_reason(values)

    @post_load
    def _resolve(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        return _by_id(values)


class NewStudentRegistrationSchema(Representation):
    """A wish for a seat, sent to a student."""

    class_id = _class_id()
    class_url = _class_url()
    on_full = _on_full()
    overrides = _overrides()
    reason_code = _reason_code(_WHY)

    @validates_schema
    def _complete(self, values: Mapping[str, Any], **_: Any) -> None:
        _require_class(values)
        _require_one(values, "class")
        _require_reason(values)

    @post_load
    def _resolve(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        return _by_id(values)


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


class NewTransitionSchema(Representation):
    """A wish for another state of a registration."""

    to = Enum(AskableState, required=True, metadata={"description": "The state that is asked for."})
    reason_code = _reason_code("Why; needed by `removed` and `rejected`, kept in the ledger.")

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
