"""What a process does every second beside its requests, in a thread of its own."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from api.errors import Unavailable

PAUSE_MS: Final = 1_000
JITTER_MS: Final = 250
"""Processes that started together would otherwise look at the same moment for ever."""


@dataclass(slots=True)
class Rounds:
    """`act`, again and again from `start` to `stop`; what it raises is logged, and it goes on."""

    name: str
    act: Callable[[], object]
    log: logging.Logger
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether it acts by itself."""
        return self._thread is not None

    @property
    def is_stopping(self) -> bool:
        """Whether `act` should come to an end soon."""
        return self._stopping.is_set()

    def stop(self, last: Callable[[], object] = lambda: None) -> None:
        """End when `act` has; what had begun by itself does `last` then."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self._guarded(last)

    def _run(self) -> None:
        while not self._stopping.wait(_pause_seconds()):
            self._guarded(self.act)

    def _guarded(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Unavailable as away:
            self.log.warning("a pass was given up: %s", away.detail)
        except Exception:  # nobody would start the thread again
            self.log.exception("a pass failed")


def _pause_seconds() -> float:
    jitter = secrets.randbelow(2 * JITTER_MS + 1) - JITTER_MS
    return (PAUSE_MS + jitter) / 1_000
