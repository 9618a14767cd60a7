"""Requests played on the WSGI application itself, by the process that holds it: no server between.

Under callgrind the instructions of each job are dumped apart; under `--profile` the functions of
Python are told. It reads a plan as `benchmarks.instructions` writes it.
"""

import cProfile
import io
import json
import os
import pstats
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

FUNCTIONS = 60
"""How many functions a profile tells of."""


def main(arguments: Sequence[str]) -> None:
    """Play each job of the plan: what warms up, then what is counted."""
    plan = json.loads(Path(arguments[0]).read_text())
    from wsgi import application  # here, so that a fault of the plan is told first

    for job, (status, warming, counted) in plan.items():
        play(application, warming, status)
        if "--profile" in arguments:
            profiled(job, application, counted, status)
        else:
            _callgrind("--zero")
            play(application, counted, status)
            _callgrind(f"--dump={job}")


def play(application: Any, requests: Iterable[dict[str, Any]], status: int) -> None:
    """Ask, and hold each answer against the status that it must have.

    Raises:
        SystemExit: an answer has another.
    """
    told: list[str] = []
    for request in requests:
        answer = b"".join(application(_environ(request), lambda line, _: told.append(line)))
        if not told.pop().startswith(str(status)):
            sys.exit(f"{request['method']} {request['path']}: {answer[:500]!r}")


def profiled(job: str, application: Any, requests: Sequence[dict[str, Any]], status: int) -> None:
    """Tell which functions of Python took how long, by their own time."""
    profile = cProfile.Profile()
    profile.runcall(play, application, requests, status)
    told = io.StringIO()
    pstats.Stats(profile, stream=told).sort_stats("tottime").print_stats(FUNCTIONS)
    print(f"{job}, {len(requests)} requests\n{told.getvalue()}")


def _callgrind(command: str) -> None:
    control = ["callgrind_control", command, str(os.getpid())]
    subprocess.run(control, check=True, capture_output=True)


def _environ(request: dict[str, Any]) -> dict[str, Any]:
    """A request as PEP 3333 has it, with the members that granian gives."""
    path, _, query = request["path"].partition("?")
    body = request["body"].encode()
    named = {name.upper().replace("-", "_"): value for name, value in request["headers"].items()}
    sent = {"CONTENT_LENGTH": str(len(body))} if body else {}
    if "CONTENT_TYPE" in named:
        sent["CONTENT_TYPE"] = named.pop("CONTENT_TYPE")
    return {
        "REQUEST_METHOD": request["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **sent,
        **{f"HTTP_{name}": value for name, value in named.items()},
    }


if __name__ == "__main__":
    main(sys.argv[1:])
