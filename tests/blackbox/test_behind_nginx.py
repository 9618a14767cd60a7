"""What nginx with the configuration of deploy/ lets through, keeps, and answers itself."""

import re
import socket
import threading
from contextlib import contextmanager

import httpx
import pytest

from api.server import listen
from tests.blackbox.behind import free_port, nginx
from tests.blackbox.deployed import lines_of
from tests.blackbox.test_callers_and_caches import (
    test_check_36_what_one_may_see_is_kept_for_nobody_else as private,
)
from tests.blackbox.test_methods_and_types import a_problem
from tests.blackbox.world import World

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id"}
CODED = {"Accept-Encoding": "gzip"}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_proxy_that_codes_small_bodies_is_named_as_the_cause(behind_nginx):
    with behind_nginx(changes={"gzip_min_length": 20}) as there:
        status, told = there.looked_at("-k", "check_16 or check_13")

    verdicts = lines_of(told)
    assert status == 1
    assert verdicts[13] == "pass"
    assert verdicts[16].startswith('FAIL      a proxy weakened a tag: nginx sent the ETag W/"v')
    assert "CAUSE: a proxy between here and the application weakens entity tags." in told


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_shared_cache_between_here_and_there_keeps_what_is_public_alone(behind_nginx, tmp_path):
    with behind_nginx(changes={"cache": tmp_path / "kept"}) as there:
        world = there.world
        world.school = world.a_school()
        made = world.a_term()
        private(world, (made.headers["Location"], made.headers["ETag"]))
        documents = [world.nobody.get("/openapi.json") for _ in range(2)]

    assert [answer.headers["X-Cache-Status"] for answer in documents] == ["MISS", "HIT"]
    kept = [file.read_bytes() for file in (tmp_path / "kept").rglob("*") if file.is_file()]
    addresses = {re.search(rb"\nKEY: http://[^/]+(\S*)", each)[1].decode() for each in kept}
    assert "/openapi.json" in addresses
    assert {address for address in addresses if address.startswith("/v1/")} == set()


@contextmanager
def upstream(serve):
    """A server that does with each connection what `serve` says."""
    with listen("127.0.0.1", 0) as listener:
        listener.listen()

        def accept():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def told_by_nginx(port, request):
    """The problem that nginx answers itself."""
    world = World(f"http://127.0.0.1:{port}", None)
    return world.raw(*request)


@pytest.mark.parametrize(
    ("status", "code", "request_lines"),
    [
        (400, "invalid-header", ["GET /v1 HTTP/1.1", "Content-Length: many"]),
        (404, "not-found", ["GET /metrics HTTP/1.1"]),
        (404, "not-found", ["GET /../etc/passwd HTTP/1.1"]),
        (405, "method-not-allowed", ["TRACE /v1 HTTP/1.1"]),
        (413, "body-too-large", ["POST /v1/users HTTP/1.1", "Content-Length: 1048577"]),
        (414, "uri-too-long", [f"GET /{'x' * 20_000} HTTP/1.1"]),
        (431, "headers-too-large", ["GET /v1 HTTP/1.1", f"X-Long: {'x' * 20_000}"]),
        (502, "upstream-unavailable", ["GET /v1 HTTP/1.1"]),
    ],
)
def test_nginx_refuses_in_the_words_of_the_application(front, status, code, request_lines):
    refused = told_by_nginx(front, request_lines)

    assert a_problem(refused, status, code)
    problem = refused.json()
    assert problem.keys() >= MEMBERS
    assert problem["type"].endswith(f"/problems/{code}")
    assert problem["request_id"] == refused.headers["X-Request-Id"]
    assert refused.headers["Cache-Control"] == "no-store"
    assert ("Retry-After" in refused.headers) == (status >= 500)


def test_over_https_nginx_too_says_that_nothing_else_is_to_be_used(front, tmp_path):
    port = free_port()
    with nginx(tmp_path / "nginx", port, before=free_port(), scheme="https"):
        secured = told_by_nginx(port, ["GET /v1 HTTP/1.1"])

    plain = told_by_nginx(front, ["GET /v1 HTTP/1.1"])

    assert secured.json()["type"].startswith("https://")
    assert secured.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in plain.headers


LENGTH, CHUNKS = b"Content-Length: 12\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\nc\r\n"


@pytest.mark.parametrize(
    ("head", "tail", "tag"),
    [(LENGTH, b"", '"v1-a"'), (CHUNKS, b"\r\n0\r\n\r\n", 'W/"v1-a"')],
    ids=["length", "chunks"],
)
def test_nginx_leaves_alone_what_says_how_short_it_is(tmp_path, head, tail, tag):
    """So whatever we send says so: check 37 holds all answers to it."""
    port = free_port()
    fields = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: "v1-a"\r\n'

    def answer(connection):
        connection.recv(65536)
        connection.sendall(fields + head + b'{"name": ""}' + tail)
        connection.close()

    with upstream(answer) as before, nginx(tmp_path / "nginx", port, before=before):
        got = httpx.get(f"http://127.0.0.1:{port}/v1", headers=CODED, timeout=5)

    assert got.json() == {"name": ""}
    assert got.headers["ETag"] == tag


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    """The port of an nginx before a port on which nobody listens."""
    port = free_port()
    with nginx(tmp_path_factory.mktemp("front") / "nginx", port, before=free_port()):
        yield port


def test_an_application_that_never_answers_is_given_up(tmp_path):
    port, over = free_port(), threading.Event()

    def silence(connection):
        with connection:
            over.wait(10)

    with (
        upstream(silence) as silent,
        nginx(tmp_path / "nginx", port, before=silent, proxy_read_timeout="1s"),
    ):
        refused = told_by_nginx(port, ["POST /v1/users HTTP/1.1", "Content-Length: 0"])
        over.set()

    assert a_problem(refused, 504, "upstream-unavailable")
    assert int(refused.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("path", ["/v1/live", "/live"])
def test_an_event_of_a_stream_goes_out_when_it_comes(tmp_path, path):
    port, seen = free_port(), threading.Event()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"

    def stream(connection):
        connection.recv(65536)
        connection.sendall(head + b"data: one\n\n")
        # The end comes after the client has seen the event, or never.
        if seen.wait(10):
            connection.sendall(b"data: two\n\n")
        connection.close()

    with (
        upstream(stream) as streaming,
        nginx(tmp_path / "nginx", port, before=streaming),
        httpx.stream("GET", f"http://127.0.0.1:{port}{path}", timeout=5) as answer,
    ):
        events = (line for line in answer.iter_lines() if line)
        first = next(events)
        seen.set()
        second = next(events)

    assert (first, second) == ("data: one", "data: two")


def test_nginx_takes_what_the_application_takes(front):
    """Sizes that the application allows get as far as it; here nobody is behind, so 502."""
    longest = f"GET /v1?{'x' * 8000} HTTP/1.1"
    fields = [f"X-Field-{number}: {'x' * 5000}" for number in range(3)]

    assert told_by_nginx(front, [longest]).status_code == 502
    assert told_by_nginx(front, ["GET /v1 HTTP/1.1", *fields]).status_code == 502
