"""URI templates: an address with holes, and how they are filled (RFC 6570, all four levels)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

EXPRESSION: Final = re.compile(r"\{([+#./;?&]?)([^{}]+)\}")
VARIABLE: Final = re.compile(r"([^:*]+)(?::(\d{1,4})|(\*))?")
RESERVED: Final = ":/?#[]@!$&'()*+,;="
ENCODED: Final = re.compile("%25([0-9A-Fa-f]{2})")


class UnknownVariable(ValueError):
    """A value was given for which the template has no hole."""


@dataclass(frozen=True, slots=True)
class _Operator:
    """A row of the table in RFC 6570, appendix A."""

    first: str = ""
    separator: str = ","
    is_named: bool = False
    if_empty: str = ""
    keeps_reserved: bool = False


_OPERATORS: Final[Mapping[str, _Operator]] = {
    "": _Operator(),
    "+": _Operator(keeps_reserved=True),
    "#": _Operator(first="#", keeps_reserved=True),
    ".": _Operator(first=".", separator="."),
    "/": _Operator(first="/", separator="/"),
    ";": _Operator(first=";", separator=";", is_named=True),
    "?": _Operator(first="?", separator="&", is_named=True, if_empty="="),
    "&": _Operator(first="&", separator="&", is_named=True, if_empty="="),
}


def variables_of(template: str) -> tuple[str, ...]:
    """The names of the holes, in the order in which they stand."""
    return tuple(
        VARIABLE.match(spec)[1]  # type: ignore[index]  # any text that is not empty matches
        for _, specs in EXPRESSION.findall(template)
        for spec in specs.split(",")
    )


def expand(template: str, values: Mapping[str, Any]) -> str:
    """The address; a hole without a value, or with None, leaves nothing behind.

    A value is a text, a number, a boolean, a list of them or a mapping of them.

    Raises:
        UnknownVariable: the template has no such hole, so the value would be lost.
    """
    lost = set(values) - set(variables_of(template))
    if lost:
        raise UnknownVariable(f"{', '.join(sorted(lost))}: no part of {template}")
    return EXPRESSION.sub(lambda found: _expression(found[1], found[2], values), template)


def _expression(sign: str, specs: str, values: Mapping[str, Any]) -> str:
    operator = _OPERATORS[sign]
    parts = [part for spec in specs.split(",") for part in _parts(operator, spec, values)]
    return operator.first + operator.separator.join(parts) if parts else ""


def _parts(operator: _Operator, spec: str, values: Mapping[str, Any]) -> Iterator[str]:
    name, length, explode = VARIABLE.match(spec).groups()  # type: ignore[union-attr]  # see above
    value = values.get(name)
    if value is None or value in ([], (), {}):
        return
    if not isinstance(value, (list, tuple, Mapping)):
        text = _text(value)[: int(length)] if length else _text(value)
        yield _named(operator, name, _quoted(operator, text))
    elif explode:
        yield from _exploded(operator, name, value)
    else:
        flat = _flat(value) if isinstance(value, Mapping) else value
        yield _named(operator, name, ",".join(_quoted(operator, _text(each)) for each in flat))


def _exploded(operator: _Operator, name: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield f"{_quoted(operator, _text(key))}={_quoted(operator, _text(each))}"
        return
    for each in value:
        yield _named(operator, name, _quoted(operator, _text(each)))


def _flat(value: Mapping[str, Any]) -> Iterator[Any]:
    for key, each in value.items():
        yield from (key, each)


def _named(operator: _Operator, name: str, text: str) -> str:
    if not operator.is_named:
        return text
    return f"{name}={text}" if text else f"{name}{operator.if_empty}"


def _quoted(operator: _Operator, text: str) -> str:
    if not operator.keeps_reserved:
        return quote(text, safe="")
    # What is percent-encoded already stays so (§1.5).
    return ENCODED.sub(r"%\1", quote(text, safe=RESERVED))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
