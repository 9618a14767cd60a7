"""The program of docs/first-registration.md, with the SDK that its command leaves."""

import subprocess

import pytest

from clients.generators import ROOT, SDK, VENV
from tests.docs.pages import blocks
from tests.servers.programs import one_port

PAGE = ROOT / "docs" / "first-registration.md"
FOLDER = SDK / "openapi-python-client"


@pytest.mark.xdist_group("sdk")
def test_the_program_of_the_page_registers_with_a_generated_sdk(done_by_the_page, tmp_path):
    assert done_by_the_page.returncode == 0, done_by_the_page.stdout + done_by_the_page.stderr
    program = FOLDER / "register.py"
    program.write_text(blocks(PAGE, "python")[0])

    with one_port(tmp_path, "--demo") as (_, client):
        done = subprocess.run(
            [VENV / "bin" / "python", program, str(client.base_url).rstrip("/")],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.stdout == "Choir enrolled\n", done.stderr
