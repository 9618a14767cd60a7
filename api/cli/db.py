"""`homeroom db`: the tables of the configured database, made and changed by migrations."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import orjson

from api.cli.installation.opening import settings_of_command
from api.errors import Unavailable
from api.models import migrate
from api.models.engines import UnsuitableDatabase

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def db() -> None:
    """Make and change the tables of the configured database."""


@db.command()
@click.argument("revision", default=migrate.head())
@as_json
def upgrade(*, revision: str, as_json: bool) -> None:
    """Bring the database up to REVISION (the newest that this release knows)."""
    with _telling_why_not() as url:
        before = migrate.current(url)
        migrate.upgrade(url, revision)
        _tell(before, migrate.current(url), as_json=as_json)


@db.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Do not ask whether what is lost may be lost.")
@as_json
def downgrade(*, revision: str, yes: bool, as_json: bool) -> None:
    """Take the database back to REVISION (`base`: without any table)."""
    if not yes:
        click.confirm(f"Whatever was added after {revision} is lost. Go on?", abort=True, err=True)
    with _telling_why_not() as url:
        before = migrate.current(url)
        migrate.downgrade(url, revision)
        _tell(before, migrate.current(url), as_json=as_json)


@db.command()
@as_json
def current(*, as_json: bool) -> None:
    """Say where the database stands; status 1 if it is behind this release."""
    with _telling_why_not() as url:
        found = migrate.current(url)
    needed = migrate.head()
    is_current = found is not None and found >= needed
    if as_json:
        _print({"revision": found, "needed": needed, "is_current": is_current})
    else:
        click.echo(f"{found or 'no tables'}; this release needs {needed}")
    sys.exit(0 if is_current else 1)


@db.command()
@click.option("-m", "--message", required=True, help="What it adds or takes away.")
def revision(*, message: str) -> None:
    """Write the next migration from what differs between models and database, to be read over."""
    with _telling_why_not() as url:
        click.echo(migrate.revise(url, message))


@db.command()
@click.argument("role")
@as_json
def grant(*, role: str, as_json: bool) -> None:
    """Let the PostgreSQL ROLE that serves read and write rows, with the time limits of Homeroom."""
    from api.models.grants import NoSuchRole
    from api.models.grants import grant as grant_to

    with _telling_why_not() as url:
        try:
            statements = grant_to(url, role)
        except NoSuchRole as absent:
            sys.exit(f"homeroom: {absent}")
    if as_json:
        _print({"role": role, "statements": statements})
    else:
        click.echo("\n".join(f"{statement};" for statement in statements))


@contextmanager
def _telling_why_not() -> Iterator[str]:
    try:
        yield settings_of_command().database_url
    except UnsuitableDatabase as unsuitable:
        sys.exit(f"homeroom: {unsuitable}")
    except Unavailable as away:
        sys.exit(f"homeroom: {away.detail}")


def _tell(before: str | None, after: str | None, *, as_json: bool) -> None:
    if as_json:
        _print({"before": before, "revision": after})
    elif before == after:
        click.echo(f"stands at {after or 'nothing'} already")
    else:
        click.echo(f"{before or 'nothing'} → {after or 'nothing'}")


def _print(document: dict[str, Any]) -> None:
    click.echo(orjson.dumps(document))
