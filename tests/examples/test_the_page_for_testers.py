"""What the page for testers shows beside Python, done as it says."""

import json
import os
import subprocess

from api.ephemeral.fixtures import offerings_of
from tests.docs.pages import ROOT, blocks
from tests.ephemeral.conftest import START
from tests.servers.programs import PYTHON

PAGE = ROOT / "docs" / "testing-against-homeroom.md"


def test_the_shell_commands_on_the_page_work(tmp_path):
    (script,) = blocks(PAGE, "sh")

    ran = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{script}\nwait"],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{PYTHON.parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout
    told = json.loads((tmp_path / "homeroom.json").read_text())
    assert f'"id":"{told["classes"]["full"]}"' in ran.stdout
    assert '{"now":"2026-09-01T09:00:00.000Z"}' in ran.stdout
    assert '"username":"owner-1"' in ran.stdout
    assert f'"key":"{told["key"]}"' in ran.stdout


def test_the_page_names_every_class_of_the_fixtures():
    page = PAGE.read_text()

    assert [name for name in offerings_of(START) if f"`{name}`" not in page] == []
