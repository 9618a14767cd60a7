"""Faults of the input with a code for machines, and where in the input they are (RFC 6901)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self
from urllib.parse import quote

from marshmallow import ValidationError
from marshmallow.exceptions import SCHEMA

from api.errors import FieldError

# What RFC 3986 allows in a fragment beside what `quote` keeps anyway.
_FRAGMENT = "!$&'()*+,;=:@/?~"
_LONGEST_NAME = 100


class FieldFault(str):
    """A message of marshmallow that carries its machine code, through formatting too.

    `allowed` lists the values that would do, where there are few.
    """

    __slots__ = ("allowed", "code")
    code: str
    allowed: tuple[str, ...]

    def __new__(cls, code: str, detail: str, *, allowed: tuple[str, ...] = ()) -> Self:
        """`detail` is a sentence; `{name}` in it is filled in by the validator."""
        fault = super().__new__(cls, detail)
        fault.code = code
        fault.allowed = allowed
        return fault

    def format(self, *args: object, **kwargs: object) -> FieldFault:
        """The same fault with its blanks filled in."""
        return FieldFault(self.code, super().format(*args, **kwargs), allowed=self.allowed)


REQUIRED = FieldFault("required", "This member is required.")
UNKNOWN = FieldFault("unknown-member", "There is no such member.")
READ_ONLY = FieldFault("read-only", "This member cannot be set.")
NOT_AN_OBJECT = FieldFault("wrong-type", "Send a JSON object.")
NOT_NULL = FieldFault("wrong-type", "This member cannot be null.")


def faults(messages: Any, *, prefix: str = "#") -> list[FieldError]:
    """Marshmallow's nested messages as faults with JSON Pointers in a URI fragment.

    `prefix` is the pointer of what was validated: `#` for a whole body, `#/items/3` for a part.
    """
    return [
        FieldError(pointer=pointer, code=fault.code, detail=str(fault))
        for pointer, fault in _leaves(messages, prefix)
    ]


def parameter_faults(messages: Mapping[str, Any]) -> list[FieldError]:
    """Marshmallow's messages about a query as faults, each with its parameter."""
    return [
        FieldError(parameter=str(name)[:_LONGEST_NAME], code=fault.code, detail=str(fault))
        for name, below in messages.items()
        for _, fault in _leaves(below, "")
    ]


def raise_faults(found: Iterable[FieldError]) -> None:
    """Let marshmallow know of faults that a rule found in members of one object.

    Raises:
        ValidationError: there are any.
    """
    messages: dict[str, list[FieldFault]] = {}
    for fault in found:
        name = (fault.pointer or "").removeprefix("#/")
        messages.setdefault(name, []).append(FieldFault(fault.code, fault.detail))
    if messages:
        raise ValidationError(messages)


def first_allowed(messages: Any) -> tuple[str, ...]:
    """The values that the first fault with a choice of them would take."""
    return next((fault.allowed for _, fault in _leaves(messages, "") if fault.allowed), ())


def _leaves(messages: Any, pointer: str) -> Iterator[tuple[str, FieldFault]]:
    if isinstance(messages, Mapping):
        for name, below in messages.items():
            # Faults of a nested object as a whole stand under `_schema`: they are its own.
            step = "" if name == SCHEMA else "/" + _token(str(name))
            yield from _leaves(below, pointer + step)
    elif isinstance(messages, list):
        for message in messages:
            yield from _leaves(message, pointer)
    else:
        # A message that is not ours comes from a plain marshmallow field.
        is_ours = isinstance(messages, FieldFault)
        yield pointer, messages if is_ours else FieldFault("bad-format", str(messages))


def _token(name: str) -> str:
    escaped = name[:_LONGEST_NAME].replace("~", "~0").replace("/", "~1")
    return quote(escaped, safe=_FRAGMENT)
