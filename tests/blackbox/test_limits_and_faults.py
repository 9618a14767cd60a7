import re
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.blackbox.test_methods_and_types import a_problem
from tests.blackbox.world import World, serving
from tests.servers.programs import ROOT, one_port

LIMIT = 5
FAULTY = Path(__file__).with_name("faulty.py")
STATE = re.compile(r'"default";r=(\d+);t=(\d+)')


@pytest.fixture
def limited(backend, server, tmp_path, redis_url):
    """A server that lets everybody ask five times a second; two processes with Redis on granian."""
    url = server.create("limited", like="migrated")
    with ExitStack() as stack:
        stack.callback(server.drop, "limited")
        settings = {"HOMEROOM_RATE_LIMIT": f"{LIMIT}/second"}
        if backend == "postgresql":
            settings |= {"HOMEROOM_REDIS_URL": redis_url, "HOMEROOM_WORKERS": "2"}
            settings["GRANIAN_WORKERS"] = "2"
        client = stack.enter_context(serving(backend, tmp_path, url, **settings))
        world = World(str(client.base_url).rstrip("/"), client)
        world.people = {name: world.signed_up(name) for name in ("owner", "student")}
        yield world


def test_check_38_whoever_asks_too_much_is_told_when_to_come_back(limited):
    time.sleep(1)
    answers = [limited.owner.get("/v1/me") for _ in range(4 * LIMIT)]
    refused = [answer for answer in answers if answer.status_code == 429]
    other = limited.student.get("/v1/me")

    assert answers[0].status_code == 200
    assert refused
    assert a_problem(refused[0], 429, "rate-limited")
    assert refused[0].json()["violated_policies"] == ["default"]
    wait, state = (
        int(refused[0].headers["Retry-After"]),
        STATE.fullmatch(refused[0].headers["RateLimit"]),
    )
    assert wait >= int(state[2])
    assert other.status_code == 200
    time.sleep(wait)
    assert limited.owner.get("/v1/me").status_code == 200


def test_check_38_what_is_left_never_rises_within_a_window(limited):
    time.sleep(1.1)
    began = time.monotonic()
    left = []
    for _ in range(LIMIT):
        answer = limited.owner.get("/v1/me")
        left.append(int(STATE.fullmatch(answer.headers["RateLimit"])[1]))
        if time.monotonic() - began > 0.9:
            break

    assert left == sorted(left, reverse=True)
    assert left[0] == LIMIT - 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_check_34_a_fault_of_ours_says_only_which_request_it_was(server, tmp_path):
    url = server.create("faulty", like="migrated")
    with one_port(tmp_path, program=FAULTY, HOMEROOM_DATABASE_URL=url, PYTHONPATH=str(ROOT)) as (
        _,
        client,
    ):
        failed = client.get("/v1/failures")
        alive = client.get("/healthz")

    assert a_problem(failed, 500, "internal-error")
    assert failed.json()["request_id"] == failed.headers["X-Request-Id"]
    for word in ("SELECT", "/etc", "Runtime", "Traceback", ".py", "Flask", "Werkzeug", "Python"):
        assert word not in failed.text + str(failed.headers)
    assert alive.status_code == 200
    server.drop("faulty")
