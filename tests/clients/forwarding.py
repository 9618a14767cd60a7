"""Forwarding proxies that speak real sockets: one takes a prefix off, one loses answers."""

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "host"}
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
        kept = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
        path = self.path.removeprefix(server.prefix)
        server.paths.add(path)
        answer = server.onward.request(
            self.command, server.upstream + path, headers=kept | self._hop(), content=body
        )
        key = self.headers.get("Idempotency-Key")
        if server.loses_answers and key and key not in server.lost:
            server.lost.add(key)
            self.close_connection = True
            return
        self._send_back(answer)

    def _hop(self):
        said = {
            "For": self.client_address[0],
            "Proto": "http",
            "Host": self.headers["Host"],
            "Prefix": self.server.prefix or "/",
        }
        before = {name: self.headers.get(f"X-Forwarded-{name}") for name in HOPS}
        return {
            f"X-Forwarded-{name}": ", ".join(filter(None, (before[name], said[name])))
            for name in HOPS
        }

    def _send_back(self, answer):
        self.send_response_only(answer.status_code)
        for name, value in answer.headers.items():
            if name not in HOP_BY_HOP | {"content-length", "content-encoding"}:
                self.send_header(name, value)
        # httpx has undone the coding, as a proxy may; the tag stays that of the coded form.
        if answer.status_code not in (204, 304):
            self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = forward  # noqa: N815  # the library's names
    do_PUT = do_PATCH = do_DELETE = do_OPTIONS = forward  # noqa: N815  # the library's names


@contextmanager
def forwarding(**options):
    """Run a proxy as long as the block; it is told its upstream before it is asked."""
    proxy = Proxy(**options)
    thread = Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
        proxy.onward.close()
