"""The two engines, one for writes and one for reads, and what each connection is told.

The engine of reads is its own, never `write.execution_options(…)`: that would share the hooks and
the pool, so that a read would run inside BEGIN IMMEDIATE, and a refused write would wipe the
readers' prepared statements.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import orjson
from sqlalchemy import URL, Connection, Engine, event, make_url
from sqlalchemy.engine import Dialect as SQLAlchemyDialect
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

Dialect = Literal["sqlite", "postgresql"]

LOCK_WAIT_SECONDS = 3
STATEMENT_SECONDS = 5
POOL_WAIT_SECONDS = 2
# What has idled longer is asked for a sign of life before a write.
IDLE_SECONDS = 1

# Waiting comes first: the change to WAL needs the file for itself.
SQLITE_PRAGMAS = {
    "busy_timeout": LOCK_WAIT_SECONDS * 1000,
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    # KiB for each connection: there are twice as many as threads, and the system keeps pages, too.
    "cache_size": -4000,
    "temp_store": 2,
}
# Statements of milliseconds are not worth compiling, which PostgreSQL would do to some. And what
# asks by key shall go by its index from the first row on: a table that is empty when a statement
# is planned is read from end to end, and the plan is kept while thousands of rows come in.
_PLANS = "-c jit=off -c enable_seqscan=off"
# A page behind a cursor costs less, as PostgreSQL sees it, where the cursor is known, and so it
# planned each of them anew, to arrive at the same plan: half of what a page took.
_READS = "-c default_transaction_read_only=on -c plan_cache_mode=force_generic_plan"
_NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs"}
)


class UnsuitableDatabase(Exception):
    """The configured database cannot keep Homeroom's promises; the process must not start."""


def database_url(text: str) -> URL:
    """Read a database URL; the path of an SQLite file is made absolute.

    Raises:
        UnsuitableDatabase: neither SQLite in a file nor PostgreSQL.
    """
    url = make_url(text)
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise UnsuitableDatabase(f"{backend} is neither sqlite nor postgresql")
    if not url.database or url.database == ":memory:":
        raise UnsuitableDatabase("SQLite must be a file: two engines share it")
    return url.set(drivername="sqlite+pysqlite", database=str(Path(url.database).absolute()))


def dialect_of(engine: Engine) -> Dialect:
    """Which of the two databases this engine speaks to."""
    return "sqlite" if engine.dialect.name == "sqlite" else "postgresql"


def write_options(url: URL, *, threads: int, pooler: str) -> dict[str, Any]:
    """Options of the engine of writes; two connections more than threads: sweeper, worker."""
    return {**_pool(threads), **_driver(url, pooler)}


def read_options(url: URL, *, threads: int, pooler: str) -> dict[str, Any]:
    """Options of the engine of reads: autocommit, and nothing is said on return to the pool."""
    return {
        **_pool(threads),
        **_driver(url, pooler, _READS),
        "isolation_level": "AUTOCOMMIT",
        "pool_reset_on_return": None,
        "skip_autocommit_rollback": True,
    }


def _pool(threads: int) -> dict[str, Any]:
    return {
        "pool_size": threads + 2,
        "max_overflow": 0,
        "pool_timeout": POOL_WAIT_SECONDS,
        "pool_use_lifo": True,
    }


def _driver(url: URL, pooler: str, more: str = "") -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"check_same_thread": False}}
    # A pooler of transactions does not know start-up options.
    arguments: dict[str, Any] = (
        {}
        if pooler == "transaction"
        else {
            "options": f"-c lock_timeout={LOCK_WAIT_SECONDS * 1000}"
            f" -c statement_timeout={STATEMENT_SECONDS * 1000} -c timezone=UTC {_PLANS} {more}"
        }
    )
    return {
        # What is worth preparing `api.models.prepared` prepares; see `allow_names`.
        "connect_args": {
            "connect_timeout": POOL_WAIT_SECONDS,
            "prepare_threshold": None,
            **arguments,
        },
        "json_serializer": orjson.dumps,
        "json_deserializer": orjson.loads,
    }


def attach_hooks(write: Engine, read: Engine) -> None:
    """Tell every connection what it must know; on SQLite a write begins by BEGIN IMMEDIATE."""
    if dialect_of(write) != "sqlite":
        event.listen(write, "checkin", _note_the_time)
        event.listen(write, "checkout", _look_whether_alive(write))
        return
    event.listen(write, "connect", _tell_sqlite)
    event.listen(read, "connect", _tell_sqlite)
    event.listen(read, "connect", _tell_query_only)
    event.listen(write, "begin", _begin_immediate)


def _tell_sqlite(driver: Any, _: Any) -> None:
    # The driver would open a transaction only before the first change, after the reads that
    # decided it: no transaction of its own.
    driver.isolation_level = None
    for name, value in SQLITE_PRAGMAS.items():
        driver.execute(f"PRAGMA {name}={value}")


def _tell_query_only(driver: Any, _: Any) -> None:
    driver.execute("PRAGMA query_only=1")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _note_the_time(_: Any, record: ConnectionPoolEntry) -> None:
    record.info["idle_since"] = monotonic()


def _look_whether_alive(engine: Engine) -> Callable[[Any, ConnectionPoolEntry, Any], None]:
    # A write cannot be repeated after its connection was lost, as a read can. In a rush the last
    # use is proof enough, and a round trip before each write would be felt.
    def look(driver: Any, record: ConnectionPoolEntry, _: Any) -> None:
        if monotonic() - record.info.get("idle_since", monotonic()) < IDLE_SECONDS:
            return
        if not _answers(engine.dialect, driver):
            raise InvalidatePoolError

    return look


def is_alive(connection: Connection) -> bool:
    """Whether the database answers on a connection that is not the pool's at this time."""
    return _answers(connection.dialect, connection.connection.dbapi_connection)


def _answers(dialect: SQLAlchemyDialect, driver: Any) -> bool:
    try:
        dialect.do_ping(driver)
    except dialect.loaded_dbapi.Error:
        return False
    return True


def check_settings(write: Engine, read: Engine) -> None:
    """Read back on both engines what SQLite's connections were told.

    A server is not asked: it may be away when a process starts (`fitness.check_fit` asks it).

    Raises:
        UnsuitableDatabase: a setting is not in force, or the file lies on a network.
    """
    if dialect_of(write) == "sqlite":
        _refuse_network_file_system(Path(str(write.url.database)))
        _check_pragmas(write, SQLITE_PRAGMAS)
        _check_pragmas(read, {**SQLITE_PRAGMAS, "query_only": 1})


def _check_pragmas(engine: Engine, expected: dict[str, Any]) -> None:
    with engine.connect() as connection:
        for name, value in expected.items():
            found = connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            if found != value:
                raise UnsuitableDatabase(f"PRAGMA {name} is {found}, not {value}")


def _refuse_network_file_system(path: Path) -> None:
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return
    kind = file_system_of(path, mounts.read_text())
    if kind in _NETWORK_FILE_SYSTEMS:
        raise UnsuitableDatabase(f"{path} lies on {kind}: SQLite's locks do not hold there")


def file_system_of(path: Path, mounts: str) -> str | None:
    """The kind of the file system that holds `path`, from the text of /proc/mounts."""
    best, kind = "", None
    for line in mounts.splitlines():
        _, point, found, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        inside = os.path.commonpath([point, path.resolve()]) == point
        if inside and len(point) >= len(best):
            best, kind = point, found
    return kind
