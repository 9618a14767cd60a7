"""Start the programs of the house as an operator does, each in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from api.server import listen

ROOT = Path(__file__).parents[2]
PYTHON = Path(sys.executable)
START_SECONDS = 40


def environment(data_dir, **variables):
    """Give the variables of a development process that keeps all it has in `data_dir`."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HOMEROOM_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return inherited | {
        "HOMEROOM_ENV": "development",
        "HOMEROOM_DATA_DIR": str(data_dir),
        "HOST": "127.0.0.1",
        "PORT": "0",
        **variables,
    }


@contextmanager
def one_port(data_dir, *arguments, program=ROOT / "asgi.py", **variables):
    """Run asgi.py on a free port; gives the process and a client, when it says that it serves."""
    process = subprocess.Popen(
        [PYTHON, program, *arguments],
        env=environment(data_dir, **variables),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with _ending(process):
        address = ""
        while not address.startswith("Homeroom serves "):
            address = process.stdout.readline()
            assert address, "asgi.py ended before it served"
        with httpx.Client(base_url=address.split()[2], timeout=10) as client:
            yield process, client


@contextmanager
def granian(data_dir, *, application="wsgi:application", **variables):
    """Run wsgi.py under granian on a port that was free a moment ago."""
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    process = subprocess.Popen(
        [
            *(PYTHON.parent / "granian", "--interface", "wsgi", "--no-ws"),
            *("--host", "127.0.0.1", "--port", str(port), application),
        ],
        env=environment(data_dir, PORT=str(port), **variables),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    with (
        _leaving_nobody(process),
        _ending(process),
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        _await_an_answer(client)
        yield process, client


@contextmanager
def _ending(process):
    try:
        yield
    finally:
        if process.poll() is None:
            # granian's worker outlives a killed parent, so the parent is asked first.
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        process.stdout.close()


@contextmanager
def _leaving_nobody(process):
    """End what the process started too: workers outlive a parent that ends while it starts them."""
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _await_an_answer(client):
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.get("/healthz")
        except httpx.TransportError:
            assert time.monotonic() < deadline, f"no answer within {START_SECONDS} s"
            time.sleep(0.05)
        else:
            return
