"""Homerooms to be found by links: as it comes, and with every path another."""

import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from api.models import migrate
from tests.browser.conftest import browser as browser
from tests.clients.forwarding import Proxy, forwarding
from tests.clients.speaking import NodeExchange, PythonExchange, node_process
from tests.servers.programs import one_port

HERE = Path(__file__).parent
OLDEST_NODE = 20
QUIET = {
    "HOMEROOM_RATE_LIMIT": "off",
    "HOMEROOM_REGISTRATION_RATE_LIMIT": "off",
    "HOMEROOM_LOG": "text",
    "HOMEROOM_CORS_ORIGINS": "*",
}


@dataclass
class Place:
    """Where a Homeroom is; a `proxy` in front of it loses the first answer of every keyed write."""

    url: str
    proxy: Proxy | None = None


@contextmanager
def elsewhere(folder):
    """Give another URL map, below a prefix, behind two proxies: the inner one loses answers."""
    with (
        forwarding(prefix="/school-a") as outer,
        forwarding(loses_answers=True) as inner,
    ):
        outer.upstream = inner.address
        settings = {
            "HOMEROOM_PUBLIC_URL": f"{outer.address}/school-a",
            "HOMEROOM_TRUSTED_PROXIES": "2",
        }
        with one_port(folder, program=HERE / "other_map.py", **QUIET, **settings) as (process, _):
            inner.upstream = f"http://127.0.0.1:{listening(process.pid)}"
            yield Place(f"{outer.address}/school-a", inner)


def listening(pid):
    """Give the port at which a process listens: what it prints is its public address."""
    (port,) = {
        one.laddr.port
        for one in psutil.Process(pid).net_connections("tcp")
        if one.status == psutil.CONN_LISTEN
    }
    return port


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """A Homeroom as it comes, with the demonstration school."""
    with one_port(prepared(tmp_path_factory), "--demo", **QUIET) as (_, client):
        yield Place(str(client.base_url).rstrip("/"))


@pytest.fixture(scope="session")
def moved(tmp_path_factory):
    """A Homeroom of which nothing is where it was."""
    with elsewhere(prepared(tmp_path_factory)) as place:
        yield place


@pytest.fixture(params=["plain", "moved"])
def place(request):
    """Every Homeroom in turn."""
    return request.getfixturevalue(request.param)


def prepared(tmp_path_factory):
    """Make a folder with an empty database."""
    folder = tmp_path_factory.mktemp("clients")
    migrate.upgrade(f"sqlite:///{folder / 'homeroom.sqlite3'}")
    return folder


@pytest.fixture(scope="session")
def node_path():
    """Give the path of a Node.js that is new enough."""
    found = shutil.which("node")
    if found is None or _major(found) < OLDEST_NODE:
        pytest.skip(f"no Node.js {OLDEST_NODE} or newer (its makers: https://nodejs.org)")
    return found


@pytest.fixture
def node(node_path):
    """Give a function that runs a module of this folder under Node.js; gives what it printed."""

    def run(name, *arguments, stdin=None):
        ran = subprocess.run(
            [node_path, HERE / name, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            input=stdin,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    return run


@pytest.fixture
def in_python():
    """Give a function that makes an exchange of the Python client with a server."""
    with httpx.Client(timeout=5) as http:
        yield lambda script, **given: PythonExchange(http, script.address, **given)


@pytest.fixture(scope="module")
def in_node(node_path):
    """Give a function that makes an exchange of the ES module with a server."""
    with node_process(node_path) as process:
        yield lambda script, **given: NodeExchange(process, script.address, **given)


@pytest.fixture(params=["in_python", "in_node"])
def speaking(request):
    """Each in turn."""
    return request.getfixturevalue(request.param)


def _major(node):
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return int(said.stdout.removeprefix("v").partition(".")[0])
