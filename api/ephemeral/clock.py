"""The clock of an ephemeral Homeroom: it stands until somebody moves it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Final

from api.clock import truncated

LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Far enough for any term, and near enough that lifetimes can still be added to it."""


class MoveRefused(Exception):
    """The clock does not go there; the text says why."""


class MovableClock:
    """Stands at an instant; every part of one application reads it."""

    def __init__(self, start: datetime) -> None:
        self._lock = threading.Lock()
        self._now = truncated(start.astimezone(UTC))

    def now(self) -> datetime:
        """Where it stands: aware, UTC, whole milliseconds."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move on by a time that is not negative; the new reading.

        Raises:
            MoveRefused: it would stand beyond `LATEST`.
        """
        with self._lock:
            if by > LATEST - self._now:
                raise MoveRefused(_TOO_LATE)
            self._now = truncated(self._now + by)
            return self._now

    def move(self, to: datetime, *, backwards: bool = False) -> datetime:
        """Stand at `to` from now on; the new reading.

        Raises:
            MoveRefused: it is beyond `LATEST`, or earlier and `backwards` does not allow that.
        """
        with self._lock:
            if to > LATEST:
                raise MoveRefused(_TOO_LATE)
            if to < self._now and not backwards:
                raise MoveRefused("That is earlier than the clock stands; say backwards: true.")
            self._now = truncated(to.astimezone(UTC))
            return self._now


_TOO_LATE: Final = f"The clock goes no further than {LATEST.date()}."
