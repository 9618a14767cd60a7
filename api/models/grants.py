"""What the role that serves may do on PostgreSQL, and the limits that its sessions begin with."""

from __future__ import annotations

from sqlalchemy import Connection, NullPool, create_engine, text

from api.models.engines import (
    LOCK_WAIT_SECONDS,
    STATEMENT_SECONDS,
    UnsuitableDatabase,
    database_url,
)
from api.models.failures import refusing_failures

_ROLE_EXISTS = text("SELECT 1 FROM pg_roles WHERE rolname = :role")
_ROWS = "SELECT, INSERT, UPDATE, DELETE"
# Only migrations, which run as the owner, change these.
_READ_ONLY = ("alembic_version", "schema_info")


class NoSuchRole(Exception):
    """There is nobody of that name to give anything to."""


def grant(url: str, role: str) -> list[str]:
    """Let `role` read and write rows, and no more; give the statements that were run.

    Run it as the owner of the tables, after an upgrade. Its sessions from then on wait 3 s for a
    lock, 5 s for a statement, and live in UTC.

    Raises:
        UnsuitableDatabase: SQLite, which has no roles.
        NoSuchRole: the server knows no such role.
        Unavailable: the server does not answer.
    """
    parsed = database_url(url)
    if parsed.get_backend_name() != "postgresql":
        raise UnsuitableDatabase("SQLite has no roles: who may open the file may do everything")
    engine = create_engine(parsed, poolclass=NullPool)
    try:
        with refusing_failures(), engine.begin() as connection:
            return _grant(connection, role)
    finally:
        engine.dispose()


def _grant(connection: Connection, role: str) -> list[str]:
    if connection.scalar(_ROLE_EXISTS, {"role": role}) is None:
        raise NoSuchRole(f"there is no role {role} on this server: CREATE ROLE {role} LOGIN")
    quote = connection.dialect.identifier_preparer.quote_identifier
    name, database = quote(role), quote(str(connection.engine.url.database))
    statements = [
        f"GRANT CONNECT ON DATABASE {database} TO {name}",
        f"GRANT USAGE ON SCHEMA public TO {name}",
        f"GRANT {_ROWS} ON ALL TABLES IN SCHEMA public TO {name}",
        *(f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM {name}" for table in _READ_ONLY),
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {_ROWS} ON TABLES TO {name}",
        f"ALTER ROLE {name} IN DATABASE {database} SET lock_timeout = '{LOCK_WAIT_SECONDS}s'",
        f"ALTER ROLE {name} IN DATABASE {database} SET statement_timeout = '{STATEMENT_SECONDS}s'",
        f"ALTER ROLE {name} IN DATABASE {database} SET timezone = 'UTC'",
    ]
    for statement in statements:
        connection.exec_driver_sql(statement)
    return statements
