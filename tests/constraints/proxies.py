"""Proxies of HTTP and groups of nodes: what may stand between a client and a server."""

import itertools
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
"""Fields of one connection, which a proxy does not hand on (RFC 9110 §7.6.1)."""


class Proxy(BaseHTTPRequestHandler):
    """Hands each request on to its server's `upstream`, and says for whom."""

    protocol_version = "HTTP/1.1"

    def handle_one(self):
        sent = httpx.Headers(self.headers.items())
        body = self.rfile.read(int(sent.get("Content-Length", 0)))
        kept = [(name, value) for name, value in sent.multi_items() if name not in HOP_BY_HOP]
        # Each proxy appends what it saw; the first value is that of the outermost.
        seen = {"For": self.client_address[0], "Proto": "http", "Host": sent["Host"]}
        for part, value in seen.items():
            name = f"X-Forwarded-{part}"
            before = [sent[name]] if name in sent else []
            kept = [pair for pair in kept if pair[0] != name.lower()]
            kept.append((name, ", ".join([*before, value])))
        kept = [pair for pair in kept if pair[0] != "host"]
        with self.server.client.stream(
            self.command, self.path, headers=kept, content=body
        ) as answer:
            self.answer(answer, b"".join(answer.iter_raw()))

    def answer(self, answer, body):
        self.send_response_only(answer.status_code)
        for name, value in answer.headers.multi_items():
            if name not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        if self.command == "HEAD" and "Content-Length" in answer.headers:
            self.send_header("Content-Length", answer.headers["Content-Length"])
        elif answer.status_code not in {204, 304}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = do_OPTIONS = handle_one  # noqa: N815  # the names that http.server calls

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def proxy(upstream):
    """Run a proxy on a free port of loopback; gives its address."""
    with (
        httpx.Client(base_url=upstream, timeout=10) as client,
        ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server,
    ):
        server.client = client
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@dataclass
class TakingTurns:
    """A client of several nodes with one public address: each request goes to the next of them."""

    base_url: str
    clients: list
    served: list = field(default_factory=list)

    def __post_init__(self):
        self._turns = itertools.cycle(self.clients)

    def request(self, method, url, **options):
        """One request, to the node whose turn it is."""
        client = next(self._turns)
        self.served.append(client)
        return client.request(method, url.removeprefix(self.base_url), **options)

    def post(self, url, **options):
        return self.request("POST", url, **options)
