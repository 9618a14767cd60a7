"""What a test pays for a Homeroom of its own: the start, an organization, the clock, a reset."""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from homeroom_testing.process import ServerProcess, command_of
from homeroom_testing.running import RunningHomeroom

T = TypeVar("T")

MOST_MS_AN_ORGANIZATION = 50
"""Median; promised, and judged where nothing else runs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print medians; 0 when an organization costs no more than is promised."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suites", description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--times", type=int, default=200, help="of an organization and the clock")
    parser.add_argument("--resets", type=int, default=10)
    options = parser.parse_args(arguments)
    # As in the environment of a suite, where a package is compiled when it is installed.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        ServerProcess.start(command_of([]), log).stop()  # compiles
        starts, ends = [], []
        for _ in range(options.starts):
            server, took = timed(lambda: ServerProcess.start(command_of([]), log))
            starts.append(took)
            ends.append(timed(server.stop)[1])
        tell("start", starts)
        tell("end", ends)
        server = ServerProcess.start(command_of([]), log)
        try:
            return judge(RunningHomeroom(server.told), options.times, options.resets)
        finally:
            server.stop()


def judge(running: RunningHomeroom, times: int, resets: int) -> int:
    """Measure one server."""
    organization = tell("organization", [timed(running.organization)[1] for _ in range(times)])
    clock = running.clock
    tell("clock", [timed(lambda: clock.advance(seconds=1))[1] for _ in range(times)])
    tell("reset", [timed(running.reset)[1] for _ in range(resets)])
    running.close()
    return int(organization > MOST_MS_AN_ORGANIZATION)


def timed(act: Callable[[], T]) -> tuple[T, float]:
    """What the act gave, and its milliseconds."""
    began = time.perf_counter()
    given = act()
    return given, (time.perf_counter() - began) * 1000


def tell(what: str, samples: Sequence[float]) -> float:
    """Print the samples in one line; their median."""
    median = statistics.median(samples)
    spread = f"{min(samples):.1f} to {max(samples):.1f}"
    print(f"{what:<13} median {median:8.1f} ms ({spread}, {len(samples)} times)")
    return median


if __name__ == "__main__":
    raise SystemExit(main())
