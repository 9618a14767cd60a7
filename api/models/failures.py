"""Which failure of a database driver is which refusal; every other one is a fault of ours."""

from __future__ import annotations

import sqlite3
from types import TracebackType

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.errors import Busy, Unavailable

_SQLITE_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SQLITE_AWAY = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN})
# PostgreSQL, appendix A: serialization_failure, deadlock_detected, lock_not_available,
# query_canceled (what statement_timeout does).
_POSTGRESQL_BUSY = frozenset({"40001", "40P01", "55P03", "57014"})
# Connection exception, insufficient resources, operator intervention, system error.
_POSTGRESQL_AWAY = ("08", "53", "57", "58")


def refusal_of(error: BaseException) -> Unavailable | None:
    """The refusal that a failure of the database stands for, or None if it is a bug."""
    if isinstance(error, PoolTimeout):
        return Busy("Every connection to the database is in use.")
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return _of_sqlite(code & 0xFF)
    return _of_postgresql(error)


def _of_sqlite(code: int) -> Unavailable | None:
    if code in _SQLITE_BUSY:
        return Busy("Another process is writing to the database.")
    return Unavailable("The database cannot be read or written.") if code in _SQLITE_AWAY else None


def _of_postgresql(error: DBAPIError) -> Unavailable | None:
    state = getattr(error.orig, "sqlstate", None)
    if state in _POSTGRESQL_BUSY:
        return Busy("Others are changing the same rows.")
    lost = error.connection_invalidated or (
        # A connection that was never made has no state to tell.
        state is None and type(error.orig).__name__ == "OperationalError"
    )
    if lost or (state is not None and state.startswith(_POSTGRESQL_AWAY)):
        return Unavailable("The database cannot be reached.")
    return None


class refusing_failures:  # noqa: N801 - read as a statement: `with refusing_failures():`
    """Inside this block a failure that is a refusal is raised as that refusal."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        refusal = None if error is None else refusal_of(error)
        if refusal is not None:
            raise refusal from error
