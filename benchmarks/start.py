"""How long a start takes on the wall: `scripts/run` until it is ready, and `import api` alone.

The first start makes the demonstration and the bytecode, and is told apart. The goal is for those
after it: an answer of 200 from /readyz within two seconds.
"""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx

from benchmarks.run import RESULTS
from benchmarks.servers import ROOT

GOAL_SECONDS = 2.0
PATIENCE_SECONDS = 60
IMPORTS = ("pass", "import api", "import api.app")
SERVES = re.compile(r"^Homeroom serves (http://\S+)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Start again and again, and write what came out; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(prog="scripts/bench start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="starts after the first")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        environ = environment(folder)
        first = start(environ)
        starts = [start(environ) for _ in range(options.rounds)]
    imports = {
        code: statistics.median(imported(code, environ) for _ in range(options.rounds))
        for code in IMPORTS
    }
    found = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "first_start_seconds": round(first, 2),
        "start_seconds": [round(each, 2) for each in starts],
        "median_start_seconds": round(statistics.median(starts), 2),
        "goal_seconds": GOAL_SECONDS,
        "median_python_seconds": {code: round(each, 2) for code, each in imports.items()},
    }
    file = RESULTS / "start.json"
    file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))
    return int(found["median_start_seconds"] >= GOAL_SECONDS)


def environment(folder: str) -> Mapping[str, str]:
    """That of somebody who has set nothing, on a free port, with a folder for the data."""
    inherited = {name: each for name, each in os.environ.items() if "HOMEROOM" not in name}
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    return inherited | {"HOMEROOM_DATA_DIR": folder, "PORT": "0"}


def start(environ: Mapping[str, str]) -> float:
    """Seconds from the command to the first 200 of /readyz."""
    began = time.perf_counter()
    with running(environ) as base:
        while httpx.get(f"{base}/readyz", timeout=PATIENCE_SECONDS).status_code != 200:
            if time.perf_counter() - began > PATIENCE_SECONDS:
                sys.exit("scripts/run serves and does not get ready")
            time.sleep(0.005)
        return time.perf_counter() - began


@contextmanager
def running(environ: Mapping[str, str]) -> Iterator[str]:
    """`scripts/run` in a process group of its own; gives its address when it says that."""
    with subprocess.Popen(
        [ROOT / "scripts" / "run"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None, "it was asked for"  # shown to mypy
            found = next(filter(None, map(SERVES.match, process.stdout)), None)
            if found is None:
                sys.exit("scripts/run ended before it served")
            yield found[1]
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def imported(code: str, environ: Mapping[str, str]) -> float:
    """Seconds that a Python takes which does this and ends."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], env=environ, cwd=ROOT, timeout=60, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
