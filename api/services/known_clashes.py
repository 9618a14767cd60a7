"""What was found out about clashes, for as long as nothing that it was found from has changed.

The search for clashes is most of what reading one class costs. Its result is kept with a stamp of
all that it rests on (versions of the class, the student's registrations, the classes in which the
student has a seat, the organization). The next read asks for the stamp alone; if it differs, the
class is read once more, with the search.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from api.services.recent import Recent
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


KNOWN_CLASHES: Recent[Key, Found] = Recent(generation=5_000)
"""What is found counts once the database has confirmed its stamp.

Some 300 bytes each, and as many more for each pair of sessions: where two classes meet all term,
their pairs take ten kilobytes.
"""
