"""How many statements this thread has sent since it was last asked, and how long they took."""

from __future__ import annotations

import threading


class _Meter(threading.local):
    queries = 0
    seconds = 0.0


_here = _Meter()


def note(seconds: float) -> None:
    """Count one statement, and its time."""
    _here.queries += 1
    _here.seconds += seconds


def read() -> tuple[int, float]:
    """The statements and seconds since the last call on this thread."""
    found = _here.queries, _here.seconds
    _here.queries, _here.seconds = 0, 0.0
    return found
