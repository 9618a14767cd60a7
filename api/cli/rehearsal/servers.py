"""The rehearsal's own servers: started, killed without warning, and started again."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from api.cli.rehearsal.client import Address, Broken, Connection, Request

ROOT = Path(__file__).resolve().parents[3]
"""The folder of `asgi.py` and `wsgi.py`, which a server is started from."""

START_SECONDS = 30.0
STOP_SECONDS = 15.0
GONE_SECONDS = 2.0
LOG_CHARACTERS = 2000
READY = Request(method="GET", path="/readyz")


class ServerFailed(Exception):
    """A server of ours ended by itself or did not become ready; the message names its log."""


@dataclass(slots=True, kw_only=True)
class Server:
    """One server program on one port, in a process group of its own.

    The group matters: granian's first process has a child that serves, and a child that outlives
    its parent goes on holding the port. Killing the group ends both in one stroke.
    """

    port: int
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path
    _process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", self.port)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours, not the user's
                self.command,
                cwd=ROOT,
                env={**self.env, "HOST": "127.0.0.1", "PORT": str(self.port)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def ready(self) -> None:
        """Wait until `/readyz` answers 200.

        Raises:
            ServerFailed: the process ended, or 30 s passed.
        """
        try:
            async with asyncio.timeout(START_SECONDS):
                while not await self._is_ready():
                    if self._process is None or self._process.poll() is not None:
                        raise ServerFailed(self._last_words("ended by itself"))
                    await asyncio.sleep(0.05)
        except TimeoutError as late:
            raise ServerFailed(self._last_words("is not ready")) from late

    def _last_words(self, what: str) -> str:
        log = self.log.read_text(encoding="utf-8", errors="replace")[-LOG_CHARACTERS:]
        return f"the server on port {self.port} {what}; the end of {self.log}:\n{log}"

    async def _is_ready(self) -> bool:
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                Connection, "127.0.0.1", self.port
            )
            try:
                answer = await connection.exchange(READY.wire(self.address))
            finally:
                connection.close()
        except (OSError, Broken):
            return False
        return answer.status == 200

    def kill(self) -> None:
        """End the whole group at once, as the loss of a machine would (SIGKILL)."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        # The children of the leader are not ours to wait for; their port tells when they are gone.
        deadline = time.monotonic() + GONE_SECONDS
        while self._listens() and time.monotonic() < deadline:
            time.sleep(0.002)

    def stop(self) -> None:
        """Ask the server to end, and end it after 15 s."""
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self.kill()
        self._process = None

    def _listens(self) -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            # start_new_session made the process the leader of its group.
            os.killpg(self._process.pid, number)


@dataclass(slots=True)
class Progress:
    """How many commands are over, for those who wait for a certain one."""

    over: int = 0
    _waiting: list[tuple[int, asyncio.Event]] = field(default_factory=list)

    def advance(self) -> None:
        self.over += 1
        while self._waiting and self._waiting[0][0] <= self.over:
            self._waiting.pop(0)[1].set()

    async def reach(self, count: int) -> None:
        """Wait until `count` commands are over."""
        if count > self.over:
            reached = asyncio.Event()
            self._waiting.append((count, reached))
            self._waiting.sort(key=lambda waiting: waiting[0])
            await reached.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One kill: seconds since the start of the day, and how long until the port served again."""

    at_seconds: float
    port: int
    answered: int
    down_seconds: float


@dataclass(slots=True, kw_only=True)
class Fleet:
    """All servers of a rehearsal: one program on SQLite, four on PostgreSQL."""

    servers: list[Server]
    kills: list[Kill] = field(default_factory=list)

    @property
    def addresses(self) -> list[Address]:
        return [server.address for server in self.servers]

    async def start(self) -> None:
        """Start all and wait until each is ready."""
        for server in self.servers:
            server.start()
        await asyncio.gather(*(server.ready() for server in self.servers))

    def stop(self) -> None:
        for server in self.servers:
            server.stop()

    async def strike(
        self, moments: Sequence[int], progress: Progress, chance: random.Random
    ) -> None:
        """Kill a server when so many commands are over, and start it again; once per moment."""
        clock = asyncio.get_running_loop().time
        began = clock()
        for moment in moments:
            await progress.reach(moment)
            # Away from the beat of this loop, so that a kill meets requests at every stage.
            await asyncio.sleep(chance.uniform(0.0, 0.02))
            victim = chance.choice(self.servers)
            struck = clock()
            count = progress.over
            victim.kill()
            victim.start()
            await victim.ready()
            self.kills.append(
                Kill(
                    at_seconds=struck - began,
                    port=victim.port,
                    answered=count,
                    down_seconds=clock() - struck,
                )
            )


def moments_of(kills: int, commands: int, chance: random.Random) -> list[int]:
    """Choose the moments of the kills, as numbers of commands over; none in the last twentieth."""
    last = max(1, commands * 19 // 20)
    return sorted(chance.sample(range(last), min(kills, last)))


def free_ports(count: int) -> list[int]:
    """Find TCP ports of 127.0.0.1 that nothing listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def one_program(env: Mapping[str, str], work: Path) -> Fleet:
    """The embedded default: everything in one process on one port (`asgi.py`)."""
    port = free_ports(1)[0]
    return Fleet(
        servers=[
            Server(
                port=port,
                command=[sys.executable, str(ROOT / "asgi.py")],
                env=env,
                log=work / f"server-{port}.log",
            )
        ]
    )


def four_workers(env: Mapping[str, str], work: Path, *, count: int = 4) -> Fleet:
    """Production's form: single-worker granian processes over `wsgi.py`, a port each."""
    # Four threads a process are as many as help while the database is near.
    threads = "4"
    flags = ["--interface", "wsgi", "--workers", "1", "--blocking-threads", threads]
    shared = {**env, "HOMEROOM_WORKERS": str(count), "HOMEROOM_THREADS": threads}
    return Fleet(
        servers=[
            Server(
                port=port,
                command=[
                    *(sys.executable, "-m", "granian", *flags),
                    *("--host", "127.0.0.1", "--port", str(port), "wsgi:application"),
                ],
                env=shared,
                log=work / f"server-{port}.log",
            )
            for port in free_ports(count)
        ]
    )
