"""Identifiers: UUIDv7 inside, a prefix and 26 Crockford base32 characters at the edge.

Everything inside an organization repeats 12 bits of the organization's own id, so that a router
can place any flat URL. Users and tokens are global and carry random bits there.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from functools import lru_cache
from uuid import UUID

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# 128 bits are written as 13 pieces of 10 bits, two characters each: one lookup a piece.
_PIECES = tuple(high + low for high in _ALPHABET for low in _ALPHABET)
_SHIFTS = tuple(range(120, -1, -10))
# One answer writes the same few ids again and again, above all in its links.
_REMEMBERED = 4096
_BODY = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}")
# `int(text, 32)` reads the digits 0-9a-v; Crockford's alphabet leaves out i, l, o and u.
_TO_BASE_32 = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_SEQUENCE_SHIFT = 64
_SEQUENCES = 1 << 12
_SHARD_SHIFT = 50
_SHARD = 0xFFF << _SHARD_SHIFT


def new_id(
    now_ms: int,
    organization_id: UUID | None = None,
    *,
    randomness: Callable[[int], bytes] = os.urandom,
) -> UUID:
    """Make one UUIDv7 for the millisecond `now_ms` since 1970 (RFC 9562 section 5.7).

    Ids of one millisecond are in no order; `Ids` makes ids that always rise.
    """
    drawn = int.from_bytes(randomness(10))
    return _compose(now_ms, drawn >> 68, drawn, organization_id)


def shard_of(identifier: UUID) -> int:
    """The 12 bits that an organization's id shares with the id of everything in it, 0 to 4095."""
    return (identifier.int & _SHARD) >> _SHARD_SHIFT


def encode(prefix: str, identifier: UUID) -> str:
    """Write `identifier` in its public form, such as `cls_01jd3v9k2mf8w9s4q0c6t7x5zr`."""
    # By its number: the standard library hashes and compares UUIDs in Python.
    return _written(prefix, identifier.int)


@lru_cache(maxsize=_REMEMBERED)
def _written(prefix: str, number: int) -> str:
    return prefix + "_" + "".join([_PIECES[(number >> shift) & 1023] for shift in _SHIFTS])


def decode(prefix: str, text: str) -> UUID:
    """Read a public id back.

    Raises:
        ValueError: another prefix, another alphabet or another length.
    """
    start = len(prefix) + 1
    if text[:start] != prefix + "_" or _BODY.fullmatch(text, start) is None:
        raise ValueError(f"not an id with the prefix {prefix}_")
    return UUID(int=int(text[start:].translate(_TO_BASE_32), 32))


def _compose(now_ms: int, sequence: int, drawn: int, organization_id: UUID | None) -> UUID:
    tail = drawn & 0x3FFF_FFFF_FFFF_FFFF
    if organization_id is not None:
        tail = (tail & ~_SHARD) | (organization_id.int & _SHARD)
    return UUID(
        int=(now_ms << 80) | _VERSION_7 | (sequence << _SEQUENCE_SHIFT) | _VARIANT | tail,
    )


class Ids:
    """Makes ids that rise strictly within the process, whatever the clock does.

    The 12 bits of rand_a count within a millisecond from a random start in the lower half; when
    they run out, the next millisecond is borrowed (RFC 9562 section 6.2, method 1).
    """

    def __init__(
        self,
        now_ms: Callable[[], int],
        *,
        randomness: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._now_ms = now_ms
        self._randomness = randomness
        self._lock = threading.Lock()
        self._last_ms = 0
        self._sequence = 0

    def new(self, organization_id: UUID | None = None) -> UUID:
        """Make the next id; safe to call from every thread."""
        drawn = int.from_bytes(self._randomness(10))
        now_ms = self._now_ms()
        with self._lock:
            if now_ms > self._last_ms:
                self._last_ms, self._sequence = now_ms, drawn >> 69
            else:
                self._sequence += 1
                if self._sequence == _SEQUENCES:
                    self._last_ms, self._sequence = self._last_ms + 1, 0
            now_ms, sequence = self._last_ms, self._sequence
        return _compose(now_ms, sequence, drawn, organization_id)
