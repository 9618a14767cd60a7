"""The one-port program with two addresses more: one that fails, and one of a version that ended."""

import sys
from datetime import UTC, datetime
from functools import partial

import asgi
from api import startup
from api.app import create_app
from api.http.versions import SHORTEST, Ending, Version, Versions
from api.resources.accounts import Me
from tests.blackbox.faulty import with_fault
from tests.versions.serving import serve

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
ENDED = Ending(since=SINCE, sunset=SINCE + SHORTEST, successor="v1", guide="/docs")
VERSIONS = Versions(served=(Version(name="v0", ending=ENDED), Version(name="v1")))


class MeV0(Me):
    """The caller, in the version before the first."""


def with_ended_version(app):
    """The application, with an address of the version that ended."""
    accounts = app.extensions["homeroom"].container.accounts
    serve(app, MeV0, "/v0/me", accounts=accounts)
    return app


def application_of(*given):
    return with_ended_version(with_fault(startup.application_of(*given)))


if __name__ == "__main__":
    startup.create_app = partial(create_app, versions=VERSIONS)
    asgi.application_of = application_of
    asgi.main(sys.argv[1:])
