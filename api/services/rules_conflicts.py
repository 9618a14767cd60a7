"""Two sessions clash when one begins before the other has ended, plus the gap between classes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID


class Span(NamedTuple):
    """A scheduled session on the line of time, `[starts_at, ends_at)` in UTC; never empty."""

    session_id: UUID
    class_id: UUID
    starts_at: datetime
    ends_at: datetime


class Clash(NamedTuple):
    """A session of the class that is asked for, and one of a class that the student has."""

    candidate: Span
    taken: Span


@dataclass(frozen=True, slots=True)
class Timetable:
    """Sessions that somebody attends, made ready to be compared with those of many classes."""

    taken: Sequence[Span]
    starts: Sequence[datetime]
    free: Sequence[datetime]
    gap: timedelta

    @classmethod
    def of(cls, taken: Iterable[Span], gap_minutes: int = 0) -> Timetable:
        """Sort `taken` by time, O(m log m); `free[i]`: when the first i + 1 are over."""
        gap = timedelta(minutes=gap_minutes)
        ordered = sorted(taken, key=attrgetter("starts_at"))
        return cls(
            taken=ordered,
            starts=[span.starts_at for span in ordered],
            free=list(accumulate((span.ends_at + gap for span in ordered), max)),
            gap=gap,
        )

    def clashes_with(self, candidate: Iterable[Span]) -> list[Clash]:
        """Every pair with `a.start < b.end + gap` and `b.start < a.end + gap`, in order of time.

        Back to back is no clash at gap 0. `candidate` need not be sorted. O(n log m) and the
        number of pairs, unless one session lasts while many others come and go.
        """
        found = []
        for ours in candidate:
            place = bisect_left(self.starts, ours.ends_at + self.gap)
            while place and ours.starts_at < self.free[place - 1]:
                place -= 1
                theirs = self.taken[place]
                if ours.starts_at < theirs.ends_at + self.gap:
                    found.append(Clash(ours, theirs))
        return sorted(found, key=in_order_of_time)


def in_order_of_time(clash: Clash) -> tuple[datetime, datetime, UUID, UUID]:
    """By the starts of both; at the same time, by the ids."""
    ours, theirs = clash.candidate, clash.taken
    return ours.starts_at, theirs.starts_at, ours.session_id, theirs.session_id
