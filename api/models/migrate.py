"""Bringing a database to the schema that this code needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import OperationalError

from api.clock import SystemClock
from api.errors import Busy
from api.models.database import Database
from api.models.engines import database_url
from api.models.failures import refusal_of, refusing_failures
from api.models.schema_info import HEAD, revision_of

FOLDER = Path(__file__).parents[2] / "migrations"

# A migration must not hold up the requests behind it: it waits for a lock this long, then lets
# them pass and comes again.
_LOCK_WAIT_MS = 1000
_ATTEMPTS = 20
# Any number that no other program in this database takes: "homeroom" on a telephone.
_ONE_AT_A_TIME = 46637666


def head() -> str:
    """The revision that this code needs."""
    return HEAD


def current(url: str) -> str | None:
    """The revision of the database, or None if it is empty."""
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).exists():
        return None
    engine = create_engine(parsed, poolclass=NullPool)
    try:
        with Database(engine, engine, SystemClock()).read() as tx:
            return revision_of(tx)
    finally:
        engine.dispose()


def upgrade(url: str, revision: str = HEAD) -> None:
    """Bring the database up to `revision`; nothing happens if it is there or further.

    Safe to call from several processes at once: one migrates, the others wait for it.

    Raises:
        Busy: others kept the database locked for too long; nothing was done.
    """
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    if (current(url) or "") >= revision:
        return
    _run(url, lambda command, config: command.upgrade(config, revision))


def downgrade(url: str, revision: str = "base") -> None:
    """Take the database back to `revision`; whatever the later ones added is lost."""
    _run(url, lambda command, config: command.downgrade(config, revision))


def revise(url: str, message: str) -> Path:
    """Write the next migration from what differs; give its file, which is to be read over.

    The database must stand at the newest one.
    """
    written: list[Any] = []
    number = f"{int(HEAD) + 1:04}"
    _run(
        url,
        lambda command, config: written.append(
            command.revision(config, message, autogenerate=True, rev_id=number)
        ),
    )
    return Path(written[0].path)


def _run(url: str, act: Callable[[Any, Any], None]) -> None:
    # Alembic takes a tenth of a second to import, which a start on a current schema saves.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above

    engine = _engine(url)
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    try:
        with refusing_failures():
            _again_when_locked(lambda: _in_one_transaction(engine, config, act, command))
    finally:
        engine.dispose()


def _in_one_transaction(
    engine: Engine, config: Any, act: Callable[[Any, Any], None], command: Any
) -> None:
    with engine.begin() as connection:
        _alone(connection)
        config.attributes["connection"] = connection
        act(command, config)


def _again_when_locked(run: Callable[[], None]) -> None:
    for _ in range(_ATTEMPTS - 1):
        try:
            run()
        except OperationalError as error:
            if not isinstance(refusal_of(error), Busy):
                raise
        else:
            return
    run()


def _alone(connection: Connection) -> None:
    """Keep other migrations of this database out until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_LOCK_WAIT_MS}")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})")


def _engine(url: str) -> Engine:
    engine = create_engine(database_url(url), poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _tell_sqlite)
        event.listen(engine, "begin", _begin_immediate)
    return engine


def _tell_sqlite(driver: Any, _: Any) -> None:
    # Foreign keys stay off, as SQLite's way of altering a table (its manual, "ALTER TABLE",
    # section 7) asks: a table is made anew under another name and takes the old one's place.
    driver.isolation_level = None
    driver.execute(f"PRAGMA busy_timeout={_LOCK_WAIT_MS}")
    driver.execute("PRAGMA journal_mode=WAL")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
