"""A write: its connection is fetched when the first statement needs it, and then it begins."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, Engine, RootTransaction


class Writing:
    """From the first statement to the commit, or to nothing where nothing was asked.

    A command that is refused by what it sees beforehand never comes as far as a connection.
    """

    __slots__ = ("_connection", "_engine", "_prepare", "_transaction")

    def __init__(self, engine: Engine, prepare: Callable[[Connection], None] | None) -> None:
        self._engine = engine
        self._prepare = prepare
        self._connection: Connection | None = None
        self._transaction: RootTransaction | None = None

    def connection(self) -> Connection:
        """The connection of this write, within its transaction."""
        if self._connection is None:
            self._connection = self._engine.connect()
            self._transaction = self._connection.begin()
            if self._prepare is not None:
                self._prepare(self._connection)
        return self._connection

    def end(self, *, commits: bool) -> None:
        """Commit or roll back what has begun, and give the connection back."""
        connection, transaction = self._connection, self._transaction
        if connection is None:
            return
        try:
            if transaction is None:
                return
            if commits:
                transaction.commit()
            else:
                transaction.rollback()
        except BaseException:
            # What does not end as it should leaves nothing that the next write could stand on.
            connection.invalidate()
            raise
        finally:
            connection.close()
