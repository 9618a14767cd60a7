"""Which revision the database stands at, and the oldest release that can work on it."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Connection, insert, select
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base
from api.models.database import Transaction
from api.models.engines import UnsuitableDatabase

HEAD = "0005"
"""The newest revision under `migrations/`; revisions are numbered and sort as text."""


class SchemaInfo(Base):
    """The one row that every migration rewrites."""

    __tablename__ = "schema_info"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[str]
    oldest_release: Mapped[str]


_STANDING = select(SchemaInfo.revision, SchemaInfo.oldest_release)


def revision_of(tx: Transaction) -> str | None:
    """The revision of the database, or None if nothing has been made there yet.

    The failure to find the table spoils the transaction, so this is its first and only statement.
    """
    try:
        standing = tx.first(_STANDING)
    except (OperationalError, ProgrammingError) as error:
        if _says_no_table(error):
            return None
        raise
    return None if standing is None else standing.revision


def schema_is_current(tx: Transaction) -> bool:
    """Whether the database has everything that this code needs; newer is current, too."""
    revision = revision_of(tx)
    return revision is not None and revision >= HEAD


def check_schema(tx: Transaction, *, release: str) -> None:
    """Refuse a database that this `release` (`1.2.3`) cannot work on.

    Raises:
        UnsuitableDatabase: the schema is behind the code, or too new for it.
    """
    if not schema_is_current(tx):
        raise UnsuitableDatabase("the schema is behind the code: homeroom db upgrade")
    oldest = tx.all(_STANDING)[0].oldest_release
    if _numbers(oldest) > _numbers(release):
        raise UnsuitableDatabase(f"the schema needs release {oldest} or newer; this is {release}")


def stand_at(connection: Connection, revision: str, oldest_release: str) -> None:
    """Write that the database now stands at `revision`; the last act of every migration."""
    connection.exec_driver_sql("DELETE FROM schema_info")
    connection.execute(
        insert(SchemaInfo), {"id": 1, "revision": revision, "oldest_release": oldest_release}
    )


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split(".")[:3])


def _says_no_table(error: OperationalError | ProgrammingError) -> bool:
    # 42P01: undefined_table. SQLite has no code for it, only the sentence.
    state = getattr(error.orig, "sqlstate", None)
    return state == "42P01" or "no such table" in str(error.orig)
