"""A write: its connection is fetched when the first statement needs it, and then it begins."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from api.models import libpq
from api.models.kept_connections import KeptConnections


class FailurePassedOver(Exception):
    """A statement had failed, and its use-case went on: our bug, so nothing is committed."""


class Writing:
    """From the first statement to the commit, or to nothing where nothing was asked.

    A command that is refused by what it sees beforehand never comes as far as a connection.
    `prepare` is done with the connection before anything else.
    """

    __slots__ = ("_connection", "_kept", "_prepare")

    def __init__(
        self, kept: KeptConnections, prepare: Callable[[Connection], object] | None
    ) -> None:
        self._kept = kept
        self._prepare = prepare
        self._connection: Connection | None = None

    def connection(self) -> Connection:
        """The connection of this write, within its transaction."""
        if self._connection is None:
            self._connection = self._kept.borrow_alive()
            if self._prepare is not None:
                self._prepare(self._connection)
        return self._connection

    def end(self, *, commits: bool) -> None:
        """Commit or roll back what has begun, and let the connection go.

        Raises:
            FailurePassedOver: PostgreSQL would take the COMMIT for a ROLLBACK, without a word.
        """
        connection = self._connection
        if connection is None:
            return
        try:
            _end(connection, commits=commits)
        except BaseException:
            # What does not end as it should leaves nothing that the next write could stand on.
            connection.invalidate()
            raise
        finally:
            self._kept.put_away(connection)


def _end(connection: Connection, *, commits: bool) -> None:
    if commits and (connection.invalidated or libpq.has_failed(connection)):
        raise FailurePassedOver
    if connection.invalidated:
        return
    transaction = connection.get_transaction()
    if transaction is not None:
        # One of the statements went by way of SQLAlchemy, which then has a transaction of its own.
        if commits:
            transaction.commit()
        else:
            transaction.rollback()
    else:
        libpq.end(connection, commits=commits)
