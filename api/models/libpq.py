"""PostgreSQL at the level of libpq: statements by name, and where transactions begin and end.

psycopg's own way to the same is a generator for each exchange, and SQLAlchemy's lies around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeGuard

import psycopg
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from api.models.prepared import Prepared

KEPT: Final = 512
"""Statements kept compiled, and prepared on each connection: the constants of the program, and
what clients make of its lists by filters and orders, of which there is no end."""

_NAMES: Final = "_homeroom_names"
_Command = tuple[bytes, Any, Any]
"""A statement's name, its parameters as they are sent, and the formats of those."""

_BEGIN: Final[_Command] = (b"homeroom_begin", None, None)
_COMMIT: Final[_Command] = (b"homeroom_commit", None, None)
_GOOD: Final = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


@dataclass(slots=True)
class _Kept:
    """What one connection knows of one statement; `loads`: how its columns become values."""

    adapt: Any
    loads: bool = False


def allow_names(driver: Any, _record: Any) -> None:
    """Let statements be prepared by name on a new connection of PostgreSQL.

    Not behind a pooler of transactions, where a name may mean another server's statement. And
    psycopg must prepare none of its own: at a rollback it would make the server forget them all.
    """
    driver.__dict__[_NAMES] = {}
    for (name, *_), command in ((_BEGIN, b"BEGIN"), (_COMMIT, b"COMMIT")):
        _checked(driver.pgconn.prepare(name, command))


def takes_names(driver: Any) -> TypeGuard[psycopg.Connection[Any]]:
    """Whether this is a connection of PostgreSQL on which statements are prepared by name."""
    return isinstance(driver, psycopg.Connection) and _NAMES in driver.__dict__


def end(connection: Connection, *, commits: bool) -> None:
    """Commit or roll back what `exchange` began and SQLAlchemy knows nothing of.

    Raises:
        DBAPIError: as SQLAlchemy raises it.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        return
    if driver.pgconn.transaction_status == TransactionStatus.IDLE:
        return
    command = b"COMMIT" if commits else b"ROLLBACK"
    try:
        _checked(driver.pgconn.exec_(command))
    except psycopg.Error as error:
        raise failed(connection, command.decode(), error) from error


def has_failed(connection: Connection) -> bool:
    """Whether a statement of the transaction has failed: its COMMIT would be a ROLLBACK."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        return False
    return driver.pgconn.transaction_status == TransactionStatus.INERROR


def exchange(
    driver: psycopg.Connection[Any],
    ready: Prepared,
    parameters: Mapping[str, Any],
    *,
    begins: bool = False,
    ends: bool = False,
) -> list[tuple[Any, ...]]:
    """Run a statement by its name, which it gets where this connection does not know it yet.

    `begins`: in a transaction, which begins in the same round trip if none has. `ends`: with the
    commit, in the same round trip.

    Raises:
        psycopg.Error: the server refused it, or is away.
    """
    server, kept = driver.pgconn, _known(driver, ready)
    command = _command(kept, ready, parameters)
    begins = begins and server.transaction_status == TransactionStatus.IDLE
    if begins or ends:
        commands = [_BEGIN] * begins + [command] + [_COMMIT] * ends
        result = _in_one_trip(driver, commands)[int(begins)]
    else:
        result = _checked(server.exec_prepared(*command))
    return [] if result.status == ExecStatus.COMMAND_OK else _loaded(kept, ready, result)


def exchange_both(
    driver: psycopg.Connection[Any],
    first: tuple[Prepared, Mapping[str, Any]],
    second: tuple[Prepared, Mapping[str, Any]],
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Run two reads in one round trip.

    Raises:
        psycopg.Error: the server refused either, or is away.
    """
    both = [(ready, _known(driver, ready), parameters) for ready, parameters in (first, second)]
    commands = [_command(kept, ready, parameters) for ready, kept, parameters in both]
    results = _in_one_trip(driver, commands)
    found = [
        _loaded(kept, ready, result) for (ready, kept, _), result in zip(both, results, strict=True)
    ]
    return found[0], found[1]


def _command(kept: _Kept, ready: Prepared, parameters: Mapping[str, Any]) -> _Command:
    sent = kept.adapt.dump_sequence(ready.values(parameters), ready.formats)
    return ready.name, sent, kept.adapt.formats


def _known(driver: psycopg.Connection[Any], ready: Prepared) -> _Kept:
    # What turns values into parameters and columns into values is found once for a statement, too.
    known: dict[bytes, _Kept] = driver.__dict__[_NAMES]
    kept = known.get(ready.name)
    if kept is None:
        if len(known) >= KEPT:
            oldest = next(iter(known))
            del known[oldest]
            driver.pgconn.exec_(b"DEALLOCATE " + oldest)
        _checked(driver.pgconn.prepare(ready.name, ready.sql.encode()))
        kept = known[ready.name] = _Kept(Transformer(driver))
    return kept


def _in_one_trip(driver: psycopg.Connection[Any], commands: Iterable[_Command]) -> list[PGresult]:
    """Statements by name as one pipeline of libpq."""
    server = driver.pgconn
    server.enter_pipeline_mode()
    for command in commands:
        server.send_query_prepared(*command)
    server.pipeline_sync()
    results = driver.wait(_results(server))
    server.exit_pipeline_mode()
    # Of those behind one that failed the server says only that they were passed over.
    return [_checked(result) for result in results]


def _results(server: PGconn) -> PQGen[list[PGresult]]:
    """What a pipeline came to, read as it arrives; as libpq's manual has it (34.4, 34.5)."""
    while server.flush():
        ready = yield Wait.RW
        if ready and ready & Ready.R:
            server.consume_input()
    results: list[PGresult] = []
    while True:
        while server.is_busy():
            yield Wait.R
            server.consume_input()
        result = server.get_result()
        if result is None:  # the end of one statement's results, or of the connection
            if server.status == ConnStatus.BAD:
                raise psycopg.OperationalError("the connection is lost")
            continue
        if result.status == ExecStatus.PIPELINE_SYNC:
            return results
        results.append(result)


def _loaded(kept: _Kept, ready: Prepared, result: PGresult) -> list[tuple[Any, ...]]:
    adapt = kept.adapt
    adapt.set_pgresult(result, set_loaders=False)
    if not kept.loads:
        # Not before there are rows: a first run that fails has no columns to tell of.
        adapt.set_loader_types(ready.loaded_as(result), Format.TEXT)
        kept.loads = True
    found: list[tuple[Any, ...]] = adapt.load_rows(0, result.ntuples, tuple)
    adapt.set_pgresult(None, set_loaders=False)
    return found


def failed(connection: Connection, sql: str, error: psycopg.Error) -> BaseException:
    """A failure of the driver as SQLAlchemy raises it; a connection that is lost is given up."""
    driver: Any = connection.connection.driver_connection
    is_lost = bool(driver.closed)
    more: Any = {"dialect": connection.dialect, "connection_invalidated": is_lost}
    if is_lost:
        connection.invalidate(error)
    told: BaseException = DBAPIError.instance(sql, None, error, psycopg.Error, **more)
    return told


def _checked(result: PGresult) -> PGresult:
    if result.status not in _GOOD:
        raise error_from_result(result)
    return result
