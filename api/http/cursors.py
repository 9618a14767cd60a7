"""Cursors that nobody can forge: a position in a sorted list, sealed with an HMAC."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

import orjson

from api import clock
from api.errors import CursorMismatch, InvalidCursor
from api.models.listing import Position, SortValue

_VERSION = 1
_SEAL_BYTES = 16
# A cursor holds at most a few sort values of at most a few hundred characters.
_LONGEST = 4096
_FINGERPRINT_BYTES = 8


def fingerprint(*parts: str) -> str:
    """A short name for a filter and an order, equal only for equal parts."""
    return blake2b("\x00".join(parts).encode(), digest_size=_FINGERPRINT_BYTES).hexdigest()


@dataclass(frozen=True, slots=True)
class Cursors:
    """Seals and opens cursors under one secret key; replicas with the same key share them."""

    key: bytes

    def seal(self, position: Position, list_fingerprint: str) -> str:
        """Write `position` in the list named by `list_fingerprint` as an opaque text."""
        values = [_written(value) for value in position.values]
        content = orjson.dumps([_VERSION, list_fingerprint, position.backward, *values])
        return _to_base64(self._seal_of(content) + content)

    def open(self, cursor: str, list_fingerprint: str) -> Position:
        """Read a cursor back.

        Raises:
            InvalidCursor: not made by `seal` under this key, or of another version.
            CursorMismatch: made for another filter or another order.
        """
        raw = _from_base64(cursor)
        content = raw[_SEAL_BYTES:]
        if not hmac.compare_digest(raw[:_SEAL_BYTES], self._seal_of(content)):
            raise InvalidCursor
        version, made_for, backward, *values = orjson.loads(content)
        if version != _VERSION:
            raise InvalidCursor
        if made_for != list_fingerprint:
            raise CursorMismatch
        return Position(tuple(_read(value) for value in values), backward)

    def _seal_of(self, content: bytes) -> bytes:
        return hmac.digest(self.key, content, "sha256")[:_SEAL_BYTES]


def _to_base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _from_base64(cursor: str) -> bytes:
    if len(cursor) > _LONGEST:
        raise InvalidCursor
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (UnicodeEncodeError, binascii.Error):
        raise InvalidCursor from None
    # The decoder skips foreign characters and unused bits; only the one canonical text is ours.
    if len(raw) < _SEAL_BYTES or _to_base64(raw) != cursor:
        raise InvalidCursor
    return raw


def _written(value: SortValue) -> Any:
    if isinstance(value, (int, str)):
        return value
    if isinstance(value, UUID):
        return ["uuid", value.hex]
    if isinstance(value, datetime):
        return ["instant", clock.to_text(value)]
    return ["date", value.isoformat()]


_READERS: dict[str, Any] = {
    "uuid": UUID,
    "instant": clock.from_text,
    "date": date.fromisoformat,
}


def _read(value: Any) -> SortValue:
    if isinstance(value, list):
        kind, text = value
        read: SortValue = _READERS[kind](text)
        return read
    plain: SortValue = value
    return plain
