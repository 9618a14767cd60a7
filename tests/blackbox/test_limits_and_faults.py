import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from tests.blackbox.test_methods_and_types import a_problem
from tests.blackbox.world import World, serving, target_of
from tests.servers.programs import ROOT, one_port

LIMIT = 5
FAULTY = Path(__file__).with_name("faulty.py")
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


def test_check_38_whoever_asks_too_much_is_told_when_to_come_back(limited):
    one, other = limited.people
    time.sleep(1.1)
    answers = [limited.ask(one) for _ in range(4 * limited.limit)]
    refused = [answer for answer in answers if answer.status_code == 429]
    others = limited.ask(other)

    assert answers[0].status_code == 200
    assert refused
    assert a_problem(refused[0], 429, "rate-limited")
    assert refused[0].json()["violated_policies"] == [limited.policy]
    wait, state = (
        int(refused[0].headers["Retry-After"]),
        STATE.fullmatch(refused[0].headers["RateLimit"]),
    )
    assert wait >= int(state[2])
    assert others.status_code == 200
    time.sleep(wait)
    assert limited.ask(one).status_code == 200


def test_check_38_what_is_left_never_rises_within_a_window(limited):
    one, _ = limited.people
    time.sleep(1.1)
    began = time.monotonic()
    left = []
    for _ in range(limited.limit):
        answer = limited.ask(one)
        left.append(int(STATE.fullmatch(answer.headers["RateLimit"])[1]))
        if time.monotonic() - began > 0.9:
            break

    assert left == sorted(left, reverse=True)
    assert left[0] == limited.limit - 1


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
    settings = {"HOMEROOM_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    with one_port(tmp_path, program=FAULTY, **settings) as (_, client):
        yield client, "/v1/failures"
    server.drop("faulty")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_check_34_a_fault_of_ours_says_only_which_request_it_was(failing):
    client, path = failing

    failed, alive = client.get(path), client.get("/healthz")

    assert a_problem(failed, 500, "internal-error")
    assert failed.json()["request_id"] == failed.headers["X-Request-Id"]
    for word in ("SELECT", "/etc", "Runtime", "Traceback", ".py", "Flask", "Werkzeug", "Python"):
        assert word not in failed.text + str(failed.headers)
    assert alive.status_code == 200
