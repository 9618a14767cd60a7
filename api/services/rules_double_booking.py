"""Which students sit in two classes at once, though nothing has changed since they were seated."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations, groupby
from operator import attrgetter
from uuid import UUID

from api.models.session import MAX_DURATION_MINUTES

_LONGEST = timedelta(minutes=MAX_DURATION_MINUTES)


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat where conflicts block; `blocking_since`: the policy may have been another before."""

    student_id: UUID
    class_id: UUID
    decided_at: datetime
    blocking_since: datetime


@dataclass(frozen=True, slots=True)
class Meeting:
    """A session that is held, `[starts_at, ends_at)`, as it stands since `updated_at`."""

    starts_at: datetime
    ends_at: datetime
    updated_at: datetime


Timetables = Mapping[UUID, Sequence[Meeting]]
"""The meetings of each class, in the order of `starts_at`."""


def double_booked(seats: Iterable[Seat], timetables: Timetables) -> Iterator[UUID]:
    """The students, of `seats` ordered by student, who hold two that clash.

    A timetable or a policy that was changed after both were given evicts nobody. Two classes are
    compared once, however many students share them.
    """
    known: dict[tuple[UUID, UUID], datetime | None] = {}
    for student_id, held in groupby(seats, attrgetter("student_id")):
        pairs = combinations(sorted(held, key=attrgetter("class_id")), 2)
        if any(_clash(one, other, timetables, known) for one, other in pairs):
            yield student_id


def _clash(
    one: Seat,
    other: Seat,
    timetables: Timetables,
    known: dict[tuple[UUID, UUID], datetime | None],
) -> bool:
    pair = (one.class_id, other.class_id)
    if pair not in known:
        known[pair] = _clashing_since(timetables.get(pair[0], ()), timetables.get(pair[1], ()))
    since = known[pair]
    seated = max(one.decided_at, other.decided_at)
    return since is not None and max(since, one.blocking_since) <= seated


def _clashing_since(one: Sequence[Meeting], other: Sequence[Meeting]) -> datetime | None:
    """Since when, at least, two of these meetings have stood at the same time; null: never."""
    starts = [meeting.starts_at for meeting in other]
    stood = [
        max(mine.updated_at, theirs.updated_at)
        for mine in one
        for theirs in other[
            bisect_left(starts, mine.starts_at - _LONGEST) : bisect_left(starts, mine.ends_at)
        ]
        if mine.starts_at < theirs.ends_at
    ]
    return min(stood, default=None)
