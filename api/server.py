"""One process, one port: the REST application behind a bridge, beside whatever needs no thread.

Every request body is read on the loop before a thread is taken, so a slow sender holds none.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from signal import SIGTERM
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote_from_bytes

import httptools
import uvicorn
from a2wsgi import WSGIMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

DRAIN_SECONDS: Final = 0.5
"""How long /readyz says 503 before the port closes, so that a balancer learns of it from us."""

GRACE_SECONDS: Final = 9
"""How long requests in flight may take after that; with the drain they stay below ten seconds."""

HEAD_BYTES: Final = 64 * 1024
"""Where an endless head is cut off; far above the limits that the application answers for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """What the server tells the application beside requests."""

    stopping: threading.Event
    """Set in the moment of the signal; /readyz and whatever runs beside requests look at it."""

    close: Callable[[], None]
    """Called when the last request is done: ends sweeper and worker, lets go of the database."""


@dataclass(frozen=True, slots=True)
class OnePort:
    """The ASGI program: its life, then every request to the REST application."""

    rest: Callable[[Scope, Receive, Send], Awaitable[None]]
    lifecycle: Lifecycle
    body_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI protocol."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.to_thread(self.lifecycle.close)
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = [pair for pair in scope["headers"] if b"_" not in pair[0]]
        try:
            body, length = await _read(headers, receive, at_most=self.body_bytes)
        except ConnectionResetError:
            return
        if length is not None:
            headers = [p for p in headers if p[0] not in {b"content-length", b"transfer-encoding"}]
            headers.append((b"content-length", b"%d" % length))
        # The bridge decodes the query as ASCII, and takes the whole connection down if it is not.
        query = quote_from_bytes(scope["query_string"], safe=_ASCII)
        clean = {**scope, "headers": headers, "query_string": query.encode("ascii")}
        await self.rest(clean, _replay(body), send)


_ASCII: Final = bytes(range(128))


async def _read(headers: Headers, receive: Receive, *, at_most: int) -> tuple[bytes, int | None]:
    """Read the body whole, and give it with its length; None says that there is no body.

    A body over `at_most` bytes is given up as an empty one with its true or least length: the
    application then refuses it by that length, at its own place in the order of refusals.

    Raises:
        ConnectionResetError: the client left before the end of its body.
    """
    given = dict(headers)
    if b"content-length" not in given and b"transfer-encoding" not in given:
        return b"", None
    declared = int(given.get(b"content-length", b"0"))
    if declared > at_most:
        return b"", declared
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > at_most:
            return b"", len(body)
    return bytes(body), len(body)


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


class BoundedHead(HttpToolsProtocol):
    """HTTP/1.1 whose heads end: httptools itself would gather one header for ever."""

    _head_bytes = 0
    _in_head = False

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Parse `data`; cut the connection off when the head is still open past its limit."""
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The head of the request is too large.")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, by a problem without a type of ours (RFC 9457 §4.2.1).

        A method that the parser does not know is 501 (RFC 9110 §9.1).
        """
        is_unknown_method = isinstance(sys.exception(), httptools.HttpParserInvalidMethodError)
        status = HTTPStatus.NOT_IMPLEMENTED if is_unknown_method else HTTPStatus.BAD_REQUEST
        problem = {"type": "about:blank", "title": status.phrase, "status": status, "detail": msg}
        body = json.dumps(problem)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write((head + body).encode("ascii"))
        self.transport.close()


class Server(uvicorn.Server):
    """uvicorn that says when it is ready, and says that it is stopping before it stops."""

    def __init__(
        self, config: uvicorn.Config, lifecycle: Lifecycle, *, ready: Callable[[], None]
    ) -> None:
        """Keep what is called when the port is open."""
        super().__init__(config)
        self.lifecycle = lifecycle
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the port, then tell."""
        await super().startup(sockets)
        self.ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Turn /readyz to 503 in the very moment of the signal."""
        self.lifecycle.stopping.set()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Keep answering for a moment, close the port, let requests in flight finish."""
        if self._captured_signals[:1] == [SIGTERM]:
            await asyncio.sleep(DRAIN_SECONDS)
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """Take the port (0: a free one) without accepting on it yet.

    Raises:
        OSError: the port is taken, or the address is not of this machine.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def serve(
    app: WSGIApplication,
    lifecycle: Lifecycle,
    *,
    listener: socket.socket,
    threads: int,
    body_bytes: int,
    ready: Callable[[], None],
) -> None:
    """Serve `app` on `threads` threads until SIGTERM or SIGINT, then let it finish.

    A body over `body_bytes` never reaches `app`: it sees an empty one with that length, to refuse.

    After SIGTERM the process ends by that signal (status 143 in a shell), as its parent expects.
    """
    # The bridge spells the protocols in types of its own.
    bridge: Any = WSGIMiddleware(cast("Any", app), workers=threads)
    program = OnePort(bridge, lifecycle, body_bytes=body_bytes)
    config = uvicorn.Config(
        program,
        http=BoundedHead,
        ws="none",
        access_log=False,
        log_config=None,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    with contextlib.suppress(KeyboardInterrupt):
        Server(config, lifecycle, ready=ready).run([listener])
