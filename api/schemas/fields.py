"""The kinds of values that representations hold; each is strict, and documents its own limits."""

from __future__ import annotations

import enum
import re
import unicodedata
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import available_timezones

from marshmallow import Schema, ValidationError, fields

from api import clock, ids
from api.schemas import patterns
from api.schemas.faults import NOT_AN_OBJECT, FieldFault
from api.schemas.limits import Length, Matching, Range, field_options

# RFC 8259 section 6: integers that every JSON reader agrees on.
LARGEST_INTEGER = 2**53 - 1
# RFC 5321 section 4.5.3.1.3: a path is at most 256 octets with its two brackets.
LONGEST_EMAIL = 254
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?P<offset>[Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(patterns.TIME)
_EMAIL = re.compile(patterns.EMAIL)
_TIMEZONES = frozenset(available_timezones()) - {"localtime", "posixrules", "Factory"}
_NOT_TEXT = FieldFault("wrong-type", "Send a string.")

instant_text = clock.to_text


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValidationError(_NOT_TEXT)
    return value


class Text(fields.String):
    """A text in normal form C, trimmed, without control characters.

    `least` and `most` count characters after normalisation. With `multiline`, line feeds and tabs
    are kept and CR LF becomes LF.
    """

    def __init__(
        self,
        least: int = 1,
        most: int = 200,
        *,
        multiline: bool = False,
        nullable: bool = False,
        **options: Any,
    ) -> None:
        documented = {"pattern": patterns.text(least, multiline=multiline)}
        options = field_options(options, nullable=nullable, **documented)
        super().__init__(validate=Length(least, most), **options)
        self._controls = patterns.CONTROLS_OF_A_TEXT if multiline else patterns.CONTROLS
        self._multiline = multiline

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        sent = _text(value)
        if self._multiline:
            sent = sent.replace("\r\n", "\n")
        # Judged before trimming: a control character at an end is still one that was sent.
        if self._controls.search(sent) is not None:
            raise ValidationError(FieldFault("bad-format", "Use no control characters."))
        return unicodedata.normalize("NFC", sent).strip()


class Slug(fields.String):
    """A short name for URLs: lower-case letters and digits, single hyphens between them."""

    def __init__(
        self, least: int = 1, most: int = 64, *, nullable: bool = False, **options: Any
    ) -> None:
        rule = Matching(patterns.SLUG, "Use lower-case letters, digits and single hyphens.")
        super().__init__(
            validate=[Length(least, most), rule], **field_options(options, nullable=nullable)
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        return _text(value)


class Secret(fields.String):
    """A password or code, used exactly as it was sent; never in an answer."""

    def __init__(self, least: int = 8, most: int = 1024, **options: Any) -> None:
        options.setdefault("load_only", True)
        super().__init__(
            validate=Length(least, most),
            **field_options(options, nullable=False, format="password", pattern=patterns.NO_NUL),
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        text = _text(value)
        if patterns.NUL.search(text) is not None:
            raise ValidationError(FieldFault("bad-format", "Use no NUL character."))
        return text


class Email(fields.String):
    """A mail address of at most 254 characters, in normal form C; only its shape is checked."""

    def __init__(self, *, nullable: bool = False, **options: Any) -> None:
        super().__init__(
            validate=Length(None, LONGEST_EMAIL),
            **field_options(options, nullable=nullable, pattern=patterns.EMAIL),
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        text = unicodedata.normalize("NFC", _text(value)).strip(" ")
        if patterns.CONTROLS.search(text) is not None or _EMAIL.fullmatch(text) is None:
            raise ValidationError(FieldFault("bad-format", "Use an address such as a@b.example."))
        return text


class Timezone(fields.String):
    """The name of a time zone of the IANA database, such as `Europe/Paris`."""

    def __init__(self, *, nullable: bool = False, **options: Any) -> None:
        super().__init__(
            **field_options(options, nullable=nullable, maxLength=64, pattern=patterns.TIMEZONE)
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        text = _text(value)
        if text not in _TIMEZONES:
            raise ValidationError(
                FieldFault("not-a-choice", "Use the name of an IANA time zone, as Europe/Paris.")
            )
        return text


class Integer(fields.Integer):
    """A whole number written as one: 1.0, "1" and true are refused."""

    def __init__(
        self,
        least: int = -LARGEST_INTEGER,
        most: int = LARGEST_INTEGER,
        *,
        nullable: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(
            strict=True, validate=Range(least, most), **field_options(options, nullable=nullable)
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if type(value) is not int:
            raise ValidationError(FieldFault("wrong-type", "Send a whole number."))
        return value


class Boolean(fields.Boolean):
    """Only `true` and `false`."""

    def __init__(self, *, nullable: bool = False, **options: Any) -> None:
        super().__init__(**field_options(options, nullable=nullable))

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(FieldFault("wrong-type", "Send true or false."))
        return value


class Enum(fields.Enum[Any]):
    """One value of an enumeration."""

    def __init__(self, choices: type[enum.Enum], *, nullable: bool = False, **options: Any) -> None:
        super().__init__(
            choices, by_value=fields.String, **field_options(options, nullable=nullable)
        )
        self._members = {member.value: member for member in choices}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> enum.Enum:
        text = _text(value)
        if text not in self._members:
            names = tuple(self._members)
            raise ValidationError(
                FieldFault("not-a-choice", f"Use one of: {', '.join(names)}.", allowed=names)
            )
        return self._members[text]

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return value.value if isinstance(value, enum.Enum) else value


class Id(fields.String):
    """A `uuid.UUID` inside, `cls_01jd3v…` outside."""

    def __init__(self, prefix: str, *, nullable: bool = False, **options: Any) -> None:
        pattern = f"^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"
        super().__init__(**field_options(options, nullable=nullable, pattern=pattern))
        self.prefix = prefix

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        text = _text(value)
        try:
            return ids.decode(self.prefix, text)
        except ValueError:
            raise ValidationError(
                FieldFault("bad-format", f"Use an id that begins with {self.prefix}_.")
            ) from None

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return None if value is None else ids.encode(self.prefix, value)


class Instant(fields.AwareDateTime):
    """A moment (RFC 3339) with an offset; UTC in milliseconds inside, `Z` outside."""

    def __init__(self, *, nullable: bool = False, **options: Any) -> None:
        super().__init__(**field_options(options, nullable=nullable))

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        text = _text(value)
        match = _INSTANT.fullmatch(text)
        if match is None:
            raise ValidationError(
                FieldFault("bad-format", "Use an instant such as 2026-11-20T09:30:00Z.")
            )
        if match["offset"] is None:
            raise ValidationError(FieldFault("bad-format", "Add an offset, such as Z or +01:00."))
        try:
            return clock.truncated(datetime.fromisoformat(text.upper()).astimezone(UTC))
        except (ValueError, OverflowError):
            raise ValidationError(
                FieldFault("bad-format", "There is no such day or time of day.")
            ) from None

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return None if value is None else instant_text(value)


class Date(fields.Date):
    """A day of the calendar, YYYY-MM-DD."""

    def __init__(self, *, nullable: bool = False, **options: Any) -> None:
        super().__init__(**field_options(options, nullable=nullable))

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> date:
        text = _text(value)
        try:
            if _DATE.fullmatch(text) is not None:
                return date.fromisoformat(text)
        except ValueError:
            pass
        raise ValidationError(FieldFault("bad-format", "Use a day such as 2026-11-20."))

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return None if value is None else value.isoformat()


class LocalTime(fields.String):
    """A time of day without a zone, HH:MM."""

    def __init__(self, *, nullable: bool = False, **options: Any) -> None:
        super().__init__(**field_options(options, nullable=nullable, pattern=f"^{patterns.TIME}$"))

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        text = _text(value)
        if _TIME.fullmatch(text) is None:
            raise ValidationError(FieldFault("bad-format", "Use a time such as 09:30."))
        return time(int(text[:2]), int(text[3:]))

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return None if value is None else value.strftime("%H:%M")


class ListOf(fields.List[Any]):
    """A list of at most `most` values of one kind; 100, unless it is only shown: then of any."""

    def __init__(
        self, kind: fields.Field[Any], *, least: int = 0, most: int | None = None, **options: Any
    ) -> None:
        options["error_messages"] = {"invalid": FieldFault("wrong-type", "Send a list.")}
        if most is None and not options.get("dump_only"):
            most = 100
        bounds = Length(least or None, most) if least or most else None
        super().__init__(kind, validate=bounds, **field_options(options, nullable=False))


class Part(fields.Nested):
    """An object inside another, with a schema of its own."""

    def __init__(self, schema: type[Schema], *, nullable: bool = False, **options: Any) -> None:
        options["error_messages"] = {"type": NOT_AN_OBJECT}
        super().__init__(schema, **field_options(options, nullable=nullable))


class Shown(ListOf):
    """A list whose `derived` function gives it as clients see it."""

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return value
