"""Keep a Homeroom busy for minutes and see how much memory its largest process holds."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from matplotlib.figure import Figure
from tqdm import tqdm

from benchmarks import postgres
from benchmarks.jobs import RUSHES, Job
from benchmarks.machine import resident_mb
from benchmarks.measure import Bench, Shape
from benchmarks.run import RESULTS, WORK, prepare
from benchmarks.servers import serving
from benchmarks.subjects import OURS, chosen

MOST_MB = 120
MOST_GROWTH = 1.05
SECONDS_A_JOB = 4
"""Of a reading job in each cycle; a rush takes as long as it takes."""

SHAPE = Shape(
    seconds=SECONDS_A_JOB, warm_seconds=1, rounds=1, connections=16, rush=400, warm_rush=50
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The largest process of one subject after each cycle; `at` is minutes since the first."""

    subject: str
    at: Sequence[float]
    resident_mb: Sequence[float]
    wrong: Sequence[str]

    def faults(self) -> list[str]:
        """What does not hold: an answer, the size, or the growth since all caches are warm."""
        warm = self.resident_mb[len(self.resident_mb) // 5]
        last = self.resident_mb[-1]
        found = list(self.wrong)
        if last > MOST_MB:
            found.append(f"{self.subject}: {last:.0f} MB, more than {MOST_MB}")
        if last > warm * MOST_GROWTH:
            found.append(f"{self.subject}: grew from {warm:.0f} to {last:.0f} MB")
        return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Load each subject in turn; 0 when what is promised holds."""
    parser = argparse.ArgumentParser(prog="scripts/soak memory", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--subjects", default=",".join(subject.key for subject in OURS))
    options = parser.parse_args(arguments)
    courses = []
    with ExitStack() as stack:
        server_url = stack.enter_context(postgres.server(WORK))
        subjects = chosen(options.subjects)
        prepared = prepare(subjects, server_url, SHAPE, stack)
        for subject in subjects:
            program, world = prepared[subject.key]
            with serving(program, f"{subject.key}-memory", WORK / "logs") as running:
                bench = Bench(subject=subject.key, world=world, serving=running, shape=SHAPE)
                courses.append(loaded(bench, minutes=options.minutes))
    return told(courses)


def loaded(bench: Bench, *, minutes: float) -> Course:
    """Go through all jobs again and again."""
    reads = bench.world.reads(bench.serving.bases[0])
    began, at, sizes, wrong = time.monotonic(), [], [], []
    with tqdm(total=round(minutes * 60), unit="s", desc=bench.subject) as bar:
        while (spent := time.monotonic() - began) < minutes * 60:
            for job in Job:
                requests = () if job in RUSHES else reads[job]
                faults = bench.sample(job, requests, len(at)).faults
                wrong += [f"{bench.subject} {job}: {fault}" for fault in faults]
            at.append(round(spent / 60, 2))
            sizes.append(round(resident_mb(bench.serving.pids), 1))
            bar.n = round(spent)
            bar.set_postfix(mb=sizes[-1])
    return Course(subject=bench.subject, at=at, resident_mb=sizes, wrong=wrong)


def told(courses: Sequence[Course]) -> int:
    """Write JSON and a picture, and say what does not hold."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = RESULTS / f"memory-{stamp}"
    faults = [fault for course in courses for fault in course.faults()]
    whole = {"courses": [asdict(course) for course in courses], "faults": faults}
    RESULTS.mkdir(exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps(whole, indent=2) + "\n")
    draw(courses, path.with_suffix(".png"))
    for course in courses:
        first, last = course.resident_mb[0], course.resident_mb[-1]
        print(f"{course.subject}: {first:.0f} MB after {course.at[0]} min, {last:.0f} at the end")
    print("\n".join(faults) or "Memory holds.")
    print(f"Written to {path}.json and .png")
    return int(bool(faults))


def draw(courses: Sequence[Course], path: Path) -> None:
    """The course of memory, with the promise as a line."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for course in courses:
        axes.plot(course.at, course.resident_mb, marker=".", label=course.subject)
    axes.axhline(MOST_MB, color="#9aa5ad", linestyle="--", label="promised")
    axes.set(xlabel="minutes of load", ylabel="largest process, MB", ylim=(0, None))
    axes.legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    sys.exit(main())
