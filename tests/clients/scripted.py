"""A server over real sockets that answers each request with the next line of a script."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

CUT = "cut"
"""In place of an answer: the request is read, and the connection closed."""


@dataclass
class Script:
    """What is answered, by path: (status, fields, document or bytes) or CUT; the last one stays.

    With a Content-Length of its own an answer breaks off where the body ends.
    Elsewhere there is nothing: a browser asks for an icon.
    """

    answers: dict
    asked: list = field(default_factory=list)
    address: str = ""

    def next(self, path):
        left = self.answers.get(path, [(404, {}, None)])
        return left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def scripted(answers):
    """Serve the script as long as the block; gives it, with what was asked."""
    script = Script({path: list(said) for path, said in answers.items()})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_):
            """Say nothing."""

        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            script.asked.append((self.command, self.path, dict(self.headers.items())))
            said = script.next(self.path)
            if said == CUT:
                self.close_connection = True
                return
            status, fields, document = said
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            body = b"" if document is None else body
            self.send_response(status)
            for name, value in ({"Content-Type": "application/json"} | fields).items():
                self.send_header(name, value)
            if "Content-Length" in fields:
                self.close_connection = True
            else:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815  # the library's names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    script.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
