"""What a use-case works with: one connection, one reading of the clock, one order of locks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from time import perf_counter
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, CursorResult, Executable, Row
from sqlalchemy.exc import DBAPIError

from api.clock import Clock, SystemClock
from api.models import meter, prepared
from api.models.ahead import Foreseen, Question
from api.models.engines import Dialect
from api.models.locks import LockOrder, LockStep

T = TypeVar("T")


class Transaction:
    """One connection, once it is needed, and what holds for the time of its use.

    `seen_seqs`: by class, the seq of its ledger as looked at; `effect`: the last event written.
    `reads`, which a write on PostgreSQL has, opens a read beside it. `foreseen`: rows that were
    read ahead, for the first read outside any transaction.
    """

    __slots__ = (
        "_autocommit",
        "_connect",
        "_connection",
        "_discarded",
        "_has_begun",
        "_locks",
        "_now",
        "_reads",
        "clock",
        "dialect",
        "effect",
        "foreseen",
        "seen_seqs",
    )

    def __init__(
        self,
        connect: Callable[[], Connection],
        dialect: Dialect,
        clock: Clock,
        *,
        autocommit: bool = False,
        reads: Reads | None = None,
    ) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self.dialect = dialect
        self.clock = clock
        self._autocommit = autocommit
        self._reads = reads
        self._has_begun = False
        self._discarded = False
        self._locks = LockOrder()
        self._now: datetime | None = None
        self.seen_seqs: dict[UUID, int] = {}
        self.effect: tuple[UUID, int] | None = None
        self.foreseen: Foreseen | None = None

    @property
    def connection(self) -> Connection:
        """The connection; a write begins when it is first asked for."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def execute(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[Any]:
        """Run one statement; a sequence of parameters runs it for each of them."""
        began = perf_counter()
        try:
            if self._autocommit:
                return once_more(
                    self.connection, lambda: self.connection.execute(statement, parameters)
                )
            self._has_begun = True
            return self.connection.execute(statement, parameters)
        finally:
            meter.note(perf_counter() - began)

    def all(self, statement: Executable, **parameters: Any) -> Sequence[Row[Any]]:
        """Every row of the answer."""
        if self.foreseen is not None and self._autocommit:
            # For one reading: whoever reads again wants to know what has changed.
            foreseen, self.foreseen = self.foreseen, None
            if foreseen.answers(statement, parameters):
                return foreseen.rows
        began = perf_counter()
        if self._autocommit or self.dialect == "sqlite":
            found = prepared.rows(self.connection, self.dialect, statement, parameters)
        else:
            found = prepared.rows_in_transaction(self.connection, statement, parameters)
            self._has_begun = True
        if found is not None:
            meter.note(perf_counter() - began)
            return found
        done = self.execute(statement, parameters)
        return done.all() if done.returns_rows else []

    def all_of_both(
        self, first: Question, second: Question
    ) -> tuple[Sequence[Row[Any]], Sequence[Row[Any]] | None]:
        """The rows of both in one round trip, or else those of the first alone."""
        began = perf_counter()
        found = prepared.rows_of_both(self.connection, first, second) if self._autocommit else None
        if found is None:
            return self.all(first.statement, **first.parameters), None
        for spent in (perf_counter() - began, 0):
            meter.note(spent)
        return found

    def finish(self, statement: Executable, **parameters: Any) -> None:
        """Run the last statement, on PostgreSQL in one round trip with the commit.

        Nothing may follow, so this is for the edge alone.
        """
        began = perf_counter()
        committed = None
        if self.dialect == "postgresql" and not self._discarded:
            committed = prepared.rows_in_transaction(
                self.connection, statement, parameters, commits=True
            )
        if committed is None:
            self.execute(statement, parameters)
        else:
            meter.note(perf_counter() - began)
        self._connection, self._connect = None, _is_over

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

    @contextmanager
    def looking(self) -> Iterator[Transaction]:
        """Look before the lock, at what is tested again under it.

        On PostgreSQL by a read beside this write: a command that is refused by what it sees then
        begins no transaction, and its ROLLBACK does not cost the connection its prepared
        statements. One that has begun looks for itself, so that it sees what it has written. On
        SQLite the lock is had already.
        """
        if self._reads is None or self._has_begun:
            yield self
            return
        with self._reads() as look:
            look.seen_seqs = self.seen_seqs
            look.foreseen, self.foreseen = self.foreseen, None
            yield look

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


def _is_over() -> Connection:
    raise AssertionError("the transaction is over")


Reads = Callable[[], AbstractContextManager[Transaction]]


def once_more(connection: Connection, run: Callable[[], T]) -> T:
    """Run a read, and once again if its connection turns out to be dead."""
    try:
        return run()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        connection.rollback()
        return run()
