"""What docs/clients.md shows does what it says."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api.models import migrate
from tests.docs.pages import ROOT, blocks
from tests.servers.programs import one_port

pytestmark = [pytest.mark.xdist_group("clients-browse")]

PAGE = ROOT / "docs" / "clients.md"
SHOWN = "http://127.0.0.1:8000"
(SAID,) = blocks(PAGE, "text")


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory):
    """Give the address of a server with the demonstration school."""
    folder = tmp_path_factory.mktemp("demonstration")
    migrate.upgrade(f"sqlite:///{folder / 'homeroom.sqlite3'}")
    with one_port(folder, "--demo", HOMEROOM_LOG="text", HOMEROOM_RATE_LIMIT="off") as (_, client):
        yield str(client.base_url).rstrip("/")


def test_the_five_minutes_of_python(demonstration):
    (program,) = blocks(PAGE, "python")

    ran = subprocess.run(
        [sys.executable, "-c", program.replace(SHOWN, demonstration)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout == SAID


def test_the_five_minutes_of_javascript(demonstration, tmp_path, node):
    (program,) = blocks(PAGE, "javascript")
    root = httpx.get(f"{demonstration}/").json()
    script = httpx.get(root["_links"]["code-on-demand"]["href"])
    (tmp_path / "homeroom.mjs").write_text(script.text)
    (tmp_path / "program.mjs").write_text(program.replace(SHOWN, demonstration))

    assert node(tmp_path / "program.mjs") == SAID


def test_the_walk_in_a_pipe(demonstration):
    line = blocks(PAGE, "sh")[1].replace(SHOWN, demonstration)

    words = shlex.split(line)
    ran = subprocess.run(
        [Path(sys.executable).parent / "homeroom", *words[1:]],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )

    assert words[0] == ".venv/bin/homeroom"
    assert '"title": "Choir"' in ran.stdout
