"""The three ways into the database: one read, several reads that agree, one write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import TypeVar

from flask import Flask
from sqlalchemy import (
    Connection,
    Engine,
    event,
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
from api.models.kept_connections import KeptConnections
from api.models.libpq import allow_names
from api.models.transaction import Transaction as Transaction
from api.models.transaction import once_more
from api.models.writing import Writing

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
_ANALYZE = text("ANALYZE")


class _Reading:
    """`with` it a thread reads, with the connection of its pocket or else one of the pool's.

    It is borrowed when it is first asked for: what was read ahead needs none.
    """

    __slots__ = ("_connection", "_database")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None

    def __enter__(self) -> Transaction:
        database = self._database
        return Transaction(self._borrow, database.dialect, database.clock, autocommit=True)

    def _borrow(self) -> Connection:
        self._connection = self._database.kept_reads.borrow()
        return self._connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            self._database.kept_reads.put_away(self._connection)
        refusing_failures().__exit__(kind, error, trace)


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
        self.kept_reads = KeptConnections.of(read)
        self._kept_writes = KeptConnections.of(write)
        self._gate = Gate(wait_seconds=LOCK_WAIT_SECONDS) if self.dialect == "sqlite" else None
        # PostgreSQL begins with the first statement.
        self._prepare: Callable[[Connection], object] | None = None
        if self.dialect == "sqlite":
            self._prepare = Connection.begin
        elif limits_by_transaction:
            self._prepare = _limit

    def read(self) -> AbstractContextManager[Transaction]:
        """Autocommit: each statement sees the present, and is tried again on a dead connection."""
        return _Reading(self)

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """Several reads that agree with one another; a change is refused by the database."""
        with refusing_failures(), self._borrowed() as connection:
            once_more(connection, lambda: connection.exec_driver_sql(_BEGIN_SNAPSHOT[self.dialect]))
            try:
                yield Transaction(lambda: connection, self.dialect, self.clock)
            except BaseException:
                _end_quietly(connection)
                raise
            connection.exec_driver_sql("COMMIT")

    @contextmanager
    def _borrowed(self) -> Iterator[Connection]:
        connection = self.kept_reads.borrow()
        try:
            yield connection
        finally:
            self.kept_reads.put_away(connection)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One transaction: commits on leaving, rolls back on an exception or after `discard`.

        SQLite: BEGIN IMMEDIATE at once, one at a time, first come first served. PostgreSQL: READ
        COMMITTED from the first statement, so whatever a decision rests on must be locked.
        """
        with refusing_failures(), self._turn():
            writing = Writing(self._kept_writes, self._prepare)
            reads = self.read if self.dialect == "postgresql" else None
            tx = Transaction(writing.connection, self.dialect, self.clock, reads=reads)
            try:
                if self.dialect == "sqlite":
                    writing.connection()
                yield tx
            except BaseException:
                writing.end(commits=False)
                raise
            writing.end(commits=not tx.is_discarded)

    def ping(self) -> None:
        """Ask the database for an answer.

        Raises:
            Unavailable: it gave none.
        """
        with self.read() as tx:
            tx.scalar(_PING)

    def analyze(self) -> None:
        """After a bulk load let PostgreSQL see how much there is: its own look may be minutes away.

        Plans that were made for empty tables are made anew. Of tables that are another role's it
        warns, and leaves them.
        """
        if self.dialect == "postgresql":
            with self.write() as tx:
                tx.execute(_ANALYZE)

    def close(self) -> None:
        """Close every idle connection."""
        self.kept_reads.let_go()
        self._kept_writes.let_go()
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
        Unavailable: the file cannot be opened; a server that is away refuses the first statement.
    """
    parsed = database_url(url)
    app.config["SQLALCHEMY_DATABASE_URI"] = parsed
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = write_options(parsed, threads=threads, pooler=pooler)
    app.config["SQLALCHEMY_BINDS"] = {
        "read": {"url": parsed, **read_options(parsed, threads=threads, pooler=pooler)}
    }
    db.init_app(app)
    # Nothing here opens a session of the ORM, so none is looked for at the end of each request.
    app.teardown_appcontext_funcs.remove(db._teardown_session)  # noqa: SLF001  # it has no switch
    with app.app_context():
        write, read = db.engines[None], db.engines["read"]
    attach_hooks(write, read)
    if dialect_of(write) == "postgresql" and pooler != "transaction":
        for engine in (write, read):
            event.listen(engine, "connect", allow_names)
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


def _limit(connection: Connection) -> None:
    connection.execute(_LIMITS_OF_THIS_TRANSACTION)


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
