"""Servers as operators deploy them, alone or behind nginx, with a fault in them to look at."""

import os
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import httpx
from sqlalchemy import create_engine, text

from tests.blackbox.behind import free_port, nginx
from tests.blackbox.checks import CHECKS
from tests.blackbox.test_limits_and_faults import LIMIT, faulty
from tests.blackbox.world import World
from tests.servers.programs import ROOT

ORIGIN = "https://pages.example"
SWITCHES = {
    "HOMEROOM_RATE_LIMIT": "off",
    "HOMEROOM_REGISTRATION_RATE_LIMIT": f"{LIMIT}/second",
    "HOMEROOM_CORS_ORIGINS": f"https://other.example,{ORIGIN}",
}
WHOLE = ("--origin", ORIGIN, "--fault-path", "/v1/failures")
"""What the script is told beside, so that nothing is left out."""


@dataclass
class Deployed:
    """A server, and what its operator hands over."""

    world: World
    url: str
    tokens: list = field(default_factory=list)

    def looked_at(self, *arguments):
        """What `scripts/conformance` says of it, and its status."""
        given = [part for token in self.tokens for part in ("--token", token)]
        told = subprocess.run(
            [ROOT / "scripts" / "conformance", self.world.base, *given, *arguments],
            cwd=ROOT,
            # As operators run it: modules that were read once are kept.
            env={name: it for name, it in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            capture_output=True,
            check=False,
            text=True,
        )
        return told.returncode, told.stdout + told.stderr

    def count(self, what):
        """How many rows the database has."""
        engine = create_engine(self.url)
        with engine.connect() as reading:
            number = reading.execute(text(f"SELECT count(*) FROM {what}")).scalar_one()
        engine.dispose()
        return number


@contextmanager
def deployed(backend, url, folder, *, signups=1, **settings):
    """The program that belongs to a database, with nothing before it, and some accounts."""
    given = {"HOMEROOM_DATABASE_URL": url, **SWITCHES, **settings}
    with faulty(backend, folder / "data", **given) as (_, client):
        yield peopled(World(str(client.base_url).rstrip("/"), client), url, signups)


@contextmanager
def deployed_behind_nginx(backend, url, folder, *, signups=1, changes=None, **settings):
    """The same with the nginx of deploy/ before it."""
    outside = free_port()
    base = f"http://127.0.0.1:{outside}"
    given = {
        "HOMEROOM_DATABASE_URL": url,
        "HOMEROOM_PUBLIC_URL": base,
        "HOMEROOM_TRUSTED_PROXIES": "1",
        **SWITCHES,
        **settings,
    }
    if backend == "sqlite":
        # It says its public address, and not on which port it listens.
        given["PORT"] = str(free_port())
    with ExitStack() as stack:
        _, inner = stack.enter_context(faulty(backend, folder / "data", **given))
        inside = int(given.get("PORT", inner.base_url.port))
        stack.enter_context(nginx(folder / "nginx", outside, before=inside, **changes or {}))
        client = stack.enter_context(httpx.Client(base_url=base, timeout=30))
        yield peopled(World(base, client), url, signups)


def peopled(world, url, signups):
    return Deployed(world, url, [world.signed_up("account").token for _ in range(signups)])


def lines_of(told):
    """The verdict on each check, from the table, and on what was looked at beside, by its words."""
    found = {}
    for line in told.splitlines():
        mark, _, rest = line.strip().partition("  ")
        if mark == "+":
            title, _, verdict = rest.partition("  ")
            found[title] = verdict.strip()
        elif mark.isdecimal() and int(mark) in CHECKS and CHECKS[int(mark)] in rest:
            found[int(mark)] = rest.replace(CHECKS[int(mark)], "", 1).strip()
    return found


def assert_all_passed(status, told):
    """Every one of the forty, and all beside."""
    verdicts = lines_of(told)
    assert [what for what in verdicts if what in CHECKS] == list(CHECKS), told
    assert {what for what, verdict in verdicts.items() if verdict != "pass"} == set(), told
    assert len(verdicts) > len(CHECKS)
    assert status == 0
