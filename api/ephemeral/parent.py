"""An end with whoever started this process, however they end."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

LOOK_SECONDS: Final = 0.1
PATIENCE_SECONDS: Final = 1.2
"""How long a request in flight may keep the process from ending; nobody waits for its answer."""


def end_with_parent(clean_up: Callable[[], None], *, parent: int, reads_stdin: bool) -> None:
    """End this process when the one with the id `parent` is gone, or its input, with `reads_stdin`.

    It ends by SIGINT, as from a terminal; if it has not within a moment, `clean_up` is called and
    it exits. The parent is looked at, for the signal that Linux can send (prctl(2),
    PR_SET_PDEATHSIG) comes when the thread ends that started the child, and not on macOS.
    """

    def watch_parent() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        _end(clean_up)

    def watch_stdin() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        _end(clean_up)

    for watch in (watch_parent, watch_stdin) if reads_stdin else (watch_parent,):
        threading.Thread(target=watch, name=watch.__name__, daemon=True).start()


def _end(clean_up: Callable[[], None]) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(PATIENCE_SECONDS)
    clean_up()
    os._exit(1)
