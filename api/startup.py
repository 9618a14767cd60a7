"""How a program starts: settings, logs, then an application on a database that fits it."""

import sys
from collections.abc import Mapping

from flask import Flask

from api import logs
from api.app import create_app
from api.errors import Unavailable
from api.models.engines import UnsuitableDatabase
from api.models.schema_info import check_schema
from api.release import RELEASE
from api.settings import SettingRefused, Settings


def settings_of(environ: Mapping[str, str]) -> Settings:
    """Read the settings, and log from now on in the form that they name.

    Raises:
        SystemExit: a setting is refused; the text says what to do.
    """
    try:
        settings = Settings.from_environment(environ)
    except SettingRefused as refused:
        sys.exit(f"homeroom: {refused}")
    logs.configure(settings.log)
    return settings


def application_of(settings: Settings) -> Flask:
    """Build the application on a database that answers and that this release can use.

    Its sweeper runs from then on, unless the settings say otherwise.

    Raises:
        SystemExit: the database is away, behind the code or ahead of it; the text says which.
    """
    try:
        app = create_app(settings)
        with app.extensions["homeroom"].database.read() as tx:
            check_schema(tx, release=RELEASE)
        if settings.sweeper:
            app.extensions["homeroom"].sweeper.start()
    except UnsuitableDatabase as unsuitable:
        sys.exit(f"homeroom: {unsuitable}")
    except Unavailable:
        sys.exit("homeroom: the database that HOMEROOM_DATABASE_URL names does not answer")
    return app
