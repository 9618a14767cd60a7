"""A file that a link leads to: its bytes, and the name under which to save them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

_PARAMETER: Final = re.compile(r';\s*([\w*.-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))')
_EXTENDED: Final = re.compile(r"(?i)utf-8'[^']*'((?:%[0-9a-f]{2}|[^%])*)")
_SEPARATORS: Final = re.compile(r"[/\\:]")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """What is no representation: an archive, a page for people, a script."""

    media_type: str
    """As the server sent it; empty if it said nothing."""
    name: str | None
    """The name that the server gives it, never a path; None where it gives none."""
    body: bytes = field(repr=False)


def name_in(disposition: str) -> str | None:
    """The file name of a `Content-Disposition` (RFC 6266), without what would lead elsewhere.

    Folders before the name, leading dots and what cannot be printed are left out (§4.3, §7).
    """
    said = {
        name.lower(): token or re.sub(r"\\(.)", r"\1", quoted)
        for name, quoted, token in _PARAMETER.findall(disposition)
    }
    written = _extended(said.get("filename*", "")) or said.get("filename", "")
    name = _SEPARATORS.split(written)[-1]
    return "".join(filter(str.isprintable, name)).strip(" .") or None


def _extended(value: str) -> str | None:
    """The text of a value in the form of RFC 8187; None if it is not in UTF-8."""
    found = _EXTENDED.fullmatch(value)
    try:
        return None if found is None else unquote(found[1], errors="strict")
    except UnicodeDecodeError:
        return None
