import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from tests.blackbox.test_methods_and_types import a_problem
from tests.blackbox.world import World, serving, target_of
from tests.servers.programs import ROOT, granian, one_port

LIMIT = 5
SECONDS = 1
"""The window of the limits here."""
CONNECTIONS = 8
TRIES = 5
FAULTY = Path(__file__).with_name("faulty.py")
FAULTY_WSGI = "tests.blackbox.faulty_wsgi:application"
STATE = re.compile(r'"[a-z]+";r=(\d+);t=(\d+)')
POLICY = re.compile(r'"([a-z]+)";q=(\d+);w=(\d+)')


@dataclass
class Limited:
    """Something that may be asked a few times a second only, and two people who ask."""

    ask: Callable
    people: tuple
    policy: str
    limit: int


@pytest.fixture(scope="module")
def limited(backend, request, tmp_path_factory):
    """A server that lets everybody ask five times a second; two processes with Redis on granian.

    Tests share it: each waits first until its window is empty.
    """
    if target_of(request.config) is not None:
        yield limited_there(request.getfixturevalue("world"))
        return
    server = request.getfixturevalue("server")
    url = server.create("limited", like="migrated")
    with ExitStack() as stack:
        stack.callback(server.drop, "limited")
        settings = {"HOMEROOM_RATE_LIMIT": f"{LIMIT}/second"}
        if backend == "postgresql":
            settings |= {"HOMEROOM_REDIS_URL": request.getfixturevalue("redis_url")}
            settings |= {"HOMEROOM_WORKERS": "2", "GRANIAN_WORKERS": "2"}
        folder = tmp_path_factory.mktemp("limited")
        client = stack.enter_context(serving(backend, folder, url, **settings))
        world = World(str(client.base_url).rstrip("/"), client)
        people = (world.signed_up("owner"), world.signed_up("other"))
        yield Limited(lambda person: person.get("/v1/me"), people, "default", LIMIT)


def limited_there(world):
    """The first of what may be asked often, or seldom, that has a limit which is soon reached."""
    seats = f"{world.a_class().headers['Location']}/registrations?dry_run=true"
    impatient = replace(world.target, is_patient=False)
    people = tuple(replace(person, target=impatient) for person in (world.student, world.owner))
    record = world.student.get("/v1/me").json()["students"][0]["id"]
    dry = {"student_id": record}
    for ask in (lambda person: person.get("/v1/me"), lambda person: person.post(seats, dry)):
        found = POLICY.fullmatch(ask(people[0]).headers.get("RateLimit-Policy", ""))
        if found is not None and int(found[2]) <= LIMIT and int(found[3]) == 1:
            return Limited(ask, people, found[1], int(found[2]))
    pytest.skip(
        f"no limit there is low enough to be exceeded without harm: give it {LIMIT}/second for "
        "HOMEROOM_REGISTRATION_RATE_LIMIT or HOMEROOM_RATE_LIMIT"
    )


@contextmanager
def connections(person):
    """The person on several connections, each of them open, as processes share them out."""
    with ExitStack() as stack:
        clients = [
            stack.enter_context(httpx.Client(base_url=person.client.base_url, timeout=30))
            for _ in range(CONNECTIONS)
        ]
        for client in clients:
            client.get("/healthz")
        yield [replace(person, client=client) for client in clients]


def rush(limited, person):
    """Ask twice on each of several connections, on all at once; gives the answers.

    Only what comes within one window tells how much passes: a slow machine tries again.
    """
    begin = threading.Barrier(CONNECTIONS)

    def ask_twice(person):
        begin.wait()
        return [limited.ask(person) for _ in range(2)]

    with connections(person) as people, ThreadPoolExecutor(CONNECTIONS) as crowd:
        for _ in range(TRIES):
            time.sleep(SECONDS + 0.1)
            began = time.monotonic()
            answers = [answer for pair in crowd.map(ask_twice, people) for answer in pair]
            if time.monotonic() - began < SECONDS:
                return answers
    return pytest.skip(f"{2 * CONNECTIONS} requests take longer than the limit's window there")


def test_check_38_whoever_asks_too_much_is_told_when_to_come_back(limited):
    one, other = limited.people
    answers = rush(limited, one)
    others = limited.ask(other)
    refused = [answer for answer in answers if answer.status_code == 429]

    assert len(answers) - len(refused) == limited.limit, OF_EACH_PROCESS
    assert {answer.status_code for answer in answers} <= {200, 429}
    for answer in refused:
        assert a_problem(answer, 429, "rate-limited")
        assert answer.json()["violated_policies"] == [limited.policy]
        state = STATE.fullmatch(answer.headers["RateLimit"])
        assert int(answer.headers["Retry-After"]) >= max(1, int(state[2]))
        assert state[1] == "0"
    assert others.status_code == 200
    time.sleep(max(int(answer.headers["Retry-After"]) for answer in refused))
    assert limited.ask(one).status_code == 200


OF_EACH_PROCESS = (
    "another number passed than the limit allows: do several processes count by themselves? "
    "HOMEROOM_REDIS_URL lets them count together"
)


def test_check_38_what_is_left_never_rises_within_a_window(limited):
    one, _ = limited.people
    left = []
    with connections(one) as people:
        time.sleep(SECONDS + 0.1)
        began = time.monotonic()
        for person in people:
            answer = limited.ask(person)
            if time.monotonic() - began > 0.9 * SECONDS:
                break
            left.append(int(STATE.fullmatch(answer.headers["RateLimit"])[1]))

    first = list(range(limited.limit - 1, -1, -1))
    assert left == [*first, *[0] * CONNECTIONS][: len(left)]


@pytest.fixture
def failing(backend, request, tmp_path):
    """A client of a server with an address that fails, and that address."""
    target = target_of(request.config)
    if target is not None:
        if target.fault_path is None:
            pytest.skip("nothing is known to fail there: name a path that does with --fault-path")
        with httpx.Client(base_url=target.base) as client:
            yield client, target.fault_path
        return
    server = request.getfixturevalue("server")
    url = server.create("faulty", like="migrated")
    with faulty(backend, tmp_path, HOMEROOM_DATABASE_URL=url) as (_, client):
        yield client, "/v1/failures"
    server.drop("faulty")


def faulty(backend, folder, **settings):
    """The program that belongs to a database, with an address that fails."""
    if backend == "sqlite":
        return one_port(folder, program=FAULTY, PYTHONPATH=str(ROOT), **settings)
    return granian(folder, application=FAULTY_WSGI, **settings)


def test_check_34_a_fault_of_ours_says_only_which_request_it_was(failing):
    client, path = failing

    failed = client.get(path, headers={"X-Request-Id": "the-failed-one"})
    alive = client.get("/healthz")

    assert a_problem(failed, 500, "internal-error")
    assert failed.json()["request_id"] == failed.headers["X-Request-Id"] == "the-failed-one"
    assert failed.headers["Cache-Control"] == "no-store"
    for word in ("SELECT", "/etc", "Runtime", "Traceback", ".py", "Flask", "Werkzeug", "Python"):
        assert word.lower() not in (failed.text + str(failed.headers)).lower()
    assert "/" not in failed.headers.get("Server", ""), "a version"
    assert failed.json().keys() == PLAIN
    assert alive.status_code == 200


PLAIN = {"type", "title", "status", "detail", "instance", "code", "request_id"}
"""The members of a problem that tells nothing beside."""
