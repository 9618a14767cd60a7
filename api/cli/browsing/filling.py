"""A form, filled member by member, with what the document says of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

import orjson

from homeroom_client import Form, Member

NOTHING: Final = "null"
BOUNDS: Final = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "maxItems": "at most {} items",
    "format": "{}",
}
TRUTH: Final = {"yes": True, "true": True, "y": True, "no": False, "false": False, "n": False}


class Asks(Protocol):
    """Whoever sits at the terminal."""

    def __call__(self, question: str, *, is_secret: bool = False) -> str:
        """The answer, without its end of line."""

    def tell(self, text: str) -> None:
        """Show something in between."""


class NotThat(ValueError):
    """What was typed is no value of this member; the text says what would be."""


class Missing(ValueError):
    """A member is needed, and there is nobody to ask."""


def hint(member: Member) -> str:
    """What the document says that the member takes, in a line."""
    if member.choices:
        return " | ".join(map(str, member.choices))
    told = [_kind(member)]
    told += [
        text.format(member.schema[key]) for key, text in BOUNDS.items() if key in member.schema
    ]
    if member.is_nullable:
        told.append(f"or {NOTHING}")
    return ", ".join(told)


def read_value(member: Member, typed: str) -> Any:
    """The value that was typed.

    Raises:
        NotThat: it is none of this kind; the server judges the rest.
    """
    if member.is_nullable and typed == NOTHING:
        return None
    if member.choices and typed not in map(str, member.choices):
        raise NotThat(f"{member.name} is one of {hint(member)}")
    if member.kind == "boolean":
        if typed.casefold() not in TRUTH:
            raise NotThat(f"{member.name} is yes or no")
        return TRUTH[typed.casefold()]
    if member.kind == "array" and _kind(member) == _SEVERAL and typed[:1] != "[":
        return [part.strip() for part in typed.split(",") if part.strip()]
    return typed if member.kind == "string" else _json(member, typed)


def fill(form: Form, given: Mapping[str, str], asks: Asks | None) -> dict[str, Any]:
    """The values of a form: those given in words, and those asked for where somebody is there.

    Raises:
        NotThat: a value that was given does not fit.
        Missing: a member is needed, and `asks` is None.
    """
    values = {name: read_value(_member(form, name), typed) for name, typed in given.items()}
    if asks is None:
        missing = form.missing(values)
        if missing:
            raise Missing(f"{form.link.rel} needs {', '.join(missing)}: say {missing[0]}=…")
        return values
    for name in form.missing(values):
        values[name] = _asked(form[name], asks)
    # Whoever gave values in words, or a link that fixes some, has said what there is to say.
    is_said = given or form.link.body
    return values if is_said else values | _optional(form, values, asks)


def _optional(form: Form, values: Mapping[str, Any], asks: Asks) -> dict[str, Any]:
    """Members that may be left out, one after the other, until an empty line."""
    more: dict[str, Any] = {}
    known = {*values, *form.link.body}
    rest = [member for member in form if member.name not in known]
    if not rest:
        return more
    asks.tell("May also be given:")
    for member in rest:
        asks.tell(f"  {member.name:<24}{member.description}")
    names = {member.name: member for member in rest}
    while name := asks("another member, or Enter to send: ").strip():
        if name in names:
            more[name] = _asked(names[name], asks)
        else:
            asks.tell(f"There is no member {name} left to give.")
    return more


def _asked(member: Member, asks: Asks) -> Any:
    asks.tell(f"{member.name}: {member.description} ({hint(member)})")
    is_secret = member.schema.get("format") == "password"
    while True:
        typed = asks(f"{member.name} = ", is_secret=is_secret)
        if not typed:
            asks.tell("It is needed; Ctrl-C leaves the form.")
            continue
        try:
            return read_value(member, typed)
        except NotThat as reason:
            asks.tell(str(reason))


_SEVERAL: Final = "texts with commas between them"


def _kind(member: Member) -> str:
    if member.kind == "array":
        is_text = member.schema.get("items", {}).get("type") == "string"
        return _SEVERAL if is_text else "a JSON array"
    return {"object": "a JSON object", "boolean": "yes or no", "string": "text"}.get(
        member.kind, member.kind
    )


def _member(form: Form, name: str) -> Member:
    try:
        return form[name]
    except KeyError:
        known = ", ".join(member.name for member in form) or "nothing"
        raise NotThat(f"{form.link.rel} takes {known}, and no {name}") from None


def _json(member: Member, typed: str) -> Any:
    try:
        return orjson.loads(typed)
    except orjson.JSONDecodeError:
        raise NotThat(f"{member.name} is {hint(member)}") from None
