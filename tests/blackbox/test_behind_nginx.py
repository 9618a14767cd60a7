"""The forty checks through the nginx of deploy/, and what nginx answers itself."""

import os
import socket
import sqlite3
import subprocess
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from api.models import migrate
from api.server import listen
from tests.blackbox.behind import free_port, nginx
from tests.blackbox.checks import CHECKS
from tests.blackbox.test_limits_and_faults import FAULTY, LIMIT
from tests.blackbox.test_methods_and_types import a_problem
from tests.blackbox.world import ORIGIN, World
from tests.cli.commands import run, run_json
from tests.servers.programs import ROOT, one_port

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id"}
SWITCHES = {
    "HOMEROOM_RATE_LIMIT": "off",
    "HOMEROOM_REGISTRATION_RATE_LIMIT": f"{LIMIT}/second",
    "HOMEROOM_CORS_ORIGINS": ORIGIN,
    "HOMEROOM_TRUSTED_PROXIES": "1",
}


@dataclass
class Deployed:
    """A server behind a proxy, and what its operator hands over."""

    world: World
    file: Path
    tokens: list = field(default_factory=list)

    def looked_at(self, *arguments):
        """What `scripts/conformance` says of it, and its status."""
        given = [part for token in self.tokens for part in ("--token", token)]
        told = subprocess.run(
            [ROOT / "scripts" / "conformance", self.world.base, *given, *arguments],
            cwd=ROOT,
            # As operators run it: modules that were read once are kept.
            env={name: it for name, it in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            capture_output=True,
            check=False,
            text=True,
        )
        return told.returncode, told.stdout + told.stderr

    def count(self, what):
        with sqlite3.connect(f"file:{self.file}?mode=ro", uri=True) as reading:
            return reading.execute(f"SELECT count(*) FROM {what}").fetchone()[0]


@contextmanager
def deployed(folder, *, signups=1, directives=None, **settings):
    """The program with a fault in it, behind nginx, with some accounts."""
    outside, inside = free_port(), free_port()
    file = folder / "homeroom.sqlite3"
    url = f"sqlite:///{file}"
    migrate.upgrade(url)
    given = {
        "HOMEROOM_DATABASE_URL": url,
        "HOMEROOM_PUBLIC_URL": f"http://127.0.0.1:{outside}",
        "PORT": str(inside),
        "PYTHONPATH": str(ROOT),
        **SWITCHES,
        **settings,
    }
    with ExitStack() as stack:
        stack.enter_context(nginx(folder / "nginx", outside, before=inside, **directives or {}))
        _, client = stack.enter_context(one_port(folder / "data", program=FAULTY, **given))
        world = World(str(client.base_url).rstrip("/"), client)
        tokens = [world.signed_up("account").token for _ in range(signups)]
        yield Deployed(world, file, tokens)


def lines_of(text):
    """The verdict on each check, from the table."""
    found = {}
    for line in text.splitlines():
        number, _, rest = line.strip().partition("  ")
        if number.isdecimal() and int(number) in CHECKS and CHECKS[int(number)] in rest:
            found[int(number)] = rest.replace(CHECKS[int(number)], "", 1).strip()
    return found


def test_all_checks_pass_behind_nginx_and_nothing_is_left_behind(tmp_path):
    with deployed(tmp_path) as there:
        status, told = there.looked_at("--origin", ORIGIN, "--fault-path", "/v1/failures")
        living = there.count("organizations WHERE archived_at IS NULL")
        accounts = there.count("users")

    verdicts = lines_of(told)
    assert list(verdicts) == list(CHECKS), told
    assert {number for number, verdict in verdicts.items() if verdict != "pass"} == {39}, told
    assert verdicts[39].startswith("left out: ")
    assert status == 0
    assert (living, accounts) == (0, 1)


def test_a_proxy_that_codes_small_bodies_is_named_as_the_cause(tmp_path):
    with deployed(tmp_path, directives={"gzip_min_length": 20}) as there:
        status, told = there.looked_at("-k", "check_16 or check_13")

    verdicts = lines_of(told)
    assert status == 1
    assert verdicts[13] == "pass"
    assert verdicts[16].startswith('FAIL      a proxy weakened a tag: nginx sent the ETag W/"v')
    assert "CAUSE: a proxy between here and the application weakens entity tags." in told


def test_what_a_server_does_not_offer_is_left_out_by_name(tmp_path):
    closed = {"HOMEROOM_RATE_LIMIT": "600/minute", "HOMEROOM_REGISTRATION_RATE_LIMIT": "off"}
    with deployed(tmp_path, **closed) as there:
        status, told = there.looked_at("-k", "check_5 or check_34 or check_38 or check_12")

    verdicts = lines_of(told)
    assert status == 0, told
    assert verdicts[12] == "pass"
    for number, option in {5: "--origin", 34: "--fault-path", 38: "HOMEROOM_RATE_LIMIT"}.items():
        assert verdicts[number].startswith("left out: ")
        assert option in verdicts[number]


def test_where_nobody_may_sign_up_the_people_are_those_whose_tokens_are_given(tmp_path):
    with deployed(tmp_path, signups=0, HOMEROOM_OPEN_SIGNUP="off") as there:
        url = f"sqlite:///{there.file}"
        for name in ("operator", "helper"):
            run(url, "users", "create", name, "--no-password")
            there.tokens.append(run_json(url, "tokens", "issue", name)["token"])
        status, told = there.looked_at("-k", "check_12 or check_25 or check_40")
        accounts = there.count("users")

    verdicts = lines_of(told)
    assert status == 0, told
    # Check 12 comes first, and needs one person beside the owner.
    assert verdicts[12] == "pass"
    for number, who in {25: "registrar", 40: "owner"}.items():
        assert verdicts[number].startswith(f"left out: it needs one more person ({who})")
    assert accounts == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["http://127.0.0.1:9", "--token", "x"], "does not answer as Homeroom does"),
        (["http://127.0.0.1:9"], "--token"),
    ],
)
def test_a_look_at_nothing_says_so(arguments, complaint):
    told = subprocess.run(
        [ROOT / "scripts" / "conformance", *arguments],
        capture_output=True,
        check=False,
        text=True,
    )

    assert (told.returncode, complaint in told.stderr) == (2, True)


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
