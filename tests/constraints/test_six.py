"""What the constraints of the style ask of a whole deployment, on processes of their own."""

import re
from contextlib import ExitStack

import httpx
import pytest

from api.models import migrate
from tests.blackbox.crawler import Crawl
from tests.blackbox.world import a_world, serving
from tests.clients.forwarding import forwarding
from tests.constraints.turns import TakingTurns
from tests.servers.programs import one_port

PUBLIC = "https://school.example"
KEY = "a key that both nodes know, as in production"


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_any_node_serves_any_request(backend, server, tmp_path):
    url = server.create("nodes", like="migrated")
    with ExitStack() as stack:
        nodes = [
            stack.enter_context(
                serving(backend, tmp_path, url, HOMEROOM_PUBLIC_URL=PUBLIC, HOMEROOM_SECRET_KEY=KEY)
            )
            for _ in range(2)
        ]
        turns = TakingTurns(PUBLIC, nodes)
        world = stack.enter_context(a_world(turns))

        assert world.student.token
        rounds = []
        for _ in range(2):
            before = len(turns.served)
            registered(world)
            rounds.append(turns.served[before:])
            # One request more, and the other node gets each of what follows.
            world.nobody.get("/v1")

    first, second = rounds
    assert len(first) == len(second) >= 10
    assert {id(node) for node in first} == {id(node) for node in nodes}
    assert all(one is not other for one, other in zip(first, second, strict=True))
    server.drop("nodes")


def registered(world):
    """A seat, a place in line, a promotion, pages and keys: each request goes to another node."""
    seats = world.a_class(capacity=1, waitlist={"mode": "auto"}).json()
    new = {"given_name": "Ada", "family_name": "Alder"}
    other = world.owner.post(f"{world.url}/students", new).json()["id"]
    register = seats["_links"]["registrations"]["href"]
    taken = world.owner.post(register, {"student_id": other}, key="once")
    again = world.owner.post(register, {"student_id": other}, key="once")
    waiting = world.student.post(register, {"on_full": "waitlist"})
    left = world.owner.post(taken.json()["_links"]["drop"]["href"], {"to": "dropped"})
    seen = world.student.get(waiting.json()["_links"]["self"]["href"])
    known = world.student.get(
        waiting.json()["_links"]["self"]["href"], headers={"If-None-Match": seen.headers["ETag"]}
    )
    first = world.owner.get(f"{world.url}/students?limit=1")
    second = world.owner.get(first.json()["_links"]["next"]["href"])

    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == taken.json()
    assert left.status_code == 200
    assert (waiting.json()["state"], seen.json()["state"]) == ("waitlisted", "enrolled")
    assert known.status_code == 304
    assert second.status_code == 200
    assert second.json()["items"][0]["id"] != first.json()["items"][0]["id"]


def test_no_answer_sets_a_cookie_and_no_cookie_opens_anything(world):
    crawl = Crawl(world.student, world.base).run()

    refused = world.nobody.get("/v1/me", headers={"Cookie": f"token={world.student.token}"})

    assert [url for url, page in crawl.pages.items() if "Set-Cookie" in page.headers] == []
    assert refused.status_code == 401


@pytest.fixture
def behind_two(tmp_path):
    """A world of a server behind two proxies, at the address of the outer one."""
    migrate.upgrade(f"sqlite:///{tmp_path / 'homeroom.sqlite3'}")
    settings = {"HOMEROOM_TRUSTED_PROXIES": "2", "HOMEROOM_RATE_LIMIT": "off"}
    with ExitStack() as stack:
        _, direct = stack.enter_context(one_port(tmp_path, **settings))
        inner = stack.enter_context(forwarding(str(direct.base_url).rstrip("/")))
        outer = stack.enter_context(forwarding(inner.address))
        client = stack.enter_context(httpx.Client(base_url=outer.address, timeout=10))
        yield stack.enter_context(a_world(client))


def test_behind_two_proxies_every_link_leads_to_the_outer_one(behind_two):
    direct_links = []

    for person in (behind_two.owner, behind_two.student, behind_two.nobody):
        crawl = Crawl(person, behind_two.base).run()
        failed = {url for url, status in crawl.failed().items() if status != 401}
        assert failed == set()
        direct_links += [
            link
            for page in crawl.pages.values()
            for link in re.findall(r"http://127\.0\.0\.1:\d+", page.text)
            if link != behind_two.base
        ]

    assert direct_links == []
    registered(behind_two)


def test_behind_proxies_that_are_not_trusted_their_word_changes_no_link(world):
    told = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}

    root = world.nobody.get("/", headers=told)

    assert "evil.example" not in root.text + root.headers["Link"]
    assert root.json()["_links"]["self"]["href"] == f"{world.base}/"
