"""`homeroom serve --ephemeral`: from nothing to a school that serves, and back to nothing."""

from __future__ import annotations

import gc
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn

import orjson

from api import logs
from api.ephemeral.desk import Desk, in_front_of
from api.ephemeral.parent import end_with_parent
from api.ephemeral.people import PASSWORD
from api.ephemeral.stage import THREADS, Stage
from api.http.requests import BODY_BYTES
from api.server import Lifecycle, listen, serve
from api.services.passwords import Passwords

HOST: Final = "127.0.0.1"
"""Its tokens are known to whoever knows the seed, so nobody but this machine may reach it."""

PREFIX: Final = "homeroom-ephemeral-"


def run(*, port: int, seed: int, starts_at: datetime, parent: int, reads_stdin: bool) -> None:
    """Serve until a signal, or the end of `parent`, says otherwise; leave nothing behind.

    Prints one JSON object, on one line, when it is ready, and nothing else on standard output.

    Raises:
        SystemExit: the port is taken; or SIGTERM came (status 143).
    """
    signal.signal(signal.SIGTERM, _exit_by)
    signal.signal(signal.SIGHUP, _exit_by)
    logs.configure("text")
    # Named before it is made: there is no moment in which a signal finds it and nobody knows it.
    folder = Path(tempfile.gettempdir()) / f"{PREFIX}{secrets.token_hex(8)}"
    remove = partial(shutil.rmtree, folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700)
        end_with_parent(remove, parent=parent, reads_stdin=reads_stdin)
        _serve(folder, port=port, seed=seed, starts_at=starts_at)
    finally:
        remove()
        # All goes with the process; to look it over once more at the exit takes longest of all.
        gc.freeze()


def _serve(folder: Path, *, port: int, seed: int, starts_at: datetime) -> None:
    try:
        listener = listen(HOST, port)
    except OSError as reason:
        sys.exit(f"homeroom: {HOST}:{port}: {reason}; leave --port out to get a free one")
    base_url = f"http://{HOST}:{listener.getsockname()[1]}"
    password_hash = Passwords().hash(PASSWORD)
    stage = Stage(folder, seed=seed, starts_at=starts_at, password_hash=password_hash)
    desk = Desk(stage, key=secrets.token_urlsafe(24), base_url=base_url)

    def ready() -> None:
        told = orjson.dumps(desk.told()).decode()
        print(told, flush=True)  # noqa: T201 - whoever started it reads this

    serve(
        in_front_of(stage, desk),
        Lifecycle(stopping=threading.Event(), close=stage.strike),
        listener=listener,
        threads=THREADS,
        body_bytes=BODY_BYTES,
        ready=ready,
    )


def _exit_by(number: int, _frame: Any) -> NoReturn:
    sys.exit(128 + number)
