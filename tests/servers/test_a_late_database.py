"""A program that is started before its PostgreSQL: it says so, and begins when that is there."""

import time
from datetime import timedelta

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select

from api.cli.seeding.demonstration import PASSWORD
from api.clock import SystemClock
from api.models import Token, migrate
from api.models.database import open_database
from tests import factories
from tests.servers.programs import granian, one_port

pytestmark = pytest.mark.postgresql

SOON = 15
"""Seconds within which a program must have seen its database."""


@pytest.fixture
def late(server_that_stops, request):
    """A server that is not running, with a database of this test's own; gives its URL, too."""
    server_that_stops.start()
    name = f"late_{abs(hash(request.node.name))}"
    with psycopg.connect(server_that_stops.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    server_that_stops.url = server_that_stops.get_uri(name)
    server_that_stops.stop()
    yield server_that_stops
    server_that_stops.start()
    with psycopg.connect(server_that_stops.get_uri(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def stored():
    """Open a database; it is closed after the test."""
    opened = []

    def open_it(url):
        database = open_database(
            Flask("api"), url=url, threads=1, pooler="none", clock=SystemClock()
        )
        opened.append(database)
        return database

    yield open_it
    for database in opened:
        database.close()


def waiting(client):
    """What a program answers while it waits: (alive, what is not ready, what is refused)."""
    alive, ready = client.get("/healthz"), client.get("/readyz")
    refused = [
        client.get("/v1/me", headers={"Authorization": "Bearer hr_"}),
        client.post("/v1/users", json={"username": "ada", "password": "a password for tests"}),
        client.get("/v1/organizations"),
    ]
    assert ready.status_code == 503
    return alive, ready.json()["checks"], refused


def require_refusals(answers):
    for answer in answers:
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "upstream-unavailable"


def await_readiness(client):
    deadline = time.monotonic() + SOON
    while (answer := client.get("/readyz")).status_code != 200:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)


@pytest.mark.parametrize("program", [granian])
def test_a_program_begins_when_its_database_is_there(late, stored, program, tmp_path):
    late.start()
    migrate.upgrade(late.url)
    database = stored(late.url)
    with database.write() as tx:
        user = factories.a_user(tx)
        factories.a_token(tx, user.id, expires_at=SystemClock().now() - timedelta(days=31))
    database.close()
    late.stop()

    with program(tmp_path, HOMEROOM_DATABASE_URL=late.url) as (_, client):
        alive, checks, refused = waiting(client)
        documents = [client.get(path) for path in ("/", "/openapi.json", "/problems/class-full")]
        unknown = client.get("/nowhere")

        assert alive.status_code == 200
        assert checks == {"process": "starting", "database": "away"}
        require_refusals(refused)
        assert {answer.status_code for answer in documents} == {200}
        assert unknown.status_code == 404

        late.start()
        await_readiness(client)
        made = client.post(
            "/v1/users", json={"username": "ada", "password": "a password for tests"}
        )
        assert made.status_code == 201, made.text
        assert swept(database, user.id)


def swept(database, user_id):
    """Whether the sweeper throws the user's old token away, before long."""
    deadline = time.monotonic() + SOON
    while time.monotonic() < deadline:
        with database.read() as tx:
            if not tx.all(select(Token.id).where(Token.user_id == user_id)):
                return True
        time.sleep(0.05)
    return False


def test_a_database_that_turns_out_to_be_behind_is_waited_for_until_it_is_migrated(late, tmp_path):
    with one_port(tmp_path, HOMEROOM_DATABASE_URL=late.url) as (_, client):
        late.start()
        deadline = time.monotonic() + SOON
        while (found := waiting(client))[1]["database"] == "away":
            assert time.monotonic() < deadline
        time.sleep(1.5)  # as long as the program takes to look once more
        _, checks, refused = found

        assert checks["process"] == "starting"
        assert checks["database"] == "the schema is behind the code: homeroom db upgrade"
        require_refusals(refused)
        require_refusals(waiting(client)[2])

        migrate.upgrade(late.url)
        await_readiness(client)
        assert client.get("/v1/me").status_code == 401


def test_the_demonstration_is_made_when_its_database_is_there(late, tmp_path):
    with one_port(tmp_path, "--demo", HOMEROOM_DATABASE_URL=late.url) as (_, client):
        require_refusals(waiting(client)[2])

        late.start()
        await_readiness(client)

        issued = client.post("/v1/tokens", json={"username": "student", "password": PASSWORD})
        assert issued.status_code == 201, issued.text


def test_a_program_that_waits_ends_when_it_is_told_to(late, tmp_path):
    with one_port(tmp_path, HOMEROOM_DATABASE_URL=late.url) as (process, client):
        require_refusals(waiting(client)[2])

        process.terminate()

        assert process.wait(timeout=10) == -15
