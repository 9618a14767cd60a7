"""What starts nginx for tests, by a program in its place that is hard to live with."""

import sys

import pytest

from tests.blackbox import behind

NGINX = f"""#!{sys.executable}
import pathlib, re, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sys.stderr.write("said\\n" * 100_000)
sys.stderr.flush()
if "cannot" in sys.argv[0]:
    sys.exit(1)
configuration = pathlib.Path(sys.argv[sys.argv.index("-c") + 1]).read_text()
port = int(re.search(r"listen 127.0.0.1:(\\d+)", configuration)[1])
HTTPServer(("127.0.0.1", port), BaseHTTPRequestHandler).serve_forever()
"""


@pytest.fixture
def on_the_path(tmp_path, monkeypatch):
    """Give a function that puts the program first on the path; gives its file."""

    def put(folder):
        program = tmp_path / folder / "nginx"
        program.parent.mkdir()
        program.write_text(NGINX)
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        return program

    return put


def test_the_nginx_of_the_path_comes_before_that_of_the_system(on_the_path):
    program = on_the_path("homebrew")

    assert behind.found() == str(program)


def test_one_that_says_much_and_hears_no_signal_serves_and_is_ended(
    on_the_path, tmp_path, monkeypatch
):
    on_the_path("stubborn")
    with behind.nginx(tmp_path / "front", behind.free_port(), before=1) as process:
        monkeypatch.setattr(behind, "SECONDS", 0.1)

    assert process.returncode == -9


def test_one_that_does_not_start_is_quoted(on_the_path, tmp_path):
    on_the_path("cannot")

    with (
        pytest.raises(AssertionError, match="said\nsaid"),
        behind.nginx(tmp_path / "front", behind.free_port(), before=1),
    ):
        pytest.fail("it does not serve")


def test_a_port_is_none_that_a_system_gives_to_others_by_chance():
    assert behind.free_port() in behind.NOT_HANDED_OUT
