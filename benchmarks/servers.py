"""Start a subject's processes, wait until they answer, and stop them again."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

ROOT = Path(__file__).parents[1]
READY_SECONDS = 60
STOP_SECONDS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How one process of a subject is started: `{port}` stands for its port."""

    command: Sequence[str]
    environment: Mapping[str, str]
    ready_path: str
    processes: int = 2

    def at(self, port: int) -> Self:
        """The same with the port filled in."""
        return type(self)(
            command=[part.replace("{port}", str(port)) for part in self.command],
            environment={
                name: value.replace("{port}", str(port)) for name, value in self.environment.items()
            },
            ready_path=self.ready_path,
        )


@dataclass(frozen=True, slots=True)
class Serving:
    """The processes of a running subject and where they answer."""

    bases: Sequence[str]
    pids: Sequence[int]


@contextmanager
def serving(program: Program, name: str, logs: Path) -> Iterator[Serving]:
    """Run every process of the program on a free port of its own until the block ends."""
    logs.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        started = []
        for _ in range(program.processes):
            port = free_port()
            log = stack.enter_context((logs / f"{name}-{port}.log").open("wb"))
            placed = program.at(port)
            process = subprocess.Popen(
                placed.command,
                env={**inherited(), **placed.environment},
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            stack.callback(stop, process)
            started.append((process, f"http://127.0.0.1:{port}"))
        with httpx.Client(timeout=2) as client:
            for process, base in started:
                wait_until_ready(process, client, base + program.ready_path)
        yield Serving([base for _, base in started], [process.pid for process, _ in started])


def inherited() -> dict[str, str]:
    """Our environment less what would configure a Homeroom."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HOMEROOM_")}


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(process: subprocess.Popen[bytes], client: httpx.Client, url: str) -> None:
    """Return at the first answer below 500."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended with {process.returncode}; see its log")
        with suppress(httpx.HTTPError):
            if client.get(url).status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{url} did not answer within {READY_SECONDS} s; see its log")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask politely, then end the whole group, so that no worker keeps the port."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
