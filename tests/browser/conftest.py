"""A running server and a real Chromium that reaches nothing but this machine."""

import os
import shutil
from dataclasses import dataclass, field

import pytest

from api.models import migrate
from tests.servers.programs import one_port

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium():
    """Give the path of the machine's Chromium, or None."""
    named = os.environ.get("HOMEROOM_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A one-port program of its own; gives a client of it."""
    folder = tmp_path_factory.mktemp("browser")
    migrate.upgrade(f"sqlite:///{folder / 'homeroom.sqlite3'}")
    with one_port(folder) as (_, client):
        yield client


@dataclass
class Visit:
    """A page, and what it did that nobody sees."""

    page: object
    base: str
    complaints: list = field(default_factory=list)
    requests: list = field(default_factory=list)

    def hear(self, message):
        """Keep what the console says aloud; Chromium whispers advice about any form."""
        if message.type in {"warning", "error"}:
            self.complaints.append(f"{message.type}: {message.text}")

    @property
    def strays(self):
        """Requests that left this machine."""
        return [url for url in self.requests if not url.startswith((self.base, "data:", "blob:"))]


# Not for the session: Playwright's loop runs in this thread as long as it lives, and the tests of
# other modules want loops of their own.
@pytest.fixture(scope="module")
def browser():
    path = chromium()
    if path is None:
        pytest.skip(
            "no Chromium: install one (Debian: apt-get install chromium), "
            "or name one in HOMEROOM_CHROMIUM"
        )
    from playwright.sync_api import sync_playwright

    # The sandbox of Chromium needs rights that root in a container lacks.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    # Names are not resolved at all, so that a stray request fails as well as being noticed.
    options.append("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=options)
        yield started
        started.close()


@pytest.fixture
def visit(browser, server):
    """A fresh page whose console and requests are watched."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(15_000)
    seen = Visit(page, str(server.base_url).rstrip("/"))
    page.on("console", seen.hear)
    page.on("pageerror", lambda error: seen.complaints.append(f"error: {error}"))
    page.on("request", lambda request: seen.requests.append(request.url))
    yield seen
    context.close()
