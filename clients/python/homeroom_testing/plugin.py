"""The pytest plugin: a Homeroom for the session, an organization of its own for each test."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

# What a suite does not use is not loaded: pytest imports this module in every session.
if TYPE_CHECKING:
    from homeroom_testing.running import Clock, Organization, RunningHomeroom

_MARK = "homeroom(students=1, timezone='UTC'): what the organization of this test shall be like"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say what a suite can set."""
    parser.addini("homeroom_command", "The command that serves; HOMEROOM_COMMAND.", type="args")
    parser.addini("homeroom_seed", "What ids and tokens come from, a number.", default="0")
    parser.addini("homeroom_starts_at", "Where the clock stands at the start.", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", _MARK)


@pytest.fixture(scope="session")
def homeroom(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningHomeroom]:
    """A running Homeroom with its fixtures, for the session (under xdist: for the worker)."""
    from homeroom_testing.process import (  # noqa: PLC0415  # see above
        HomeroomNotStarted,
        ServerProcess,
        command_of,
    )
    from homeroom_testing.running import RunningHomeroom  # noqa: PLC0415  # see above

    # A suite has no settings of its own kind: a variable, as the workers of xdist inherit it.
    named = shlex.split(os.environ.get("HOMEROOM_COMMAND", ""))  # noqa: TID251  # see above
    starts_at = pytestconfig.getini("homeroom_starts_at")
    options = ["--seed", pytestconfig.getini("homeroom_seed")]
    options += ["--starts-at", starts_at] if starts_at else []
    log = tmp_path_factory.mktemp("homeroom") / "server.log"
    try:
        command = command_of(named or pytestconfig.getini("homeroom_command"))
        server = ServerProcess.start(command, log, *options)
    except HomeroomNotStarted as reason:
        pytest.fail(f"Homeroom: {reason}", pytrace=False)
    try:
        running = RunningHomeroom(server.told)
        yield running
        running.close()
    finally:
        server.stop()


@pytest.fixture
def homeroom_organization(
    request: pytest.FixtureRequest, homeroom: RunningHomeroom
) -> Organization:
    """An organization that nothing but this test works in, with people and nothing else in it."""
    mark = request.node.get_closest_marker("homeroom")
    return homeroom.organization(**(mark.kwargs if mark else {}))


@pytest.fixture
def homeroom_clock(homeroom: RunningHomeroom) -> Iterator[Clock]:
    """The clock of the server; after the test it stands where it stood before."""
    clock = homeroom.clock
    before = clock.now
    yield clock
    clock.move(before, backwards=True)
