"""Bodies that were sent lately, with what they came to.

On the morning of registration thousands send the same few bytes, and to validate them anew takes
as long as to judge whether there is a seat.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

from marshmallow import Schema

from api.http.parser import load_body
from api.services.recent import Recent

GENERATION: Final = 256
"""Bodies kept at least, at most some 1,000 bytes each."""

LONGEST: Final = 100
"""Bytes of a body that is kept: anybody with a token may send one."""

_Key = tuple[type[Schema], bool, bytes]
KNOWN: Final[Recent[_Key, dict[str, Any]]] = Recent(GENERATION)


def loaded(kind: type[Schema], raw: bytes, document: Any, *, partial: bool) -> dict[str, Any]:
    """What `load_body` makes of a document, that was read from these bytes.

    Raises:
        ValidationFailed: as `load_body`.
    """
    key = kind, partial, raw
    found = KNOWN.find(key)
    if found is None:
        found = load_body(kind, document, partial=partial)
        if len(raw) <= LONGEST and all(map(_is_plain, found.values())):
            KNOWN.keep(key, found)
    return dict(found)


def _is_plain(value: Any) -> bool:
    # No text, so no secret; no id, for an address means one only to the host that it names; and
    # nothing that its user could change.
    return value is None or isinstance(value, int | Enum)
