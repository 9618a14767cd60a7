"""The form of the secrets that Homeroom hands out, and how they are kept: hashed, never whole.

A token is `hr_`, 30 base62 characters (178 bits) and 6 base62 characters of their CRC32, so
that a leaked one is found by its form and a mistyped one is refused before any lookup.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from collections.abc import Callable
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM_CHARACTERS: Final = 30
SHOWN_CHARACTERS: Final = 8
_PAIRS: Final = tuple(first + second for first in ALPHABET for second in ALPHABET)

TOKEN_PREFIX: Final = "hr_"  # noqa: S105  # the part of a token that is no secret
INVITATION_PREFIX: Final = "hri_"

FORM: Final = re.compile(rf"(hri?_)([0-9A-Za-z]{{{RANDOM_CHARACTERS}}})([0-9A-Za-z]{{6}})")


def new_secret(prefix: str, *, choose: Callable[[str], str] = secrets.choice) -> str:
    """A new secret with its checksum; `choose` draws one character of a text."""
    body = "".join(choose(ALPHABET) for _ in range(RANDOM_CHARACTERS))
    return prefix + body + checksum(prefix + body)


def checksum(text: str) -> str:
    """CRC32 of the text as six base62 characters."""
    above, last = divmod(zlib.crc32(text.encode("ascii")), len(_PAIRS))
    first, middle = divmod(above, len(_PAIRS))
    return _PAIRS[first] + _PAIRS[middle] + _PAIRS[last]


def is_well_formed(secret: str, prefix: str) -> bool:
    """Whether the text has the form of a secret with this prefix, checksum included."""
    found = FORM.fullmatch(secret)
    return found is not None and found[1] == prefix and checksum(found[1] + found[2]) == found[3]


def hash_of(secret: str) -> bytes:
    """What is stored in place of the secret: SHA-256 is enough for 178 random bits."""
    return hashlib.sha256(secret.encode("utf-8")).digest()


def shown_of(secret: str) -> str:
    """The part of a secret that may be shown later, to tell one from another."""
    return secret[:SHOWN_CHARACTERS]
