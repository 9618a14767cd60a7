"""The configured database and its use-cases, opened for the time of one command."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from api.clock import Clock, SystemClock, epoch_ms
from api.container import Container, build
from api.errors import Refusal, Unavailable
from api.ids import Ids
from api.models.database import Database, open_database
from api.models.engines import UnsuitableDatabase, database_url
from api.models.fitness import check_fit
from api.release import RELEASE
from api.settings import SettingRefused, Settings

# A command signs nothing and writes no link, so it asks for neither of what serving needs.
_NOT_ASKED_FOR = {
    "HOMEROOM_SECRET_KEY": "a command signs nothing with this key",
    "HOMEROOM_PUBLIC_URL": "http://127.0.0.1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What a command works on."""

    settings: Settings
    database: Database
    container: Container
    ids: Ids
    clock: Clock


def settings_of_command() -> Settings:
    """The settings of this environment, but for the secret key and the public URL.

    Raises:
        SystemExit: a setting is refused; the text says what to do.
    """
    named = {name: value for name, value in os.environ.items() if value.strip()}
    try:
        return Settings.from_environment({**_NOT_ASKED_FOR, **named})
    except SettingRefused as refused:
        sys.exit(f"homeroom: {refused}")


@contextmanager
def installation(clock: Clock | None = None) -> Iterator[Installation]:
    """Open the configured database, whose schema must be current.

    Raises:
        SystemExit: it does not answer, cannot be used, or refused what the command did.
    """
    settings, clock = settings_of_command(), clock or SystemClock()
    ids = Ids(lambda: epoch_ms(clock.now()))
    try:
        _refuse_absent_file(settings.database_url)
        database = open_database(
            Flask("api"), url=settings.database_url, threads=1, pooler=settings.pooler, clock=clock
        )
        try:
            with database.read() as tx:
                check_fit(tx, release=RELEASE)
            container = build(database, ids=ids, is_signup_open=True)
            yield Installation(
                settings=settings, database=database, container=container, ids=ids, clock=clock
            )
        finally:
            database.close()
    except UnsuitableDatabase as unsuitable:
        sys.exit(f"homeroom: {unsuitable}")
    except Unavailable as away:
        sys.exit(f"homeroom: {away.detail} HOMEROOM_DATABASE_URL names it.")
    except Refusal as refused:
        sys.exit(f"homeroom: {refused.code}: {refused.detail}")


def _refuse_absent_file(url: str) -> None:
    """Refuse to go on where SQLite would be asked for a file in a folder that is not there.

    Raises:
        UnsuitableDatabase: there is no file; the text says how to make it.
    """
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).exists():
        raise UnsuitableDatabase(f"there is no database {parsed.database}: homeroom db upgrade")
