"""A clock that stands until a test moves it."""

import threading
from datetime import UTC, datetime, timedelta

START = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


class FakeClock:
    def __init__(self, start=START):
        self._lock = threading.Lock()
        self._now = start

    def now(self):
        return self._now

    def advance(self, **by):
        """Move on by what `timedelta` takes: seconds=…, days=…; give the new reading."""
        with self._lock:
            self._now += timedelta(**by)
            return self._now

    def set(self, instant):
        """Stand at `instant` from now on, also if that is earlier."""
        self._now = instant
