"""The three ways into the database: one read, several reads that agree, one write."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

from flask import Flask
from sqlalchemy import (
    Connection,
    Engine,
    literal,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError

from api.clock import Clock
from api.models import tenancy
from api.models.base import db
from api.models.engines import (
    LOCK_WAIT_SECONDS,
    STATEMENT_SECONDS,
    Dialect,
    attach_hooks,
    check_settings,
    database_url,
    dialect_of,
    read_options,
    write_options,
)
from api.models.failures import refusing_failures
from api.models.gate import Gate
from api.models.transaction import Transaction as Transaction
from api.models.transaction import once_more

T = TypeVar("T")

_BEGIN_SNAPSHOT = {
    "sqlite": "BEGIN DEFERRED",
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
}
# For a pooler of transactions, which does not pass on what a session was told at its start.
_LIMITS_OF_THIS_TRANSACTION = text(
    f"SELECT set_config('lock_timeout', '{LOCK_WAIT_SECONDS}s', true),"
    f" set_config('statement_timeout', '{STATEMENT_SECONDS}s', true)"
)
_PING = select(literal(1))


class _Pocket(threading.local):
    """The connection that the present request of this thread reads with, between two reads."""

    is_open = False
    connection: Connection | None = None


class Database:
    """The engines of one process, shared by all its threads.

    Each way in raises `Busy` or `Unavailable` for a failure that is the database's own.
    """

    def __init__(
        self, write: Engine, read: Engine, clock: Clock, *, limits_by_transaction: bool = False
    ) -> None:
        self.engine = write
        self.clock = clock
        self.dialect: Dialect = dialect_of(write)
        self._reads = read
        self._pocket = _Pocket()
        self._limits_by_transaction = limits_by_transaction
        self._gate = Gate(wait_seconds=LOCK_WAIT_SECONDS) if self.dialect == "sqlite" else None

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Autocommit: each statement sees the present, and is tried again on a dead connection."""
        with refusing_failures(), self._reader() as connection:
            yield Transaction(connection, self.dialect, self.clock, autocommit=True)

    def keep_connection(self) -> None:
        """From now on let the reads of this thread share one connection, until `let_go`.

        A request reads who calls, and then what was asked for: to go to the pool for each costs
        more than the smaller of the two reads.
        """
        self._pocket.is_open = True

    def let_go(self) -> None:
        """Give the connection of `keep_connection` back."""
        self._pocket.is_open = False
        connection, self._pocket.connection = self._pocket.connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def _reader(self) -> Iterator[Connection]:
        # A thread never holds one connection for reads while it waits for another: the pool has
        # as many as there are threads, so all of them would wait in vain.
        connection = self._pocket.connection or self._reads.connect()
        self._pocket.connection = None
        try:
            yield connection
        finally:
            self._put_away(connection)

    def _put_away(self, connection: Connection) -> None:
        if self._pocket.is_open and self._pocket.connection is None and not connection.invalidated:
            self._pocket.connection = connection
        else:
            connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """Several reads that agree with one another; a change is refused by the database."""
        with refusing_failures(), self._reader() as connection:
            once_more(connection, lambda: connection.exec_driver_sql(_BEGIN_SNAPSHOT[self.dialect]))
            try:
                yield Transaction(connection, self.dialect, self.clock)
            except BaseException:
                _end_quietly(connection)
                raise
            connection.exec_driver_sql("COMMIT")

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One transaction: commits on leaving, rolls back on an exception or after `discard`.

        SQLite: BEGIN IMMEDIATE, one at a time, first come first served. PostgreSQL: READ COMMITTED,
        so whatever a decision rests on must be locked.
        """
        with (
            refusing_failures(),
            self._turn(),
            self.engine.connect() as connection,
            connection.begin() as transaction,
        ):
            if self._limits_by_transaction:
                connection.execute(_LIMITS_OF_THIS_TRANSACTION)
            reads = self.read if self.dialect == "postgresql" else None
            tx = Transaction(connection, self.dialect, self.clock, reads=reads)
            yield tx
            if tx.is_discarded:
                transaction.rollback()

    def ping(self) -> None:
        """Ask the database for an answer.

        Raises:
            Unavailable: it gave none.
        """
        with self.read() as tx:
            tx.scalar(_PING)

    def close(self) -> None:
        """Close every idle connection."""
        self.engine.dispose()
        self._reads.dispose()

    def _turn(self) -> AbstractContextManager[None]:
        return nullcontext() if self._gate is None else self._gate.passed()


def open_database(
    app: Flask,
    *,
    url: str,
    threads: int,
    pooler: str,
    clock: Clock,
    unscoped: tenancy.Answer = "log",
) -> Database:
    """Give `app` its two engines, through Flask-SQLAlchemy, and check what they were told.

    `pooler` is `none` or `transaction` (PgBouncer); `threads` is what the process runs at once;
    `unscoped` is what becomes of a statement that reads tenants' rows and names no tenant.

    Raises:
        UnsuitableDatabase: a setting that Homeroom needs is not in force.
        Unavailable: there is no answer from it.
    """
    parsed = database_url(url)
    app.config["SQLALCHEMY_DATABASE_URI"] = parsed
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = write_options(parsed, threads=threads, pooler=pooler)
    app.config["SQLALCHEMY_BINDS"] = {
        "read": {"url": parsed, **read_options(parsed, threads=threads, pooler=pooler)}
    }
    db.init_app(app)
    with app.app_context():
        write, read = db.engines[None], db.engines["read"]
    attach_hooks(write, read)
    tenancy.watch(write, unscoped)
    tenancy.watch(read, unscoped)
    database = Database(write, read, clock, limits_by_transaction=pooler == "transaction")
    try:
        with refusing_failures():
            check_settings(write, read)
    except BaseException:
        database.close()
        raise
    return database


def _end_quietly(connection: Connection) -> None:
    """End a snapshot that failed, without hiding why it did.

    By COMMIT, for psycopg forgets a connection's prepared statements at every ROLLBACK.
    """
    if connection.invalidated:
        return
    try:
        connection.exec_driver_sql("COMMIT")
    except DBAPIError:
        connection.invalidate()
