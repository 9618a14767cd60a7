"""How many statements this thread has sent since it was last asked, and how long they took."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


class _Meter(threading.local):
    queries = 0
    seconds = 0.0


_here = _Meter()


@contextmanager
def running() -> Iterator[None]:
    """Count one statement, and its time."""
    began = perf_counter()
    try:
        yield
    finally:
        _here.queries += 1
        _here.seconds += perf_counter() - began


def read() -> tuple[int, float]:
    """The statements and seconds since the last call on this thread."""
    found = _here.queries, _here.seconds
    _here.queries, _here.seconds = 0, 0.0
    return found
