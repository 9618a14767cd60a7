"""What docs/clients.md shows does what it says."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.docs.pages import ROOT, blocks

pytestmark = [pytest.mark.xdist_group("clients")]

PAGE = ROOT / "docs" / "clients.md"
SHOWN = "http://127.0.0.1:8000"
(SAID,) = blocks(PAGE, "text")


def test_the_five_minutes_of_python(plain):
    (program,) = blocks(PAGE, "python")

    ran = subprocess.run(
        [sys.executable, "-c", program.replace(SHOWN, plain.url)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout == SAID


def test_the_five_minutes_of_javascript(plain, tmp_path, node):
    (program,) = blocks(PAGE, "javascript")
    root = httpx.get(f"{plain.url}/").json()
    script = httpx.get(root["_links"]["code-on-demand"]["href"])
    (tmp_path / "homeroom.mjs").write_text(script.text)
    (tmp_path / "program.mjs").write_text(program.replace(SHOWN, plain.url))

    assert node(tmp_path / "program.mjs") == SAID


def test_the_walk_in_a_pipe(plain):
    line = blocks(PAGE, "sh")[1].replace(SHOWN, plain.url)

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
