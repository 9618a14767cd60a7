"""A start whose database is away, in the process of the test."""

import logging
import time

import pytest
from sqlalchemy import update

from api import startup
from api.errors import Unavailable
from api.http.links import targets_of
from api.http.public_documents import public_document
from api.models import SchemaInfo
from api.startup import application_of
from tests.apps import Client, settings_for
from tests.contract.world import World

AWAY = "postgresql://ann:hunter2@127.0.0.1:1/homeroom"
SOON = 10


@pytest.fixture
def start(monkeypatch):
    """Start an application that looks for its database often; it ends with the test."""
    monkeypatch.setattr(startup, "LOOK_SECONDS", 0.01)
    started = []

    def start(url, *more, **changes):
        started.append(application_of(settings_for(url, **changes), *more))
        return started[-1]

    yield start
    for app in started:
        app.extensions["homeroom"].stopping.set()
        app.extensions["homeroom"].close()


def await_start(app):
    deadline = time.monotonic() + SOON
    while app.extensions["homeroom"].starting.is_set():
        assert time.monotonic() < deadline, "not started"
        time.sleep(0.01)


def test_every_operation_is_refused_until_the_database_is_there(start):
    app = start(AWAY)
    nobody = Client(app.test_client())

    for target in targets_of(app).values():
        path = World(school=None).unknown_path(target.template)
        answer = nobody.open(target.method, path)
        if isinstance(target.served, public_document):
            assert answer.status_code in {200, 404}, target
            continue
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1"), target
        assert answer.json["code"] == "upstream-unavailable"
        assert answer.json["detail"] == "The database is not there yet."


def test_what_needs_no_database_is_answered_meanwhile(start):
    nobody = Client(start(AWAY).test_client())

    alive, ready = nobody.get("/healthz"), nobody.get("/readyz")
    statuses = [
        nobody.open(method, path).status_code
        for method, path in (
            ("GET", "/metrics"),
            ("GET", "/openapi.json"),
            ("GET", "/docs"),
            ("HEAD", "/v1"),
            ("HEAD", "/v1/me"),
            ("OPTIONS", "/v1/me"),
            ("GET", "/nowhere"),
            ("POST", "/v1/me"),
        )
    ]

    assert alive.status_code == 200
    assert (ready.status_code, ready.headers["Retry-After"]) == (503, "1")
    assert ready.json["checks"] == {"process": "starting", "database": "away"}
    assert statuses == [200, 200, 200, 200, 503, 204, 404, 405]


def test_the_log_says_why_and_no_password(start, caplog):
    start(AWAY)

    # On a busy machine the next look may have told of it as well.
    line, *_ = [record.getMessage() for record in caplog.records if "startup" in record.name]
    assert "does not answer" in line
    assert "port 1 failed" in line
    assert "hunter2" not in caplog.text
    assert "\n" not in line


def test_a_start_is_tried_again_until_nothing_stands_against_it(start, fresh_database_url, caplog):
    fared = [
        Unavailable("not yet"),
        Unavailable("not yet"),
        SystemExit("homeroom: away again"),
        RuntimeError("a fault of ours"),
    ]
    caplog.set_level(logging.WARNING)

    def prepare():
        if fared:
            raise fared.pop(0)

    app = start(fresh_database_url, prepare, HOMEROOM_SWEEPER="on", HOMEROOM_JOBS="on")
    nobody = Client(app.test_client())
    await_start(app)

    assert nobody.get("/readyz").status_code == 200
    assert nobody.get("/v1/me").status_code == 401
    assert app.extensions["homeroom"].sweeper.is_running
    assert app.extensions["homeroom"].worker.is_running
    told = [record.getMessage() for record in caplog.records if "startup" in record.name]
    assert [line.rpartition(": ")[2] for line in told] == [
        *("not yet", "not yet", "away again", "a fault of ours"),
        "operations are served",
    ]
    assert "Traceback" in caplog.text


def test_a_schema_that_is_behind_is_waited_for_only_where_it_showed_late(
    start, fresh_database_url, fresh_database
):
    with fresh_database.write() as tx:
        tx.execute(update(SchemaInfo).values(revision="0000"))
    fared = [Unavailable("not yet")]

    def prepare():
        if fared:
            raise fared.pop(0)

    with pytest.raises(SystemExit, match="homeroom db upgrade"):
        start(fresh_database_url)
    app = start(fresh_database_url, prepare)
    nobody = Client(app.test_client())
    time.sleep(0.1)
    ready, refused = nobody.get("/readyz"), nobody.get("/v1/me")
    with fresh_database.write() as tx:
        tx.execute(update(SchemaInfo).values(revision="9999"))
    await_start(app)

    assert ready.json["checks"]["process"] == "starting"
    assert "behind the code" in ready.json["checks"]["database"]
    assert refused.status_code == 503
    assert nobody.get("/v1/me").status_code == 401


def test_a_start_that_nothing_stands_against_waits_for_nothing(start, fresh_database_url):
    app = start(fresh_database_url)

    assert not app.extensions["homeroom"].starting.is_set()
    assert not app.extensions["homeroom"].sweeper.is_running
    assert not app.extensions["homeroom"].worker.is_running
    assert Client(app.test_client()).get("/readyz").status_code == 200


def test_a_process_may_do_jobs_and_nothing_by_the_clock_until_it_closes(start, fresh_database_url):
    homeroom = start(fresh_database_url, HOMEROOM_JOBS="on").extensions["homeroom"]
    running = homeroom.worker.is_running, homeroom.sweeper.is_running

    homeroom.close()

    assert running == (True, False)
    assert not homeroom.worker.is_running


def told_at_start(caplog):
    return [record.getMessage() for record in caplog.records if "startup" in record.name]


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_what_an_operator_would_not_notice_is_warned_of(start, fresh_database_url, caplog):
    start(fresh_database_url, HOMEROOM_WORKERS="4", HOMEROOM_POOLER="transaction")

    assert told_at_start(caplog) == [
        "a request may wait for ever, for it is 0: lock_timeout, statement_timeout",
        "each of 4 processes keeps its share of the rate limits",
    ]


def test_a_start_as_it_should_be_warns_of_nothing(start, fresh_database_url, caplog):
    start(fresh_database_url)

    assert told_at_start(caplog) == []
