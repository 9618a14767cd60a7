"""Ephemeral Homerooms: in a process of their own, and in this one."""

import os
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from api.ephemeral.desk import Desk
from api.ephemeral.stage import Stage
from homeroom_testing.process import ServerProcess, command_of
from homeroom_testing.running import RunningHomeroom
from tests.apps import Client

KEY = "the key of these tests"
START = datetime(2026, 9, 1, 8, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def kept_bytecode():
    """Let servers keep their bytecode, which is half of a quick start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Start servers; each ends with the module, unless it has before."""
    started = []

    def start(*options):
        log = tmp_path_factory.mktemp("server") / "log"
        started.append(ServerProcess.start(command_of([]), log, *options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def ephemeral_server(start):
    return start()


@pytest.fixture(scope="module")
def running(ephemeral_server):
    running = RunningHomeroom(ephemeral_server.told)
    yield running
    running.close()


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A stage in this process; nobody can log in, as no password is hashed."""
    folder = tmp_path_factory.mktemp("stage")
    stage = Stage(folder, seed=0, starts_at=START, password_hash="$nobody$")
    yield stage
    stage.strike()


@pytest.fixture
def desk(stage):
    """A client with the key; the clock is back at its start after each test."""
    desk = Desk(stage, key=KEY, base_url="http://127.0.0.1:1")
    yield Caller(desk.app.test_client())
    stage.scene.clock.move(START, backwards=True)


class Caller:
    """Asks the desk with the key, and the REST application of the present scene as a person."""

    def __init__(self, client):
        self.client = client

    def open(self, method, path="", key=KEY, **options):
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return self.client.open(f"/ephemeral{path}", method=method, headers=headers, **options)

    def move(self, **wish):
        return self.open("PATCH", "/clock", json=wish)


@pytest.fixture
def as_person(stage):
    """Ask the REST application with a token."""
    return lambda token=None: Client(stage.scene.app.test_client(), token)


@contextmanager
def bare(tmp_path, *options, **pipes):
    """Run the command without the plugin, with its files below `tmp_path`."""
    process = subprocess.Popen(
        [*command_of([]), "serve", "--ephemeral", *options],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        **pipes,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
