"""What a test pays for a Homeroom of its own: the start, an organization, the clock, a reset."""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from homeroom_testing.process import ServerProcess, command_of
from homeroom_testing.running import RunningHomeroom

T = TypeVar("T")
Samples = dict[str, list[float]]
"""Milliseconds, by what was done."""

RESULTS = Path(__file__).parent / "results"
MOST_MS_AN_ORGANIZATION = 50
"""Median; promised, and judged where nothing else runs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write medians; 0 when an organization costs no more than is promised."""
    parser = argparse.ArgumentParser(prog="scripts/bench suites", description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--times", type=int, default=200, help="of an organization and the clock")
    parser.add_argument("--resets", type=int, default=10)
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    options = parser.parse_args(arguments)
    # As in the environment of a suite, where a package is compiled when it is installed.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    waiting = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        samples = started_and_ended(log, options.starts)
        server = ServerProcess.start(command_of([]), log)
        try:
            samples |= used(RunningHomeroom(server.told), options.times, options.resets)
        finally:
            server.stop()
    is_kept = statistics.median(samples["organization"]) <= MOST_MS_AN_ORGANIZATION
    write(options.results, samples, waiting=waiting, is_kept=is_kept)
    return int(not is_kept)


def started_and_ended(log: Path, times: int) -> Samples:
    """Start and stop servers, after one that compiles."""
    ServerProcess.start(command_of([]), log).stop()
    samples: Samples = {"start": [], "end": []}
    for _ in range(times):
        server, took = timed(lambda: ServerProcess.start(command_of([]), log))
        samples["start"].append(took)
        samples["end"].append(timed(server.stop)[1])
    return samples


def used(running: RunningHomeroom, times: int, resets: int) -> Samples:
    """Do with one server what tests do."""
    clock = running.clock
    samples = {
        "organization": [timed(running.organization)[1] for _ in range(times)],
        "clock": [timed(lambda: clock.advance(seconds=1))[1] for _ in range(times)],
        "reset": [timed(running.reset)[1] for _ in range(resets)],
    }
    running.close()
    return samples


def timed(act: Callable[[], T]) -> tuple[T, float]:
    """What the act gave, and its milliseconds."""
    began = time.perf_counter()
    given = act()
    return given, (time.perf_counter() - began) * 1000


def write(
    folder: Path, samples: Mapping[str, Sequence[float]], *, waiting: float, is_kept: bool
) -> None:
    """Print a table, and write it into the folder, with every sample beside it."""
    about = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "waiting for them before": round(waiting, 1),
    }
    promise = f"An organization in {MOST_MS_AN_ORGANIZATION} ms: {'kept' if is_kept else 'missed'}."
    said = ", ".join(f"{name} {value}" for name, value in about.items())
    text = f"# What a test pays\n\n{said}.\n\n{table(samples)}\n{promise}\n"
    print(text)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "suites.md").write_text(text)
    whole = {"about": about, "milliseconds": samples}
    (folder / "suites.json").write_text(json.dumps(whole, indent=1) + "\n")


def table(samples: Mapping[str, Sequence[float]]) -> str:
    """A line for each thing that was done, in Markdown."""
    lines = ["| what | median ms | least | most | times |", "| --- | --- | --- | --- | --- |"]
    for what, took in samples.items():
        figures = (statistics.median(took), min(took), max(took))
        said = " | ".join(f"{each:.1f}" for each in figures)
        lines.append(f"| {what} | {said} | {len(took)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    raise SystemExit(main())
