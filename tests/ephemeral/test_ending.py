"""Whoever starts an ephemeral Homeroom may end as they like: nothing is left of it."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from homeroom_testing.process import command_of
from tests.ephemeral.conftest import bare

SOON = 20
"""Seconds: it takes a tenth of that where nothing else runs."""

PARENT = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:])
print(child.pid, flush=True)
time.sleep(60)
"""

STUBBORN = """
import os, signal, sys, time, pathlib
from api.ephemeral.parent import end_with_parent
signal.signal(signal.SIGINT, signal.SIG_IGN)
end_with_parent(pathlib.Path(sys.argv[1]).touch, parent=os.getppid(), reads_stdin=True)
print("began", flush=True)
time.sleep(60)
"""


ORPHAN = """
import os, sys
from api.cli import main
after = os.getppid
# As when the parent is killed while the program is loaded: until then it was another.
os.getppid = lambda: after() if "api.ephemeral.program" in sys.modules else 0
main(["serve", "--ephemeral"])
"""


def await_end(is_over):
    deadline = time.monotonic() + SOON
    while not is_over():
        assert time.monotonic() < deadline, "still there"
        time.sleep(0.02)


def left_in(tmp_path):
    return [one.name for one in tmp_path.iterdir() if one.name.startswith("homeroom-ephemeral-")]


def test_it_ends_with_a_parent_that_is_killed(tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *command_of([]), "serve", "--ephemeral"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with parent:
        server = psutil.Process(int(parent.stdout.readline()))
        assert json.loads(parent.stdout.readline())["base_url"]
        assert len(left_in(tmp_path)) == 1

        parent.kill()

        await_end(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)
    assert left_in(tmp_path) == []


def test_it_ends_with_a_parent_that_is_killed_while_it_starts(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", ORPHAN],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(SOON)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert left_in(tmp_path) == []


def test_what_a_terminal_sends_to_the_suite_does_not_reach_the_server(ephemeral_server):
    assert os.getpgid(ephemeral_server.process.pid) != os.getpgid(0)


def test_it_ends_with_its_standard_input_where_that_is_asked_for(tmp_path):
    with bare(tmp_path, "--until-stdin-ends", stdin=subprocess.PIPE) as process:
        assert process.stdout.readline()

        process.stdin.close()

        process.wait(SOON)
    assert left_in(tmp_path) == []


def test_it_serves_without_standard_input(tmp_path):
    with bare(tmp_path, stdin=subprocess.DEVNULL) as process:
        assert json.loads(process.stdout.readline())["base_url"]
        assert process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_it_leaves_nothing_behind_when_a_signal_ends_it(tmp_path, number):
    with bare(tmp_path, stdin=subprocess.DEVNULL) as process:
        assert process.stdout.readline()

        process.send_signal(number)

        process.wait(SOON)
        assert process.stdout.read() == ""
    assert left_in(tmp_path) == []


def test_it_leaves_nothing_behind_when_it_ends_before_it_serves(tmp_path):
    with bare(tmp_path, stdin=subprocess.DEVNULL) as process:
        await_end(lambda: left_in(tmp_path))

        process.terminate()

        assert process.wait(SOON) == 128 + signal.SIGTERM
        assert process.stdout.read() == ""
    assert left_in(tmp_path) == []


def test_a_server_that_does_not_come_to_an_end_is_cleaned_up_after_and_left(tmp_path):
    cleaned = tmp_path / "cleaned"
    process = subprocess.Popen(
        [sys.executable, "-c", STUBBORN, cleaned],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "began\n"

        process.stdin.close()

        assert process.wait(SOON) == 1
    assert cleaned.exists()
