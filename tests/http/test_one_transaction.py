"""All or nothing: what fails after the use-case, or while it waits, leaves no trace of it."""

import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import update

from tests.toys import toys

BEAR = {"name": "Bear"}
PROBLEM = {"type", "title", "status", "detail", "instance", "code", "request_id"}


@pytest.mark.parametrize("door", ["unguarded-toys", "undumpable-toys"])
def test_a_fault_of_ours_commits_nothing_and_says_nothing(shop, door, caplog):
    answer = shop.keeper.post(f"{shop.school.url}/{door}", BEAR, key="k")

    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert set(answer.json) == PROBLEM
    assert (answer.json["code"], answer.json["detail"]) == ("internal-error", "Internal error")
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert shop.names() == []
    assert "Traceback" in caplog.text


def test_an_error_keeps_its_words_to_the_log(shop, caplog):
    def fail(_tx):
        raise RuntimeError("the password is hunter2 in /etc/shadow")

    shop.toys.meanwhile = fail
    answer = shop.keeper.post(shop.url, BEAR)

    assert answer.status_code == 500
    assert "hunter2" in caplog.text
    assert not any(word in answer.text for word in ("hunter2", "/etc", "RuntimeError", "Traceback"))
    assert shop.names() == []


def test_testing_changes_no_problem(own_shop):
    plain = own_shop(config={"TESTING": False})
    testing = own_shop(config={"TESTING": True})
    variable = {"instance": "", "request_id": ""}

    def problems(shop):
        def fail(_tx):
            raise RuntimeError

        shop.toys.meanwhile = fail
        shop.made("Bear")
        answers = [
            shop.keeper.post(shop.url, BEAR),
            shop.keeper.post(shop.url, {"name": 3}),
            shop.keeper.get("/v1/nowhere"),
            shop.keeper.put(shop.url, BEAR),
            shop.keeper.open("POST", shop.url, data="{", content_type="application/json"),
        ]
        return [(answer.status_code, answer.json | variable) for answer in answers]

    found = problems(plain)

    assert found == problems(testing)
    assert [status for status, _ in found] == [500, 422, 404, 405, 400]


def test_a_dry_run_shows_what_would_be_and_does_nothing(shop):
    tried = shop.keeper.post(f"{shop.url}?dry_run=true", {**BEAR, "size": 3})

    assert tried.status_code == 200
    assert set(tried.json) == {"would", "as_of_seq"}
    assert (tried.json["would"]["id"], tried.json["would"]["size"]) == (None, 3)
    assert "_links" not in tried.json["would"]
    assert "ETag" not in tried.headers
    assert shop.names() == []


def test_a_dry_run_that_would_be_refused_is_refused(shop):
    shop.made("Bear")

    tried = shop.keeper.post(f"{shop.url}?dry_run=true", BEAR)

    assert (tried.status_code, tried.json["code"]) == (409, "duplicate-name")
    assert tried.json["as_of_seq"] == {}


def unavailable(answer):
    assert (answer.status_code, answer.json["code"]) == (503, "upstream-unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    return True


def test_a_lock_that_is_held_too_long_is_503_and_nothing_is_done(own_shop):
    shop = own_shop()
    url = shop.made().headers["Location"]
    held, done = threading.Event(), threading.Event()

    def hold():
        with shop.database.write() as tx:
            tx.execute(update(toys).values(size=9))
            held.set()
            done.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    began = time.perf_counter()
    waited = shop.keeper.patch(url, {"size": 4}, if_match="*", key="k")
    took = time.perf_counter() - began
    done.set()
    holder.join()

    assert unavailable(waited)
    assert 2.5 < took < 4.5
    again = shop.keeper.patch(url, {"size": 4}, if_match="*", key="k")
    assert (again.status_code, again.json["size"]) == (200, 4)


def test_a_database_that_is_gone_is_503_for_reads_and_writes(own_shop, backend):
    shop = own_shop()
    url = shop.made().headers["Location"]

    with gone(shop.database, backend):
        assert unavailable(shop.keeper.get(url))
        assert unavailable(shop.keeper.post(shop.url, BEAR))
        assert shop.keeper.get("/readyz").json["checks"]["database"] == "away"


@contextmanager
def gone(database, backend):
    """Take the database away from under its connections; it does not come back."""
    url = database.engine.url
    database.close()
    if backend == "sqlite":
        file = Path(url.database)
        file.unlink()
        file.mkdir()
        yield
        file.rmdir()
    else:
        server = url.set(drivername="postgresql", database="postgres")
        with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as pg:
            pg.execute(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS false')
        yield


def test_a_pool_that_stays_empty_is_503(own_shop):
    shop = own_shop(HOMEROOM_THREADS="1")
    taken = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shop.database._reads.pool, "_timeout", 0.2)
        while True:
            try:
                taken.append(shop.database._reads.connect())
            except Exception:
                break
        refused = shop.keeper.get(shop.url)
    for connection in taken:
        connection.close()

    assert unavailable(refused)
    assert shop.keeper.get(shop.url).status_code == 200
