"""Passwords: Argon2id, a few at a time, and the same work for a name that nobody has."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from api.services.guessable import require_unguessable

# OWASP Application Security Verification Standard 5.0, appendix on password hashing: 19 MiB, t=2.
TIME_COST = 2
MEMORY_KIB = 19 * 1024
PARALLELISM = 1
# Each hash takes 19 MiB; more of them at once would only take turns on the same cores.
AT_ONCE = 4


def _hasher() -> PasswordHasher:
    return PasswordHasher(TIME_COST, MEMORY_KIB, PARALLELISM, type=Type.ID)


# Of a password that nobody has, by the parameters above: made once, for making it takes as long
# as checking it, and the first unknown name would show.
DECOY = (
    "$argon2id$v=19$m=19456,t=2,p=1$H7NPavipSxHP/rGxaxPBdQ"
    "$rC3mKd9YG4M6OyvVPfemU7sF8KbuKBZq6Rr2BDsJ2CA"
)


@dataclass(frozen=True, slots=True)
class Passwords:
    """Hashes and verifies; each takes about 20 ms, so it is done before any transaction."""

    hasher: PasswordHasher = field(default_factory=_hasher)
    _turns: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(AT_ONCE)
    )

    def hash_chosen(self, password: str, *, username: str) -> str:
        """What is stored in place of a password that somebody chose, or an operator for them.

        Raises:
            ValidationFailed: it is among the first that anybody would try.
        """
        require_unguessable(password, username)
        return self.hash(password)

    def hash(self, password: str) -> str:
        """What is stored in place of a password that is known to do."""
        with self._turns:
            return self.hasher.hash(password)

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password belongs to the stored hash.

        Without one (no such user, or a user that cannot log in) a decoy is verified, so that
        the time tells nothing.
        """
        with self._turns:
            try:
                self.hasher.verify(stored or DECOY, password)
            except (VerifyMismatchError, InvalidHashError):
                return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self.hasher.check_needs_rehash(stored)
