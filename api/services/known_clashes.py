"""What was found out about clashes, for as long as nothing that it was found from has changed.

The search for clashes is most of what reading one class costs. Its result is kept with a stamp of
all that it rests on (versions of the class, the student's registrations, the classes in which the
student has a seat, the organization). The next read sends the stamp along: in the same statement
the database compares it with the present one, and searches only if they differ.
"""

from __future__ import annotations

import threading
from typing import NamedTuple
from uuid import UUID

from api.services.rules_conflicts import Clash

Key = tuple[UUID, UUID]


def stamp_of(
    *, class_version: int, guard_version: int, seat_versions: int, organization_version: int
) -> str:
    """The stamp as `api.models.facts` writes it; `seat_versions`: the sum over those classes."""
    return f"{class_version}.{guard_version}.{seat_versions}.{organization_version}"


class Found(NamedTuple):
    """Clashes, and the stamp of what they were found from."""

    stamp: str
    clashes: tuple[Clash, ...]


class KnownClashes:
    """Clashes by class and student, of this process; at most twice `generation` of them.

    What is asked for moves to the young generation; when that is full, the old one is forgotten.
    """

    def __init__(self, generation: int) -> None:
        self._generation = generation
        self._lock = threading.Lock()
        self._young: dict[Key, Found] = {}
        self._old: dict[Key, Found] = {}

    def find(self, key: Key) -> Found | None:
        """What is known, if anything; it counts once the database has confirmed its stamp."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self._put(key, found)
        return found

    def keep(self, key: Key, stamp: str, clashes: tuple[Clash, ...]) -> tuple[Clash, ...]:
        """Remember what was found."""
        self._put(key, Found(stamp, clashes))
        return clashes

    def _put(self, key: Key, found: Found) -> None:
        with self._lock:
            if len(self._young) >= self._generation:
                self._old, self._young = self._young, {}
            self._young[key] = found


KNOWN_CLASHES = KnownClashes(generation=20_000)
"""Of this process; each entry is some 300 bytes where nothing clashes."""
