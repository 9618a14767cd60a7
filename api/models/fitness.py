"""Whether a database that answers is one that this release can work on."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from api.models.database import Transaction
from api.models.engines import UnsuitableDatabase
from api.models.schema_info import check_schema

OLDEST_SERVER: Final = 140_000
"""PostgreSQL 14: the search for clashes puts times together as a multirange."""

_TOLD: Final = text(
    "SELECT current_setting('TimeZone') AS zone, current_setting('server_encoding') AS encoding,"
    " current_setting('server_version_num')::int AS release"
)


def timeouts(tx: Transaction) -> dict[str, str]:
    """How long the server lets one statement wait, and run; "0" is for ever. SQLite has no such."""
    if tx.dialect == "sqlite":
        return {}
    names = ("lock_timeout", "statement_timeout")
    return {name: str(tx.scalar(text(f"SHOW {name}"))) for name in names}


def check_fit(tx: Transaction, *, release: str) -> None:
    """Refuse a server that is not set as Homeroom needs, or a schema that does not fit `release`.

    What SQLite is told is read back when its file is opened (`engines.check_settings`); a server
    may be away then, and another one when it is back.

    Raises:
        UnsuitableDatabase: it is not; the text says what to do.
    """
    if tx.dialect == "postgresql":
        check_server(tx)
    check_schema(tx, release=release)


def check_server(tx: Transaction) -> None:
    """Refuse a PostgreSQL that is too old, or a database of another time zone or encoding.

    Raises:
        UnsuitableDatabase: times or texts would not come back as they were written, or statements
            not be understood.
    """
    told = tx.all(_TOLD)[0]
    if told.release < OLDEST_SERVER:
        needed, found = OLDEST_SERVER // 10_000, told.release // 10_000
        raise UnsuitableDatabase(f"PostgreSQL {found}: Homeroom needs {needed} or newer")
    if told.zone not in {"UTC", "Etc/UTC"} or told.encoding != "UTF8":
        raise UnsuitableDatabase(
            f"time zone {told.zone} and encoding {told.encoding}, not UTC and UTF8: "
            "ALTER DATABASE … SET timezone TO 'UTC'"
        )
