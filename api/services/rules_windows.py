"""When registration is open for whom, and until when a seat may be given back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.errors import Block

PENDING_LASTS = timedelta(days=7)
"""How long after the last window an undecided request for approval stays."""

_LAST_TO_EXPIRE = datetime.max.replace(tzinfo=UTC) - PENDING_LASTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Registration is open in `[opens_at, closes_at)`, to a group or (null) to everybody."""

    audience: str | None = None
    opens_at: datetime
    closes_at: datetime

    def contains(self, now: datetime) -> bool:
        """Whether the window is open at `now`."""
        return self.opens_at <= now < self.closes_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Three instants of a class; null means not set, or (in effect) never.

    `drop_until`: a seat is given back without a trace. `withdraw_until`: from then on with
    one. `promotion_ends_at`: nobody is promoted at or after it.
    """

    drop_until: datetime | None = None
    withdraw_until: datetime | None = None
    promotion_ends_at: datetime | None = None

    @property
    def in_order(self) -> bool:
        """Whether dropping ends before withdrawing does, where both are set."""
        if self.drop_until is None or self.withdraw_until is None:
            return True
        return self.drop_until <= self.withdraw_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The time `[since, until)` throughout which a judgement stands; null: no bound there."""

    since: datetime | None = None
    until: datetime | None = None

    def contain(self, moment: datetime) -> bool:
        """Whether what was judged still stands at `moment`."""
        return (self.since is None or self.since <= moment) and (
            self.until is None or moment < self.until
        )


def bounds_around(now: datetime, instants: Iterable[datetime | None]) -> Bounds:
    """The time around `now` in which no rule that turns at one of `instants` changes its mind.

    A rule turns *at* its instant: what holds before it no longer holds on it.
    """
    known = [instant for instant in instants if instant is not None]
    return Bounds(
        since=max((instant for instant in known if instant <= now), default=None),
        until=min((instant for instant in known if instant > now), default=None),
    )


def windows_for(windows: Sequence[Window], groups: frozenset[str] | None) -> list[Window]:
    """The windows whose audience is everybody or one of `groups`; null: whatever their audience."""
    return [
        window
        for window in windows
        if window.audience is None or groups is None or window.audience in groups
    ]


def window_block(
    windows: Sequence[Window], groups: frozenset[str] | None, now: datetime
) -> Block | None:
    """Why no window is open at `now` for a student in `groups`, or nothing.

    A class without windows is open. `groups` null asks for nobody in particular: any window
    will do. The instants in the details are those of the student's own windows.
    """
    if not windows:
        return None
    own = windows_for(windows, groups)
    if not own:
        return Block(
            "audience", {"audiences": sorted({str(window.audience) for window in windows})}
        )
    if any(window.contains(now) for window in own):
        return None
    to_come = [window.opens_at for window in own if now < window.opens_at]
    if to_come:
        return Block("not-open-yet", {"opens_at": min(to_come)})
    return Block("registration-closed", {"closed_at": max(window.closes_at for window in own)})


def effective_deadlines(
    own: Deadlines, inherited: Deadlines, first_session_at: datetime | None
) -> Deadlines:
    """The deadlines that hold: the class's own, else those of its term.

    Without either, promotion ends at the first session or when dropping ends, whichever is
    earlier, and never if there is neither.
    """
    drop_until = own.drop_until or inherited.drop_until
    derived = [instant for instant in (first_session_at, drop_until) if instant is not None]
    return Deadlines(
        drop_until=drop_until,
        withdraw_until=own.withdraw_until or inherited.withdraw_until,
        promotion_ends_at=own.promotion_ends_at
        or inherited.promotion_ends_at
        or min(derived, default=None),
    )


def pending_ends_at(windows: Sequence[Window]) -> datetime | None:
    """When a request for approval expires: 7 days after the last window; null: never.

    A window that closes as the calendar ends is one that does not close.
    """
    last = max((window.closes_at for window in windows), default=None)
    return None if last is None or last > _LAST_TO_EXPIRE else last + PENDING_LASTS
