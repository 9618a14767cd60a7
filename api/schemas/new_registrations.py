"""Wishes for a seat, as they come through the three doors."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, post_load, validates_schema

from api.errors import BLOCK_CODES
from api.schemas.addresses import LOCATE
from api.schemas.base import Representation
from api.schemas.faults import REQUIRED, FieldFault
from api.schemas.fields import Enum, Id, ListOf, Text
from api.services.rules_verdicts import OnFull

_LONGEST_URL = 2_048

Waivable = enum.StrEnum(  # type: ignore[misc]  # mypy wants the names as literals
    "Waivable", {code: code for code in BLOCK_CODES if code != "already-registered"}
)
"""The rules that staff may set aside."""


class ResourceUrl(Text):
    """The URL of a resource, as a link gave it; its id inside. `operation` reads it."""

    def __init__(self, operation: str, **options: Any) -> None:
        options["metadata"] = {"format": "uri", **options.get("metadata", {})}
        super().__init__(1, _LONGEST_URL, **options)
        self.operation = operation

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        found = LOCATE.get()(super()._deserialize(value), self.operation)
        if found is None:
            raise ValidationError(
                FieldFault("bad-format", f"Use a URL of {self.operation}, as a link gives it.")
            )
        return found

    def _validate(self, value: Any) -> None:
        """Nothing is left to be said of an id."""


def _student_id() -> Id:
    return Id("stu", metadata={"description": "Who takes the seat; you, if left out."})


def _student_url() -> ResourceUrl:
    return ResourceUrl("get_student", metadata={"description": "The same, as the student's URL."})


def _class_id() -> Id:
    return Id("cls", metadata={"description": "The class."})


def _class_url() -> ResourceUrl:
    return ResourceUrl("get_class", metadata={"description": "The same, as the URL of the class."})


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


class RegistrationCreateSchema(Representation):
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


class ClassRegistrationCreateSchema(Representation):
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


class StudentRegistrationCreateSchema(Representation):
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
