"""A forwarding proxy that speaks real sockets: it can take a prefix off, and lose answers."""

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
"""Fields of one connection, which a proxy does not hand on (RFC 9110 §7.6.1)."""
HOPS = ("For", "Proto", "Host", "Prefix")


class Proxy(ThreadingHTTPServer):
    """Forwards to `upstream`, says so in X-Forwarded-*, and can lose the first answer of a write.

    `lost` holds the idempotency keys whose answer got lost, `paths` what was asked for.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, *, prefix="", loses_answers=False):
        super().__init__(("127.0.0.1", 0), _Forward)
        self.upstream = None
        # A kept connection may be closed by the server in the moment in which it is used again.
        self.onward = httpx.Client(timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
        self.prefix = prefix
        self.loses_answers = loses_answers
        self.lost = set()
        self.paths = set()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Forward(BaseHTTPRequestHandler):
    """One connection: each request goes on with one hop more, its answer comes back as it is."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        """Say nothing."""

    def forward(self):
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.path.startswith(f"{server.prefix}/"):
            self.send_error(404)
            return
        path = self.path.removeprefix(server.prefix)
        server.paths.add(path)
        with server.onward.stream(
            self.command, server.upstream + path, headers=self._fields(), content=body
        ) as answer:
            sent_back = b"".join(answer.iter_raw())
        key = self.headers.get("Idempotency-Key")
        if server.loses_answers and key and key not in server.lost:
            server.lost.add(key)
            self.close_connection = True
            return
        self._send_back(answer, sent_back)

    def _fields(self):
        """What was sent, and the hop: each proxy appends what it saw."""
        told = {f"x-forwarded-{name.lower()}": self._hop(name) for name in HOPS}
        left_out = HOP_BY_HOP | {"host"} | told.keys()
        kept = [(name, it) for name, it in self.headers.items() if name.lower() not in left_out]
        return [*kept, *told.items()]

    def _hop(self, name):
        said = {
            "For": self.client_address[0],
            "Proto": "http",
            "Host": self.headers["Host"],
            "Prefix": self.server.prefix or "/",
        }
        before = self.headers.get(f"X-Forwarded-{name}")
        return ", ".join(filter(None, (before, said[name])))

    def _send_back(self, answer, body):
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

    do_GET = do_HEAD = do_POST = forward  # noqa: N815  # the library's names
    do_PUT = do_PATCH = do_DELETE = do_OPTIONS = forward  # noqa: N815  # the library's names


@contextmanager
def forwarding(upstream=None, **options):
    """Run a proxy as long as the block; it is told its upstream before it is asked."""
    proxy = Proxy(**options)
    proxy.upstream = upstream
    thread = Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
        proxy.onward.close()
