import os
import subprocess

from tests.docs.pages import README_ADDRESS, README_SAYS, ROOT, blocks
from tests.servers.programs import PYTHON, environment, one_port

README = ROOT / "README.md"


def test_a_newcomer_who_copies_the_readme_registers_and_verifies(tmp_path):
    script = "\n".join(["set -euo pipefail", *blocks(README, "sh")])
    with one_port(tmp_path, "--demo") as (_, client):
        script = script.replace(README_ADDRESS, str(client.base_url).rstrip("/"))
        script = script.replace(".venv/bin/", f"{PYTHON.parent}/")

        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=environment(tmp_path, PATH=os.environ["PATH"]),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    assert [each for each in README_SAYS if each not in done.stdout] == []


def test_the_readme_shows_what_a_start_prints(tmp_path):
    shown = blocks(README, "console")[0].splitlines()
    with one_port(tmp_path, "--demo") as (process, client):
        where = str(client.base_url).rstrip("/")
        # `one_port` has read as far as the line that says where it serves.
        last = process.stdout.readline().rstrip().replace(where, README_ADDRESS)

    assert last == shown[-1]
    assert shown[-2] == f"Homeroom serves {README_ADDRESS}"


def test_the_logins_of_the_readme_are_those_of_the_demonstration():
    from api.cli.seeding import demonstration

    shown = blocks(README, "console")[0]

    for name in demonstration._NAMES:
        assert f"  {name:<12} {demonstration.PASSWORD}\n" in shown
