"""What a client would like, and need not get: the `Prefer` header (RFC 7240)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PREFERENCE = re.compile(rf'[ \t]*({_WORD})[ \t]*(?:=[ \t]*({_WORD}|"(?:[^"\\]|\\.)*+"))?')
_ELEMENT = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*+")++')


@dataclass(frozen=True, slots=True)
class Preferences:
    """The preferences that Homeroom knows; of a repeated one the first counts."""

    minimal: bool = False
    representation: bool = False
    respond_async: bool = False

    def applied(self, *, minimal: bool = False, respond_async: bool = False) -> str | None:
        """The value of `Preference-Applied` for what the answer honoured, None if nothing.

        `minimal`: the body was left out; `respond_async`: the answer is a 202 with a job.
        """
        honoured = []
        if self.minimal and minimal:
            honoured.append("return=minimal")
        if self.representation and not minimal:
            honoured.append("return=representation")
        if self.respond_async and respond_async:
            honoured.append("respond-async")
        return ", ".join(honoured) or None


_NONE = Preferences()


def parse(prefer: str | None) -> Preferences:
    """Read `Prefer`; whatever is unknown or malformed is ignored (RFC 7240 section 2)."""
    return _parse(prefer) if prefer else _NONE


@lru_cache(maxsize=64)
def _parse(prefer: str) -> Preferences:
    asked: dict[str, str] = {}
    for element in _ELEMENT.findall(prefer):
        match = _PREFERENCE.match(element)
        if match is not None:
            asked.setdefault(match.group(1).lower(), (match.group(2) or "").strip('"'))
    returned = asked.get("return", "").lower()
    return Preferences(
        minimal=returned == "minimal",
        representation=returned == "representation",
        respond_async="respond-async" in asked,
    )
