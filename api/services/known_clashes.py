"""What was found out about clashes, for as long as nothing that it was found from has changed.

The search for clashes is most of what reading one class costs. Its result is kept with a stamp of
all that it rests on: the versions of the class, of the student and of the organization. That of the
student rises with each of their registrations, and where a class in which they sit meets at another
time (`timetable_versions`). The next read asks for the stamp alone; if it differs, the class is
read once more, with the search.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from api.services.recent import Recent
from api.services.rules_conflicts import Clash

Key = tuple[UUID, UUID]


class Stamp(NamedTuple):
    """What the clashes of a class with a student's others were found from."""

    class_version: int
    guard_version: int
    organization_version: int


class Found(NamedTuple):
    """Clashes, and the stamp of what they were found from.

    `is_brief`: the class was then shown in words that it shares with others, and nothing was
    counted, so that another look needs only what changes without a version.
    """

    stamp: Stamp
    clashes: tuple[Clash, ...]
    is_brief: bool = False


KNOWN_CLASHES: Recent[Key, Found] = Recent(generation=5_000)
"""What is found counts once the database has confirmed its stamp.

Some 300 bytes each, and as many more for each pair of sessions: where two classes meet all term,
their pairs take ten kilobytes.
"""
