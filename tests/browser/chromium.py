"""A real Chromium that reaches nothing but this machine, and what a page of it does unseen."""

import os
import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field

NAMES = ("chromium", "chromium-browser", "google-chrome")
REFUSED = re.compile(
    r"error: Failed to load resource: the server responded with a status of (4\d\d) \(.*\)"
)
MISSING = (
    "no Chromium: install one (Debian: apt-get install chromium), or name one in HOMEROOM_CHROMIUM"
)


def chromium():
    """Give the path of the machine's Chromium, or None."""
    named = os.environ.get("HOMEROOM_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched(path):
    """Run the Chromium at this path."""
    from playwright.sync_api import sync_playwright

    # The sandbox of Chromium needs rights that root in a container lacks.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    # Names are not resolved at all, so that a stray request fails as well as being noticed.
    options.append("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=options)
        yield started
        started.close()


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

    @property
    def refusals(self):
        """The statuses of which the console says, unasked, that they are no success."""
        return [int(found[1]) for found in map(REFUSED.fullmatch, self.complaints) if found]

    @property
    def faults(self):
        """What the console complains of beside refused requests."""
        return [each for each in self.complaints if not REFUSED.fullmatch(each)]


@contextmanager
def visiting(browser, base, **options):
    """Open a fresh page whose console and requests are watched."""
    # A fifth of the time of a click goes by while things move.
    context = browser.new_context(**{"reduced_motion": "reduce"} | options)
    page = context.new_page()
    # The forms of lists have a hundred fields, and two cores may be shared by other tests.
    page.set_default_timeout(60_000)
    seen = Visit(page, base)
    page.on("console", seen.hear)
    page.on("pageerror", lambda error: seen.complaints.append(f"error: {error}"))
    page.on("request", lambda request: seen.requests.append(request.url))
    yield seen
    context.close()
