import os
import subprocess
import sys

import pytest

from tests.docs.pages import ROOT, blocks
from tests.servers.programs import environment, one_port

PAGE = ROOT / "docs" / "first-registration.md"
PROGRAM, SUITE = blocks(PAGE, "python")
SDK = ROOT / "build" / "sdk"
FOLDER = SDK / "openapi-python-client"


def run(*command, cwd=ROOT):
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment(cwd, PATH=os.environ["PATH"]),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.fixture(scope="module")
def generated():
    """What the command of the page leaves, made anew if the document has changed since."""
    if not (ROOT / "scripts" / "sdk").exists():
        pytest.skip("scripts/sdk is not in this tree, so no SDK can be generated")
    package, document = FOLDER / "homeroom_sdk" / "client.py", ROOT / "docs" / "openapi.json"
    if not package.exists() or package.stat().st_mtime < document.stat().st_mtime:
        made = run("bash", "-ec", blocks(PAGE, "sh")[0])
        assert made.returncode == 0, made.stdout + made.stderr


def test_the_program_of_the_page_registers_with_a_generated_sdk(generated, tmp_path):
    program = FOLDER / "register.py"
    program.write_text(PROGRAM)
    with one_port(tmp_path, "--demo") as (_, client):
        done = run(SDK / "venv" / "bin" / "python", program, str(client.base_url).rstrip("/"))

    assert done.stdout == "Choir enrolled\n", done.stderr


def test_the_suite_of_the_page_passes(tmp_path):
    (tmp_path / "test_first.py").write_text(SUITE)

    done = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)

    assert "1 passed" in done.stdout, done.stdout + done.stderr
