"""The program of docs/first-registration.md, with the SDK that its command leaves."""

import subprocess

import pytest

from clients.generators import ROOT, SDK, VENV, python_tools
from tests.docs.pages import blocks
from tests.servers.programs import one_port

PAGE = ROOT / "docs" / "first-registration.md"
FOLDER = SDK / "openapi-python-client"


@pytest.fixture
def generated():
    """What the command of the page leaves; it is run again if the document has changed since."""
    if reason := python_tools():
        pytest.skip(reason)
    package, document = FOLDER / "homeroom_sdk" / "client.py", ROOT / "docs" / "openapi.json"
    if not package.exists() or package.stat().st_mtime < document.stat().st_mtime:
        subprocess.run(["bash", "-ec", blocks(PAGE, "sh")[0]], cwd=ROOT, check=True)


@pytest.mark.xdist_group("sdk")
def test_the_program_of_the_page_registers_with_a_generated_sdk(generated, tmp_path):
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
