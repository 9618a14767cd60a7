import sqlite3
import threading
from datetime import UTC, timedelta
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import literal, select, text, update
from sqlalchemy.exc import DBAPIError

from api.clock import SystemClock
from api.errors import Busy, NotFound, Unavailable
from api.models import Organization, engines, fitness
from api.models.database import Database, open_database
from api.models.engines import (
    SQLITE_PRAGMAS,
    UnsuitableDatabase,
    check_settings,
    database_url,
    file_system_of,
)
from api.models.facts import CLOCK
from api.models.fitness import check_fit
from api.models.locks import LockOrderBroken, LockStep
from api.release import RELEASE
from tests import factories

ONE = text("SELECT 1")
TWO = select(literal(2))


def test_a_write_commits_on_leaving(database):
    with database.write() as tx:
        organization = factories.an_organization(tx)

    with database.read() as tx:
        assert tx.scalar(_name_of(organization.id)) == organization.name


@pytest.mark.parametrize("failure", [ZeroDivisionError, NotFound])
def test_a_write_rolls_back_on_an_exception_and_lets_it_pass(database, failure):
    with pytest.raises(failure), database.write() as tx:
        organization = factories.an_organization(tx)
        raise failure

    with database.read() as tx:
        assert tx.first(_name_of(organization.id)) is None


def test_a_discarded_write_rolls_back_without_an_exception(database):
    with database.write() as tx:
        organization = factories.an_organization(tx)
        tx.discard()

    with database.read() as tx:
        assert tx.first(_name_of(organization.id)) is None


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_look_before_anything_was_written_begins_no_transaction(database):
    with database.write() as tx:
        with tx.looking() as look:
            look.scalar(ONE)
        begun = tx.connection.connection.dbapi_connection.info.transaction_status

    assert begun == psycopg.pq.TransactionStatus.IDLE


def test_a_look_after_something_was_written_sees_it(database):
    with database.write() as tx:
        organization = factories.an_organization(tx)
        with tx.looking() as look:
            name = look.scalar(_name_of(organization.id))
        tx.discard()

    assert name == organization.name


def test_a_snapshot_does_not_see_what_is_committed_meanwhile(database):
    organization = _an_organization(database)

    with database.snapshot() as snapshot:
        before = snapshot.scalar(_name_of(organization.id))
        _rename(database, organization.id, "Renamed")
        after = snapshot.scalar(_name_of(organization.id))

    with database.read() as tx:
        assert (before, after) == (organization.name, organization.name)
        assert tx.scalar(_name_of(organization.id)) == "Renamed"


def test_each_statement_of_a_read_sees_the_present(database):
    organization = _an_organization(database)

    with database.read() as tx:
        before = tx.scalar(_name_of(organization.id))
        _rename(database, organization.id, "Renamed")

        assert (before, tx.scalar(_name_of(organization.id))) == (organization.name, "Renamed")


@pytest.mark.parametrize("way", ["read", "snapshot"])
def test_a_read_cannot_write(database, way):
    organization = _an_organization(database)

    with (
        pytest.raises(DBAPIError, match="read.?only"),
        getattr(database, way)() as tx,
    ):
        tx.execute(update(Organization).values(name="Changed by a read"))

    with database.read() as tx:
        assert tx.scalar(_name_of(organization.id)) == organization.name


def test_a_snapshot_that_failed_leaves_a_usable_connection(database):
    for _ in range(20):
        with pytest.raises(ZeroDivisionError), database.snapshot() as tx:
            tx.scalar(ONE)
            _ = 1 / 0

    with database.snapshot() as tx:
        assert tx.scalar(ONE) == 1
    with database.read() as tx:
        assert tx.scalar(ONE) == 1


def test_a_transaction_reads_the_clock_once(database, clock):
    with database.read() as tx:
        first = tx.now()
        clock.advance(seconds=1)

        assert tx.now() == first

    with database.read() as tx:
        assert tx.now() == first + timedelta(seconds=1)


def test_an_injected_clock_replaces_that_of_the_database(database, clock):
    with database.read() as tx:
        assert tx.scalar(select(CLOCK), clock_now=tx.given_now()) == clock.now()


def test_what_stands_for_the_clock_is_the_database_only_on_postgresql(database, engines, clock):
    system = Database(engines.write, engines.read, SystemClock())

    with database.read() as tx:
        assert tx.given_now() == clock.now()
    with system.read() as tx:
        assert (tx.given_now() is None) == (tx.dialect == "postgresql")


def test_the_clock_of_the_system_is_that_of_the_database(engines):
    database = Database(engines.write, engines.read, SystemClock())

    with database.read() as tx:
        told = tx.scalar(select(CLOCK), clock_now=tx.given_now())

    assert abs(told - SystemClock().now()) < timedelta(seconds=5)
    assert told.utcoffset() == UTC.utcoffset(None)
    assert told.microsecond % 1000 == 0


def test_a_transaction_refuses_a_lock_out_of_order(tx):
    row_id = factories.new_id()
    tx.lock(LockStep.STUDENT, row_id)

    with pytest.raises(LockOrderBroken):
        tx.lock(LockStep.CLASS, row_id)

    assert tx.holds(LockStep.STUDENT, row_id)
    assert not tx.holds(LockStep.CLASS, row_id)


def test_the_settings_are_in_force_on_every_connection(database):
    check_settings(database.engine, database._reads)
    with database.read() as tx:
        if database.dialect == "postgresql":
            found = tx.scalar(text("SELECT current_setting('lock_timeout')"))
            assert (found, tx.scalar(text("SHOW statement_timeout"))) == ("3s", "5s")
        else:
            told = {name: tx.scalar(text(f"PRAGMA {name}")) for name in SQLITE_PRAGMAS}
            assert told == SQLITE_PRAGMAS
            assert told["synchronous"] == 2
            assert told["busy_timeout"] == 3000


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_setting_that_is_not_in_force_stops_the_start(fresh_database):
    with fresh_database._reads.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=0")

    with pytest.raises(UnsuitableDatabase, match="foreign_keys is 0"):
        check_settings(fresh_database.engine, fresh_database._reads)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_session_that_is_not_in_utc_stops_the_start(fresh_database_url):
    name = fresh_database_url.rpartition("/")[2].partition("?")[0]
    with psycopg.connect(fresh_database_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE \"{name}\" SET timezone TO 'Europe/Vienna'")

    database = _open(fresh_database_url, pooler="transaction")
    with pytest.raises(UnsuitableDatabase, match="Europe/Vienna"), database.read() as tx:
        check_fit(tx, release=RELEASE)
    database.close()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_server_that_is_too_old_stops_the_start(fresh_database, monkeypatch):
    monkeypatch.setattr(fitness, "OLDEST_SERVER", 990_000)

    with pytest.raises(UnsuitableDatabase, match="99 or newer"), fresh_database.read() as tx:
        check_fit(tx, release=RELEASE)


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_behind_a_pooler_the_limits_are_set_in_the_transaction(fresh_database_url):
    name = fresh_database_url.rpartition("/")[2].partition("?")[0]
    with psycopg.connect(fresh_database_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE \"{name}\" SET timezone TO 'UTC'")
    database = _open(fresh_database_url, pooler="transaction")

    with database.write() as tx:
        limits = tx.scalar(text("SHOW lock_timeout")), tx.scalar(text("SHOW statement_timeout"))
        for _ in range(10):
            tx.scalar(ONE)
        prepared = tx.scalar(text("SELECT count(*) FROM pg_prepared_statements"))
    database.close()

    assert limits == ("3s", "5s")
    assert prepared == 0


KEPT = text("SELECT count(*) FROM pg_prepared_statements WHERE name ~ '[0-9]'")
"""The statements that a connection was taught, beside those that begin and end."""


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_what_was_prepared_outlives_a_refused_write(fresh_database):
    for _ in range(10):
        with fresh_database.read() as tx:
            tx.scalar(TWO)
        with pytest.raises(NotFound), fresh_database.write() as tx:
            tx.scalar(TWO)
            tx.execute(_name_of(factories.new_id()))
            raise NotFound

    for opening in (fresh_database.read, fresh_database.write):
        with opening() as tx:
            assert tx.scalar(KEPT) == 1
            assert tx.scalar(TWO) == 2


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("way", ["read", "snapshot", "write"])
def test_a_connection_that_died_in_the_pool_is_replaced_unnoticed(fresh_database, way, monkeypatch):
    monkeypatch.setattr(engines, "IDLE_SECONDS", 0)
    for opening in (fresh_database.read, fresh_database.write):
        with opening() as tx:
            tx.scalar(ONE)
    _kill_sessions(fresh_database)

    with getattr(fresh_database, way)() as tx:
        assert tx.scalar(ONE) == 1


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_write_right_after_its_connection_died_is_a_refusal_and_the_next_is_not(fresh_database):
    with fresh_database.write() as tx:
        tx.scalar(ONE)
    _kill_sessions(fresh_database)

    with pytest.raises(Unavailable), fresh_database.write() as tx:
        tx.scalar(ONE)

    with fresh_database.write() as tx:
        assert tx.scalar(ONE) == 1


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_connection_that_dies_inside_a_write_is_a_refusal(fresh_database):
    with pytest.raises(Unavailable), fresh_database.write() as tx:
        tx.scalar(ONE)
        _kill_sessions(fresh_database)
        tx.scalar(ONE)

    with fresh_database.write() as tx:
        assert tx.scalar(ONE) == 1


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_connection_that_dies_inside_a_snapshot_is_a_refusal(fresh_database):
    with pytest.raises(Unavailable), fresh_database.snapshot() as tx:
        tx.scalar(ONE)
        _kill_sessions(fresh_database)
        tx.scalar(ONE)

    with fresh_database.snapshot() as tx:
        assert tx.scalar(ONE) == 1


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_dead_connection_does_not_hide_why_a_snapshot_failed(fresh_database):
    with pytest.raises(ZeroDivisionError), fresh_database.snapshot() as tx:
        tx.scalar(ONE)
        _kill_sessions(fresh_database)
        _ = 1 / 0

    with fresh_database.snapshot() as tx:
        assert tx.scalar(ONE) == 1


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_row_that_stays_locked_is_a_refusal(database):
    organization = _an_organization(database)

    with database.write() as first:
        first.execute(_lock(organization.id))
        with pytest.raises(Busy), database.write() as second:
            second.execute(text("SET LOCAL lock_timeout = '20ms'"))
            second.execute(_lock(organization.id))


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_statement_that_takes_too_long_is_a_refusal(database):
    with pytest.raises(Busy), database.write() as tx:
        tx.execute(text("SET LOCAL statement_timeout = '20ms'"))
        tx.execute(text("SELECT pg_sleep(1)"))


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_another_process_that_keeps_writing_is_a_refusal(fresh_database):
    with fresh_database.write() as tx:
        tx.execute(text("PRAGMA busy_timeout=20"))
    other = sqlite3.connect(fresh_database.engine.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Busy), fresh_database.write():
        pytest.fail("two were writing")

    other.execute("ROLLBACK")
    other.close()
    with fresh_database.write() as tx:
        assert tx.scalar(ONE) == 1


def test_a_pool_that_stays_empty_is_a_refusal(fresh_database):
    fresh_database._reads.pool._timeout = 0.02
    held = [fresh_database._reads.connect() for _ in range(10)]

    with pytest.raises(Busy), fresh_database.read() as tx:
        tx.scalar(ONE)

    for connection in held:
        connection.close()
    fresh_database.ping()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_file_on_a_network_stops_the_start(fresh_database_url, monkeypatch):
    monkeypatch.setattr(engines, "file_system_of", lambda _path, _mounts: "nfs4")

    with pytest.raises(UnsuitableDatabase, match="nfs4"):
        _open(fresh_database_url)


def test_a_server_that_is_not_there_is_a_refusal_when_it_is_asked():
    database = _open("postgresql://nobody@127.0.0.1:1/nothing")

    with pytest.raises(Unavailable):
        database.ping()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_file_that_cannot_be_opened_is_a_refusal(fresh_database_url):
    with pytest.raises(Unavailable):
        _open(fresh_database_url.replace("fresh", "no-such-folder/fresh"))


def test_a_bug_is_not_dressed_up_as_a_refusal(database):
    with pytest.raises(DBAPIError, match="no_such_table"), database.read() as tx:
        tx.execute(text("SELECT 1 FROM no_such_table"))


def test_threads_write_one_after_another_and_nobody_is_refused(database):
    organization = _an_organization(database)
    outcomes = []

    def rename():
        with database.write() as tx:
            outcomes.append(tx.execute(_renamed(organization.id, "Again")).rowcount)

    threads = [threading.Thread(target=rename) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes == [1] * 16


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/x"])
def test_a_database_that_cannot_keep_the_promises_is_refused_by_its_url(url):
    with pytest.raises(UnsuitableDatabase):
        database_url(url)


def test_the_path_of_a_file_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert database_url("sqlite:///var/a.sqlite3").database == str(tmp_path / "var/a.sqlite3")


def test_the_file_system_of_a_path_is_that_of_its_longest_mount():
    mounts = """\
/dev/root / ext4 rw 0 0
server:/share /mnt/a\\040share nfs4 rw 0 0
tmpfs /mnt/a\\040share/fast tmpfs rw 0 0
"""

    assert file_system_of(Path("/mnt/other/x.sqlite3"), mounts) == "ext4"
    assert file_system_of(Path("/mnt/a share/x.sqlite3"), mounts) == "nfs4"
    assert file_system_of(Path("/mnt/a share/fast/x.sqlite3"), mounts) == "tmpfs"


def _open(url, *, pooler="none"):
    return open_database(Flask("api"), url=url, threads=4, pooler=pooler, clock=SystemClock())


def _an_organization(database):
    with database.write() as tx:
        return factories.an_organization(tx)


def _name_of(organization_id):
    return select(Organization.name).where(Organization.id == organization_id)


def _renamed(organization_id, name):
    return update(Organization).where(Organization.id == organization_id).values(name=name)


def _rename(database, organization_id, name):
    with database.write() as tx:
        tx.execute(_renamed(organization_id, name))


def _lock(organization_id):
    return select(literal(1)).where(Organization.id == organization_id).with_for_update()


def _kill_sessions(database):
    url = database.engine.url.set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
