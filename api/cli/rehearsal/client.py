"""A lean HTTP/1.1 client: one keep-alive connection, several servers, a retry that is safe."""

import asyncio
import hashlib
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urlsplit

import httptools
import orjson

# Longer than the server's own bound on a request (10 s), so that it is the server who gives up.
ATTEMPT_SECONDS = 30.0
# Longer than a minute's rate limit and than the restart of a killed server.
PATIENCE_SECONDS = 180.0
# A killed server is back within seconds; its connections return, so that the load stays even.
AWAY_ANSWERS = 100


class Broken(Exception):
    """The connection ended, or could not be made, before the whole answer had come."""


class GaveUp(Exception):
    """No server gave a final answer in the time allowed."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens. `prefix` is the path in front of every URL, without a slash."""

    host: str
    port: int
    tls: bool = False
    prefix: str = ""

    @classmethod
    def of(cls, url: str) -> "Address":
        """Read an address from a base URL.

        Raises:
            ValueError: not an http or https URL with a host.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not an http URL: {url}")
        tls = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (443 if tls else 80), tls, parts.path.rstrip("/"))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def target(self, path: str) -> str:
        """Put the prefix before a path, unless the path came from a link and has it already."""
        return path if self.prefix and path.startswith(f"{self.prefix}/") else self.prefix + path


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call; `key` is its idempotency key and stays the same in every attempt."""

    method: str
    path: str
    token: str = ""
    key: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def wire(self, address: Address) -> bytes:
        """Render for one server (RFC 9112 sections 3 and 6)."""
        lines = [f"{self.method} {address.target(self.path)} HTTP/1.1", f"Host: {address}"]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        if self.key:
            lines.append(f"Idempotency-Key: {self.key}")
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        if self.body and not any(name == "Content-Type" for name, _ in self.headers):
            lines.append("Content-Type: application/json")
        lines.extend(f"{name}: {value}" for name, value in self.headers)
        return "\r\n".join((*lines, "\r\n")).encode("latin-1") + self.body


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def digest(self) -> bytes:
        """What must be the same whenever the key is sent again; `Date` and the limits are not."""
        told = (str(self.status), *(self.headers.get(name, "") for name in ("location", "etag")))
        return hashlib.sha256("\n".join((*told, "")).encode() + self.body).digest()

    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass(slots=True)
class Tally:
    """What happened on the way to the final answers; shared by all clients of a run."""

    attempts: int = 0
    broken: int = 0
    busy: int = 0
    limited: int = 0
    waited_seconds: float = 0.0


class Connection(asyncio.Protocol):
    """One keep-alive connection that carries one exchange at a time."""

    def __init__(self) -> None:
        self.reusable = False
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] | None = None
        self._headers: dict[str, str] = {}
        self._pieces: list[bytes] = []

    async def exchange(self, wire: bytes) -> Answer:
        """Send a request and wait for the whole answer.

        Raises:
            Broken: the connection ended, what came is not HTTP, or nothing came for 30 s.
        """
        if self._transport is None or self._transport.is_closing():
            raise Broken("closed while idle")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(wire)
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                return await self._answer
        except TimeoutError as late:
            raise Broken(f"no answer in {ATTEMPT_SECONDS:g} s") from late
        finally:
            self._answer = None

    def close(self) -> None:
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()

    # asyncio calls these
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.reusable = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"not HTTP: {error}")
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.reusable = False
        self._fail(f"connection lost: {exc or 'closed by the server'}")

    # the parser calls these
    def on_message_begin(self) -> None:
        self._headers, self._pieces = {}, []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:  # an interim answer; the final one follows (RFC 9110 section 15.2)
            return
        self.reusable = self.reusable and self._parser.should_keep_alive()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(status, self._headers, b"".join(self._pieces)))

    def _fail(self, why: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Broken(why))


@dataclass(slots=True, kw_only=True)
class Client:
    """Send requests until they are answered, on whichever server stands.

    A broken connection is followed by another server, with the same idempotency key; 503 and 429
    by a wait of `Retry-After` (RFC 9110 section 10.2.3). It serves one caller at a time.
    `home` is the number of the server that it keeps to while it can.
    """

    addresses: Sequence[Address]
    home: int = 0
    tally: Tally = field(default_factory=Tally)
    chance: random.Random = field(default_factory=random.Random)
    patience_seconds: float = PATIENCE_SECONDS
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _connection: Connection | None = None
    _away: int = 0
    _answers_away: int = 0

    async def send(self, request: Request) -> Answer:
        """Bring `request` to its final answer.

        Raises:
            GaveUp: none came within `patience_seconds`.
        """
        clock = asyncio.get_running_loop().time
        deadline = clock() + self.patience_seconds
        breaks = 0
        while True:
            try:
                answer = await self._attempt(request)
            except Broken as broken:
                breaks += 1
                pause, why = self._after_break(breaks), str(broken)
            else:
                asked = self._asked_to_wait(answer)
                if asked is None:
                    return answer
                pause, why = asked, f"status {answer.status}"
            if clock() + pause > deadline:
                raise GaveUp(f"{request.method} {request.path}: {why}")
            self.tally.waited_seconds += pause
            await self.sleep(pause)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _attempt(self, request: Request) -> Answer:
        self.tally.attempts += 1
        if self._answers_away >= AWAY_ANSWERS:
            self._away = self._answers_away = 0
            self.close()
        address = self.addresses[(self.home + self._away) % len(self.addresses)]
        connection = self._connection
        if connection is None or not connection.reusable:
            connection = self._connection = await _connect(address)
        try:
            answer = await connection.exchange(request.wire(address))
        except Broken:
            self.close()
            raise
        self._answers_away += self._away > 0
        return answer

    def _after_break(self, breaks: int) -> float:
        """Go to the next server at once; when all have failed, wait longer with each round."""
        self.tally.broken += 1
        self._away = (self._away + 1) % len(self.addresses)
        self._answers_away = 0
        rounds, rest = divmod(breaks, len(self.addresses))
        return 0.0 if rest else min(1.0, 0.05 * 2**rounds) * self.chance.uniform(0.5, 1.0)

    def _asked_to_wait(self, answer: Answer) -> float | None:
        """Seconds to wait before the next attempt; None if the answer is final."""
        if answer.status not in (429, 502, 503, 504):
            return None
        self.tally.limited += answer.status == 429
        self.tally.busy += answer.status != 429
        # A little more than asked, so that those sent away together do not come back together.
        return retry_after(answer) * self.chance.uniform(1.0, 1.1)


async def _connect(address: Address) -> Connection:
    loop = asyncio.get_running_loop()
    security = ssl.create_default_context() if address.tls else None
    try:
        async with asyncio.timeout(ATTEMPT_SECONDS):
            _, connection = await loop.create_connection(
                Connection, address.host, address.port, ssl=security
            )
    except OSError as refused:  # TimeoutError is one of them
        raise Broken(f"{address}: {refused}") from refused
    return connection


def retry_after(answer: Answer) -> float:
    """Seconds of an answer's `Retry-After`: a number or a date; 1 when absent or not readable."""
    text = answer.headers.get("retry-after", "1")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        # The date is compared with this machine's clock, as any client of the real day would.
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return 1.0
