import pytest

from api.app import create_app
from tests.apps import Client, settings_for


def test_a_process_that_answers_is_alive_and_ready(nobody):
    alive = nobody.get("/healthz")
    ready = nobody.get("/readyz")

    assert (alive.status_code, alive.json) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json["checks"]) == (200, {"process": "ok", "database": "ok"})


def test_a_stopping_process_is_alive_and_not_ready(app, nobody):
    stopping = app.extensions["homeroom"].stopping
    stopping.set()

    alive = nobody.get("/healthz")
    ready = nobody.get("/readyz")
    stopping.clear()

    assert (alive.status_code, ready.status_code) == (200, 503)
    assert ready.headers["Retry-After"] == "1"
    assert ready.json["checks"] == {"process": "stopping", "database": "ok"}


def test_an_empty_database_is_not_ready_and_says_what_to_do(bare_database_url):
    app = create_app(settings_for(bare_database_url))

    ready = Client(app.test_client()).get("/readyz")
    app.extensions["homeroom"].database.close()

    assert ready.status_code == 503
    assert "homeroom db upgrade" in ready.json["checks"]["database"]


def test_an_absent_redis_is_not_ready(fresh_database_url):
    app = create_app(settings_for(fresh_database_url, HOMEROOM_REDIS_URL="redis://127.0.0.1:1/0"))

    ready = Client(app.test_client()).get("/readyz")
    app.extensions["homeroom"].database.close()

    assert ready.status_code == 503
    assert ready.json["checks"] == {"process": "ok", "database": "ok", "redis": "away"}


@pytest.mark.parametrize(("sent", "status"), [("right", 200), ("wrong", 401), (None, 401)])
def test_metrics_are_for_who_has_the_token(database_url, sent, status):
    app = create_app(settings_for(database_url, HOMEROOM_METRICS_TOKEN="right"))

    answer = Client(app.test_client(), sent).get("/metrics")
    app.extensions["homeroom"].database.close()

    assert answer.status_code == status


def test_metrics_without_a_token_are_for_this_machine_alone(nobody):
    here = nobody.get("/metrics")
    elsewhere = nobody.get("/metrics", environ_overrides={"REMOTE_ADDR": "192.0.2.7"})

    assert here.status_code == 200
    assert "homeroom_requests_total" in here.text
    assert elsewhere.status_code == 401
