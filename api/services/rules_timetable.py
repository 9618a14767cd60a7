"""A timetable is local time and a zone; the instants of its sessions are derived, here alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from api.models.session import MAX_DURATION_MINUTES

MAX_SESSIONS = 500
"""Sessions of one class, of all its patterns and those made by hand."""

MAX_EXCEPT_DATES = 100

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""The names of RFC 5545 section 3.3.10, in the order of `date.weekday()`."""

# Far from both ends of the calendar, so that no zone, duration or gap can overflow it.
_YEARS = range(1900, 3000)

# Names in a zone directory that mean something else on every machine.


class TimetableFault(Exception):
    """A timetable that cannot be; `member` is the one at fault, `code` that of `errors[]`."""

    def __init__(self, member: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.member = member
        self.code = code
        self.detail = detail


class TooManySessions(TimetableFault):
    """The pattern meets more often than a class may; `at_most` is what was left for it."""

    def __init__(self, at_most: int) -> None:
        super().__init__(
            "to_date",
            "out-of-range",
            f"The pattern makes more than the {at_most} sessions that the class may still have"
            f" (at most {MAX_SESSIONS} in all).",
        )
        self.at_most = at_most


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Weekly meetings on `weekdays` from `from_date` to `to_date`, both included."""

    weekdays: frozenset[str]
    start_local: time
    duration_minutes: int
    from_date: date
    to_date: date
    except_dates: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSession:
    """One meeting: `local_start` is the wall clock (no zone), the other two are UTC."""

    local_start: datetime
    starts_at: datetime
    ends_at: datetime


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall-clock time (RFC 5545 section 3.3.5).

    A local time that occurs twice means its first occurrence; one that a change of the clocks
    skips is read with the offset before the gap.
    """
    # PEP 495: fold=0 is the earlier offset both in a repeated hour and in a skipped one.
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def session_at(local_start: datetime, duration_minutes: int, zone: ZoneInfo) -> PlannedSession:
    """One session from its wall-clock start; it ends `duration_minutes` elapsed minutes later.

    Elapsed: across a change of the clocks the wall clock at the end is an hour off, the length
    of the session is not.

    Raises:
        TimetableFault: the duration is not 1 to 1,440 minutes, or the year not 1900 to 2999.
    """
    if not 1 <= duration_minutes <= MAX_DURATION_MINUTES:
        raise TimetableFault(
            "duration_minutes",
            "out-of-range",
            f"A session lasts 1 to {MAX_DURATION_MINUTES} minutes.",
        )
    if local_start.year not in _YEARS:
        raise TimetableFault("local_start", "out-of-range", "Sessions lie between 1900 and 2999.")
    starts_at = instant_of(local_start, zone)
    return PlannedSession(
        local_start=local_start,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=duration_minutes),
    )


def expand(
    pattern: Pattern, zone: ZoneInfo, *, at_most: int = MAX_SESSIONS
) -> tuple[PlannedSession, ...]:
    """All sessions of a pattern in order, of which there may be `at_most`.

    Where the zone once skipped a whole day, its meeting falls on the next day at the same
    time; if the pattern meets on that day too, the one real meeting stands.

    Raises:
        TooManySessions: the pattern makes more than `at_most`.
        TimetableFault: a member of the pattern is out of its range.
    """
    _refuse_impossible(pattern)
    sessions: dict[datetime, PlannedSession] = {}
    for ordinal in range(pattern.from_date.toordinal(), pattern.to_date.toordinal() + 1):
        day = date.fromordinal(ordinal)
        if WEEKDAYS[day.weekday()] not in pattern.weekdays or day in pattern.except_dates:
            continue
        session = session_at(
            datetime.combine(day, pattern.start_local), pattern.duration_minutes, zone
        )
        sessions[session.starts_at] = session
        # Within the loop: a pattern of a thousand years is refused as soon as it is known.
        if len(sessions) > at_most:
            raise TooManySessions(at_most)
    return tuple(sessions.values())


def _refuse_impossible(pattern: Pattern) -> None:
    if not pattern.weekdays:
        raise TimetableFault("weekdays", "too-short", "Name at least one weekday.")
    if not pattern.weekdays.issubset(WEEKDAYS):
        raise TimetableFault("weekdays", "not-a-choice", f"Weekdays are {', '.join(WEEKDAYS)}.")
    if pattern.from_date > pattern.to_date:
        raise TimetableFault("to_date", "out-of-range", "`to_date` lies before `from_date`.")
    if pattern.from_date.year not in _YEARS or pattern.to_date.year not in _YEARS:
        raise TimetableFault("from_date", "out-of-range", "Dates lie between 1900 and 2999.")
    if len(pattern.except_dates) > MAX_EXCEPT_DATES:
        raise TimetableFault("except", "too-long", f"At most {MAX_EXCEPT_DATES} dates.")
