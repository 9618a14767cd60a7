"""JSON as RFC 8259 means it: one text, UTF-8, no name twice, finite numbers, bounded depth."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from api.errors import MalformedJson

MAX_DEPTH = 32
# Longer integers are cut to so many characters: still far outside ±(2^53 - 1), the widest range
# that a field takes, so validation says "out-of-range" and nobody converts a megabyte of digits.
_LONGEST_INTEGER = 40
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_HIGH_SURROGATES = range(0xD800, 0xDC00)
_LOW_SURROGATES = range(0xDC00, 0xE000)
# Enough to find the fault in a text that the parser's hooks refused: strings whole, the marks
# that nest, and the bare words and numbers that are not allowed.
_TOKEN = re.compile(
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]:]|-?Infinity|NaN|-?[0-9][0-9.eE+-]*', re.DOTALL
)
_ESCAPED_UNIT = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)


class _Unacceptable(ValueError):
    """The parser's hooks met something that RFC 8259 or Homeroom does not allow."""


def loads(body: bytes) -> Any:
    """Read one JSON text, as strictly as RFC 8259 allows. A byte order mark is tolerated.

    Integers of more than 40 characters come back shortened and stay out of range of any field.

    Raises:
        MalformedJson: with the line and the column, both from 1, the column in characters.
    """
    body = body.removeprefix(_BYTE_ORDER_MARK)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as fault:
        _refuse("The body is not UTF-8", body[: fault.start].decode("utf-8"), fault.start)
    if not text or text.isspace():
        raise MalformedJson("The body is empty; one JSON text is expected.")
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _refuse_depth(text)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as fault:
        _refuse(fault.msg.removesuffix(" starting at"), text, fault.pos)
    except _Unacceptable as fault:
        _explain(text, str(fault))
    if "\\u" in text:
        _refuse_lone_surrogates(text)
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Unacceptable("A member name is repeated")
    return members


def _integer(digits: str) -> int:
    return int(digits[:_LONGEST_INTEGER])


def _number(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _Unacceptable("A number is too large")
    return number


def _constant(word: str) -> NoReturn:
    raise _Unacceptable(f"{word} is not JSON")


# Shared by all threads, as the standard library shares its own.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_int=_integer,
    parse_float=_number,
    parse_constant=_constant,
)


def _refuse(fault: str, text: str, position: int) -> NoReturn:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    place = f"line {line}, column {min(column, len(text) + 1)}"
    raise MalformedJson(f"{fault} at {place}.") from None


def _refuse_depth(text: str) -> None:
    depth = 0
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                _refuse(f"More than {MAX_DEPTH} levels are nested", text, token.start())
        elif mark in "]}":
            depth -= 1


def _refuse_lone_surrogates(text: str) -> None:
    high: re.Match[str] | None = None
    for escape in _ESCAPED_UNIT.finditer(text):
        unit = int(escape.group(1), 16) if escape.group(1) else 0
        adjoins = high is not None and high.end() == escape.start()
        if unit in _LOW_SURROGATES and adjoins:
            high = None
            continue
        if high is not None or unit in _LOW_SURROGATES:
            _refuse("A surrogate stands alone", text, (high or escape).start())
        high = escape if unit in _HIGH_SURROGATES else None
    if high is not None:
        _refuse("A surrogate stands alone", text, high.start())


def _explain(text: str, fault: str) -> NoReturn:
    """Find where the hooks' complaint comes from; they are not told positions."""
    names: list[set[str]] = []
    latest: re.Match[str] | None = None
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark in "[{":
            names.append(set())
        elif mark in "]}":
            names.pop()
        elif mark == ":" and latest is not None:
            name = json.loads(latest.group())
            if name in names[-1]:
                _refuse("A member name is repeated", text, latest.start())
            names[-1].add(name)
        elif mark[0] == '"':
            latest = token
        elif not math.isfinite(float(mark)):
            _refuse(f"{mark[:20]} is not a JSON number", text, token.start())
    raise MalformedJson(f"{fault}.")
