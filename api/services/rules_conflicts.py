"""Two sessions clash when one begins before the other has ended, plus the gap between classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A scheduled session on the line of time, `[starts_at, ends_at)` in UTC; never empty."""

    session_id: UUID
    class_id: UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Clash:
    """A session of the class that is asked for, and one of a class that the student has."""

    candidate: Span
    taken: Span


def clashes(candidate: Sequence[Span], taken: Sequence[Span], gap_minutes: int = 0) -> list[Clash]:
    """Every pair with `a.start < b.end + gap` and `b.start < a.end + gap`, in order of time.

    Back to back is no clash at gap 0. Neither side needs to be sorted. O((n + m) log(n + m))
    and the number of pairs: one sweep along time, in which each side keeps what still runs.
    """
    gap = timedelta(minutes=gap_minutes)
    arrivals = sorted(
        [(span.starts_at, 0, index) for index, span in enumerate(candidate)]
        + [(span.starts_at, 1, index) for index, span in enumerate(taken)]
    )
    sides = (candidate, taken)
    running: tuple[list[tuple[datetime, int]], list[tuple[datetime, int]]] = ([], [])
    pairs: list[tuple[int, int]] = []
    for starts_at, side, index in arrivals:
        across = running[1 - side]
        while across and across[0][0] <= starts_at:
            heappop(across)
        pairs += [(index, other) if side == 0 else (other, index) for _, other in across]
        heappush(running[side], (sides[side][index].ends_at + gap, index))
    found = [Clash(candidate[ours], taken[theirs]) for ours, theirs in pairs]
    return sorted(found, key=_in_order_of_time)


def _in_order_of_time(clash: Clash) -> tuple[datetime, datetime, UUID, UUID]:
    ours, theirs = clash.candidate, clash.taken
    return ours.starts_at, theirs.starts_at, ours.session_id, theirs.session_id
