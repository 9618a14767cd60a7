"""Moving windows in the memory of one process: how much each caller has asked for lately."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final, Protocol

SWEEP_SECONDS: Final = 5
"""How often windows that have emptied are forgotten; until then they only take memory."""


class Windows(Protocol):
    """Where windows are kept, as `limits` has it for Redis. Times are seconds since 1970."""

    def acquire_entry(self, key: str, limit: int, expiry: int) -> bool:
        """Enter a window of `expiry` seconds, unless `limit` entries are in it."""
        ...

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the oldest entry of a window came, or now; and how many there are."""
        ...


@dataclass(slots=True)
class _Window:
    ends_at: float
    entries: deque[float] = field(default_factory=deque)


class MemoryWindows:
    """`Windows` of this process.

    The library's own storage keeps an object for each entry, at the front of a list, and looks at
    all callers' windows a hundred times a second.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[str, _Window] = {}
        self._sweeps_at = 0.0

    def acquire_entry(self, key: str, limit: int, expiry: int) -> bool:
        """Enter a window of `expiry` seconds, unless `limit` entries are in it."""
        now = _now()
        with self._lock:
            if now >= self._sweeps_at:
                self._sweep(now)
            window = self._windows.get(key)
            if window is None:
                window = self._windows[key] = _Window(now)
            entries = _moved_on(window, now - expiry)
            if len(entries) >= limit:
                return False
            entries.append(now)
            window.ends_at = now + expiry
        return True

    def get_moving_window(self, key: str, _limit: int, expiry: int) -> tuple[float, int]:
        """When the oldest entry of a window came, or now; and how many there are."""
        now = _now()
        with self._lock:
            window = self._windows.get(key)
            entries = _moved_on(window, now - expiry) if window is not None else ()
            return (entries[0], len(entries)) if entries else (now, 0)

    def reset(self) -> None:
        """Forget everybody."""
        with self._lock:
            self._windows.clear()

    def _sweep(self, now: float) -> None:
        self._sweeps_at = now + SWEEP_SECONDS
        for key in [key for key, window in self._windows.items() if window.ends_at < now]:
            del self._windows[key]


def _moved_on(window: _Window, since: float) -> deque[float]:
    """The entries of a window that came after `since`."""
    entries = window.entries
    while entries and entries[0] <= since:
        entries.popleft()
    return entries


def _now() -> float:
    # By the clock of this machine, as Redis counts by its own: what a test sets is no time of day.
    return time.time()  # noqa: TID251  # see above
