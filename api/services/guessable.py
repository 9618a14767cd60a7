"""Passwords that nobody may choose: the ones that are tried first.

OWASP Application Security Verification Standard 5.0, 6.2.4 and 6.2.12 (common and breached
passwords) and 6.2.11 (words of the context). What is looked up is folded; what is stored is not.
"""

from __future__ import annotations

import string
import unicodedata
from functools import cache
from typing import Final

from api.errors import FieldError, ValidationFailed

SHORTEST: Final = 8
"""Characters of the shortest password that is taken at all."""

CONTEXT: Final = frozenset({"homeroom"})
"""Words that whoever attacks this service thinks of."""

_AROUND: Final = string.digits + string.punctuation + string.whitespace


def require_unguessable(password: str, username: str) -> None:
    """Refuse a password that is common, or no more than the user's name with something around it.

    Raises:
        ValidationFailed: `not-a-choice`, with a pointer at the password.
    """
    folded = _folded(password)
    if folded in common():
        raise _not_a_choice("It is among the passwords that are tried first; choose another.")
    name = _folded(username)
    if {folded, _bare(folded)} & ({name, _bare(name), *CONTEXT} - {""}):
        raise _not_a_choice("A name with digits around it is easily guessed; choose another.")


@cache
def common() -> frozenset[str]:
    """The common passwords that are long enough to be chosen, about 11,600, folded."""
    # Late, for only whoever chooses a password needs it: 30 ms, and 14 MiB of words.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    words = FREQUENCY_LISTS["passwords"]
    return frozenset(_folded(word) for word in words if len(word) >= SHORTEST)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _bare(text: str) -> str:
    return text.strip(_AROUND)


def _not_a_choice(detail: str) -> ValidationFailed:
    return ValidationFailed([FieldError("not-a-choice", detail, "#/password")])
