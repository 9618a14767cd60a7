"""First come, first served: one writer at a time in this process.

SQLite's own wait is sleep and retry: under a rush some threads wait for seconds while others pass.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from api.errors import Busy


class Gate:
    """A lock that is handed over in the order in which it was asked for."""

    def __init__(self, *, wait_seconds: float) -> None:
        self._wait_seconds = wait_seconds
        self._mutex = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Hold the gate inside the block.

        Raises:
            Busy: it was not this thread's turn within the wait.
        """
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._mutex:
            if not self._taken:
                self._taken = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        if turn.acquire(timeout=self._wait_seconds):
            return
        with self._mutex:
            # The gate may have been handed over between the end of the wait and here.
            if turn in self._waiting:
                self._waiting.remove(turn)
                raise Busy("Too many writes wait for the database.")

    def _leave(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False
