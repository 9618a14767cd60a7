"""Bounds and patterns that refuse with a code of ours and document themselves."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, validate

from api.schemas.faults import NOT_NULL, REQUIRED, FieldFault

_SHARED: dict[str, str] = {"required": REQUIRED, "null": NOT_NULL}


class Length(validate.Length):
    """Bounds of a text's or a list's length, each side with its own code."""

    def __call__(self, value: Any) -> Any:
        """Let `value` through.

        Raises:
            ValidationError: `too-short` or `too-long`.
        """
        size, unit = len(value), "characters" if isinstance(value, str) else "items"
        if self.min is not None and size < self.min:
            raise ValidationError(FieldFault("too-short", f"Use at least {self.min} {unit}."))
        if self.max is not None and size > self.max:
            raise ValidationError(FieldFault("too-long", f"Use at most {self.max} {unit}."))
        return value


class Range(validate.Range):
    """Bounds of a value; both belong to it."""

    # marshmallow fills the messages in twice: when it is built, and when it refuses.
    message_min = FieldFault("out-of-range", "Use at least {{min}}.")
    message_max = FieldFault("out-of-range", "Use at most {{max}}.")
    message_all = FieldFault("out-of-range", "Use {{min}} to {{max}}.")


class Matching(validate.Regexp):
    """A pattern that the whole text must match, and `must` in words."""

    def __init__(self, pattern: str, must: str) -> None:
        # The document shows the pattern, where only anchors say that it is the whole text.
        super().__init__(f"^{pattern}$", error=FieldFault("bad-format", must))
        self._whole = re.compile(pattern, re.ASCII)

    def __call__(self, value: Any) -> Any:
        """Let `value` through.

        Raises:
            ValidationError: `bad-format`.
        """
        if self._whole.fullmatch(value) is None:
            raise ValidationError(self.error)
        return value


def field_options(options: dict[str, Any], *, nullable: bool, **documented: Any) -> dict[str, Any]:
    """Complete the keyword arguments of a marshmallow field with our messages and its limits.

    `documented` are keywords of OpenAPI's schema object. A nullable member that may be left out
    is null by default.
    """
    options["error_messages"] = {**_SHARED, **options.get("error_messages", {})}
    options["metadata"] = {**documented, **options.get("metadata", {})}
    if nullable:
        options["allow_none"] = True
        if not options.get("required") and not options.get("dump_only"):
            options.setdefault("load_default", None)
    return options
