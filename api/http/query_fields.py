"""The values of query parameters: texts that stand for numbers, lists, orders and instants."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields

from api.models.base import fold
from api.schemas import fields as members
from api.schemas import patterns
from api.schemas.faults import FieldFault
from api.schemas.limits import Range, field_options

MOST_CHOICES = 100
_INTEGER = re.compile(r"-?[0-9]{1,16}", re.ASCII)
_LOST_PLUS = re.compile(r".*[0-9] [0-9]{2}:[0-9]{2}", re.ASCII)


class Number(fields.Integer):
    """A whole number in decimal digits."""

    def __init__(self, least: int, most: int, **options: Any) -> None:
        super().__init__(validate=Range(least, most), **field_options(options, nullable=False))

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if _INTEGER.fullmatch(value) is None:
            raise ValidationError(FieldFault("bad-format", "Use a whole number."))
        return int(value)


class Flag(fields.Boolean):
    """`true` or `false`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**field_options(options, nullable=False))

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if value not in ("true", "false"):
            raise ValidationError(
                FieldFault("not-a-choice", "Use true or false.", allowed=("true", "false"))
            )
        return bool(value == "true")


class InstantParameter(members.Instant):
    """An instant; a plus sign that arrived as a space is recognised and explained."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        if _LOST_PLUS.fullmatch(value) is not None:
            raise ValidationError(
                FieldFault("bad-format", "Write the plus sign of the offset as %2B, or use Z.")
            )
        return super()._deserialize(value)


class Fragment(members.Text):
    """Part of a text, compared without regard to case: NFKC and case folding."""

    def __init__(self, **options: Any) -> None:
        super().__init__(2, 64, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        return fold(super()._deserialize(value))


def _pattern_of(kind: fields.Field[Any]) -> str | None:
    if isinstance(kind, members.Enum):
        return patterns.among(member.value for member in kind.enum)
    pattern: str | None = kind.metadata.get("pattern")
    return pattern


class Several(fields.String):
    """Values of one kind, separated by commas."""

    def __init__(self, kind: fields.Field[Any], **options: Any) -> None:
        one = patterns.one_of(_pattern_of(kind))
        pattern = patterns.listed(one, MOST_CHOICES)
        super().__init__(**field_options(options, nullable=False, pattern=pattern))
        self._kind = kind

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        parts = value.split(",")
        if len(parts) > MOST_CHOICES:
            raise ValidationError(FieldFault("too-long", f"Use at most {MOST_CHOICES} values."))
        return [self._kind.deserialize(part) for part in parts]


class Names(fields.String):
    """Names out of an allow-list, separated by commas, each once."""

    def __init__(self, allowed: Iterable[str], *, most: int | None = None, **options: Any) -> None:
        self._allowed = tuple(allowed)
        self._most = most or len(self._allowed)
        one = ("-?" if self._takes_signs else "") + patterns.among(self._allowed)
        pattern = patterns.listed(one, self._most)
        super().__init__(**field_options(options, nullable=False, pattern=pattern))

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        names = value.split(",")
        for name in names:
            self._require(name.removeprefix("-") if self._takes_signs else name)
        if len(names) > self._most:
            raise ValidationError(FieldFault("too-long", f"Use at most {self._most} names."))
        plain = [name.removeprefix("-") for name in names]
        if len(set(plain)) < len(plain):
            raise ValidationError(FieldFault("bad-format", "Use each name once."))
        return tuple(names)

    _takes_signs = False

    def _require(self, name: str) -> None:
        if name not in self._allowed:
            raise ValidationError(
                FieldFault(
                    "not-a-choice",
                    f"Use names of this list: {', '.join(self._allowed)}.",
                    allowed=self._allowed,
                )
            )


class Order(Names):
    """Names to sort by; a minus sign before one turns its order around."""

    _takes_signs = True
