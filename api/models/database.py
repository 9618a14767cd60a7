"""The three ways into the database: one read, several reads that agree, one write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask
from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Engine,
    Executable,
    Row,
    bindparam,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError

from api.clock import Clock, SystemClock
from api.models import prepared, tenancy
from api.models.base import Instant, db
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
from api.models.locks import LockOrder, LockStep

T = TypeVar("T")

_BEGIN_SNAPSHOT = {
    "sqlite": "BEGIN DEFERRED",
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
}
_DATABASE_CLOCK: ColumnElement[datetime] = func.date_trunc(
    "milliseconds", func.clock_timestamp(), type_=Instant
)
# For a pooler of transactions, which does not pass on what a session was told at its start.
_LIMITS_OF_THIS_TRANSACTION = text(
    f"SELECT set_config('lock_timeout', '{LOCK_WAIT_SECONDS}s', true),"
    f" set_config('statement_timeout', '{STATEMENT_SECONDS}s', true)"
)
_PING = select(literal(1))


class Transaction:
    """One open connection and what holds for the time of its use.

    `seen_seqs`: by class, the seq of its ledger as looked at; `effect`: the last event written.
    """

    __slots__ = (
        "_autocommit",
        "_discarded",
        "_locks",
        "_now",
        "clock",
        "connection",
        "dialect",
        "effect",
        "seen_seqs",
    )

    def __init__(
        self, connection: Connection, dialect: Dialect, clock: Clock, *, autocommit: bool = False
    ) -> None:
        self.connection = connection
        self.dialect = dialect
        self.clock = clock
        self._autocommit = autocommit
        self._discarded = False
        self._locks = LockOrder()
        self._now: datetime | None = None
        self.seen_seqs: dict[UUID, int] = {}
        self.effect: tuple[UUID, int] | None = None

    def execute(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[Any]:
        """Run one statement; a sequence of parameters runs it for each of them."""
        if self._autocommit:
            return _once_more(
                self.connection, lambda: self.connection.execute(statement, parameters)
            )
        return self.connection.execute(statement, parameters)

    def all(self, statement: Executable, **parameters: Any) -> Sequence[Row[Any]]:
        """Every row of the answer."""
        # psycopg opens a transaction by itself with its first statement, so what goes past it is
        # only right outside one; on SQLite every BEGIN is ours.
        if self._autocommit or self.dialect == "sqlite":
            found = prepared.rows(self.connection, self.dialect, statement, parameters)
            if found is not None:
                return found
        return self.execute(statement, parameters).all()

    def first(self, statement: Executable, **parameters: Any) -> Row[Any] | None:
        """The first row of the answer, or None if it has none."""
        found = self.all(statement, **parameters)
        return found[0] if found else None

    def scalar(self, statement: Executable, **parameters: Any) -> Any:
        """The first column of the first row, or None if there is no row."""
        row = self.first(statement, **parameters)
        return None if row is None else row[0]

    def now(self) -> datetime:
        """The clock, read once in a transaction: whatever it decides, it decides at one instant."""
        if self._now is None:
            self._now = self.clock.now()
        return self._now

    def given_now(self) -> datetime | None:
        """The reading of our clock, or None where the database's own clock decides."""
        if self.dialect == "postgresql" and isinstance(self.clock, SystemClock):
            return None
        return self.clock.now()

    def clock_sql(self) -> ColumnElement[datetime]:
        """The clock as SQL: PostgreSQL's own, else a parameter with the reading of ours."""
        if self.dialect == "postgresql" and isinstance(self.clock, SystemClock):
            return _DATABASE_CLOCK
        return bindparam("clock_now", self.clock.now(), type_=Instant, unique=True)

    def lock(self, step: LockStep, *ids: Any) -> None:
        """Note that these rows are about to be locked; the ids of a step must rise.

        Raises:
            LockOrderBroken: a row would be locked after one that comes behind it.
        """
        self._locks.record(step, *ids)

    def holds(self, step: LockStep, row_id: Any) -> bool:
        """Whether `lock` has been told of this row."""
        return self._locks.holds(step, row_id)

    def discard(self) -> None:
        """Roll back on leaving instead of committing; a dry run does."""
        self._discarded = True

    @property
    def is_discarded(self) -> bool:
        """Whether this transaction will roll back on leaving."""
        return self._discarded


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
        self._limits_by_transaction = limits_by_transaction
        self._gate = Gate(wait_seconds=LOCK_WAIT_SECONDS) if self.dialect == "sqlite" else None

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Autocommit: each statement sees the present, and is tried again on a dead connection."""
        with refusing_failures(), self._reads.connect() as connection:
            yield Transaction(connection, self.dialect, self.clock, autocommit=True)

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """Several reads that agree with one another; a change is refused by the database."""
        with refusing_failures(), self._reads.connect() as connection:
            _once_more(
                connection, lambda: connection.exec_driver_sql(_BEGIN_SNAPSHOT[self.dialect])
            )
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
            tx = Transaction(connection, self.dialect, self.clock)
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


def _once_more(connection: Connection, run: Callable[[], T]) -> T:
    """Run a read, and once again if its connection turns out to be dead."""
    try:
        return run()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        connection.rollback()
        return run()


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
