import os
import re
import subprocess
import zipfile

from tests.docs.pages import README_ADDRESS, ROOT, blocks
from tests.servers.programs import PYTHON, environment, one_port

PAGE = ROOT / "docs" / "exports.md"


def test_the_commands_of_the_page_fetch_a_school(tmp_path):
    with one_port(tmp_path, "--demo") as (_, client):
        (commands,) = blocks(PAGE, "sh")
        script = commands.replace(README_ADDRESS, str(client.base_url).rstrip("/"))

        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=environment(tmp_path, PATH=f"{PYTHON.parent}:{os.environ['PATH']}"),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    files = re.findall(r"^\| `(\w+\.csv)`", PAGE.read_text(), re.MULTILINE)
    assert zipfile.ZipFile(tmp_path / "school.zip").namelist() == files
