"""Thirty-two threads read a counter, think, and write it back one higher."""

import threading
import time

import pytest
from flask import Flask
from sqlalchemy import bindparam, create_engine, select, update

from api.clock import SystemClock
from api.models import SchoolClass
from api.models.database import open_database
from tests import factories

THREADS = 32
TURNS = 20
THOUGHT_SECONDS = 0.0002

_SEEN = select(SchoolClass.seats_taken).where(SchoolClass.id == bindparam("class_id"))
_SEEN_AND_LOCKED = _SEEN.with_for_update(key_share=True)
_WRITTEN = (
    update(SchoolClass)
    .where(SchoolClass.id == bindparam("class_id"))
    .values(seats_taken=bindparam("seats"))
)


@pytest.mark.race(
    "test_twin_a_write_that_does_not_lock_loses_updates",
    "test_twin_the_default_engine_loses_updates",
)
def test_a_write_that_locks_what_it_read_loses_nothing(fresh_database_url):
    database = _open(fresh_database_url)
    school_class = _a_class(database)

    def take_a_seat():
        with database.write() as tx:
            seen = tx.scalar(_SEEN_AND_LOCKED, class_id=school_class.id)
            time.sleep(THOUGHT_SECONDS)
            tx.execute(_WRITTEN, {"class_id": school_class.id, "seats": seen + 1})

    committed, failures = _rush(take_a_seat)

    assert failures == []
    assert _seats(database, school_class.id) == committed == THREADS * TURNS
    database.close()


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_a_write_that_does_not_lock_loses_updates(fresh_database_url):
    database = _open(fresh_database_url)
    school_class = _a_class(database)

    def take_a_seat():
        with database.write() as tx:
            seen = tx.scalar(_SEEN, class_id=school_class.id)
            time.sleep(THOUGHT_SECONDS)
            tx.execute(_WRITTEN, {"class_id": school_class.id, "seats": seen + 1})

    committed, _ = _rush(take_a_seat)

    assert _seats(database, school_class.id) < committed
    database.close()


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_twin_the_default_engine_loses_updates(fresh_database_url):
    database = _open(fresh_database_url)
    school_class = _a_class(database)
    default = create_engine(fresh_database_url, pool_size=THREADS)

    def take_a_seat():
        with default.begin() as connection:
            seen = connection.scalar(_SEEN, {"class_id": school_class.id})
            time.sleep(THOUGHT_SECONDS)
            connection.execute(_WRITTEN, {"class_id": school_class.id, "seats": seen + 1})

    committed, _ = _rush(take_a_seat)

    assert _seats(database, school_class.id) < committed
    default.dispose()
    database.close()


def _open(url):
    return open_database(Flask("api"), url=url, threads=THREADS, pooler="none", clock=SystemClock())


def _a_class(database):
    with database.write() as tx:
        return factories.a_class(tx)


def _seats(database, class_id):
    with database.read() as tx:
        return tx.scalar(_SEEN, class_id=class_id)


def _rush(act):
    """Let every thread act at once, again and again; tell how often it worked, and what failed."""
    start, worked, failures = threading.Barrier(THREADS), [], []

    def run():
        start.wait()
        for _ in range(TURNS):
            try:
                act()
            except Exception as failure:
                failures.append(failure)
            else:
                worked.append(1)

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(worked), failures
