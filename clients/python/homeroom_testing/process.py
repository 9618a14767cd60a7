"""The server's process: found, started, awaited, and ended with the session."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

START_SECONDS: Final = 120
END_SECONDS: Final = 10
LAST_WORDS: Final = 2000
"""Characters of its log that are shown when it does not start."""


class HomeroomNotStarted(Exception):
    """There is no server to test against; the text says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProcess:
    """A Homeroom of this process alone; it ends when this process does, however that ends."""

    process: subprocess.Popen[bytes]
    log: Path
    told: dict[str, Any]
    """What it printed when it was ready: addresses, tokens, ids."""

    @classmethod
    def start(cls, command: Sequence[str], log: Path, *options: str) -> ServerProcess:
        """Start `command serve --ephemeral` with `options`, and wait until it serves.

        What it says beside lies in the file `log`.

        Raises:
            HomeroomNotStarted: there is no such command, it ended, or it was not ready in time.
        """
        line = [*command, "serve", "--ephemeral", "--until-stdin-ends", *options]
        with log.open("wb") as log_file:
            try:
                process = subprocess.Popen(  # noqa: S603 - whoever owns the suite names the command
                    line,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log_file,
                    # Ctrl-C is for the suite, whose last fixtures still need the server.
                    start_new_session=True,
                )
            except OSError as reason:
                raise HomeroomNotStarted(f"{line[0]} cannot be run: {reason}") from reason
        try:
            return cls(process=process, log=log, told=_awaited(process, log))
        except BaseException:
            _end(process)
            raise

    def stop(self) -> None:
        """End it; its database and its files are gone then."""
        _end(self.process)


def command_of(named: Sequence[str]) -> list[str]:
    """The command to run: the one that is named, or `homeroom` beside this Python or on the path.

    Raises:
        HomeroomNotStarted: there is none.
    """
    if named:
        return list(named)
    beside = Path(sys.executable).with_name("homeroom")
    if os.access(beside, os.X_OK):
        return [str(beside)]
    found = shutil.which("homeroom")
    if found is None:
        raise HomeroomNotStarted(
            f"there is no command `homeroom` beside {sys.executable} or on the path. Install"
            " Homeroom into this environment, or name its command by the variable"
            " HOMEROOM_COMMAND or by `homeroom_command` in the settings of pytest."
        )
    return [found]


def _awaited(process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    line = _first_line(process)
    try:
        told = json.loads(line)
    except ValueError:
        told = None
    if isinstance(told, dict) and "base_url" in told:
        return told
    status = process.poll()
    became = "was not ready in time" if status is None else f"ended with status {status}"
    if line:
        became = f"printed {line[:200]!r}, which is not what this plugin expects"
    words = log.read_text(errors="replace")[-LAST_WORDS:].strip()
    raise HomeroomNotStarted(f"the server {became}. It said:\n{words or '(nothing)'}")


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    """What it prints up to the end of a line, or of its output, or of our patience."""
    assert process.stdout is not None, "its output is a pipe"  # `start` asked for one
    output, line = process.stdout.fileno(), b""
    deadline = time.monotonic() + START_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while not line.endswith(b"\n") and selector.select(deadline - time.monotonic()):
            piece = os.read(output, 65536)
            if not piece:
                process.wait(END_SECONDS)
                break
            line += piece
    return line


def _end(process: subprocess.Popen[bytes]) -> None:
    # It ends with its input; the rest is for one that hangs.
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
