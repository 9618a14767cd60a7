"""A running server, and a page that looks at it."""

import pytest

from api.models import migrate
from tests.browser.chromium import MISSING, chromium, launched, visiting
from tests.servers.programs import one_port


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A one-port program of its own; gives a client of it."""
    folder = tmp_path_factory.mktemp("browser")
    migrate.upgrade(f"sqlite:///{folder / 'homeroom.sqlite3'}")
    with one_port(folder, HOMEROOM_RATE_LIMIT="off") as (_, client):
        yield client


# Not for the session: Playwright's loop runs in this thread as long as it lives, and the tests of
# other modules want loops of their own.
@pytest.fixture(scope="module")
def browser():
    path = chromium()
    if path is None:
        pytest.skip(MISSING)
    with launched(path) as started:
        yield started


@pytest.fixture
def visit(browser, server):
    """A fresh page whose console and requests are watched."""
    with visiting(browser, str(server.base_url).rstrip("/")) as seen:
        yield seen
