"""How many instructions one request takes in the process of the application, job by job.

Counted by callgrind, which noise does not touch: two readings differ by less than one in a hundred
where two readings of the clock differ by a quarter. What the server in front, the kernel and the
database do is not in it.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks import postgres
from benchmarks.homeroom_world import HomeroomWorld, registration
from benchmarks.jobs import Job, Request
from benchmarks.measure import QUICK
from benchmarks.run import WORK, prepare
from benchmarks.servers import ROOT, Program, inherited, serving
from benchmarks.subjects import chosen

WARM, COUNTED, DIFFERENT = 120, 120, 40
"""Requests of each job, and how many different ones a reading job has."""

SEAT, REFUSAL = "seat", "refusal"
READS = (Job.ONE, Job.UNCHANGED, Job.PAGE)
JOBS = (*READS, SEAT, REFUSAL)
_STATUS = {Job.ONE: 200, Job.UNCHANGED: 304, Job.PAGE: 200, SEAT: 201, REFUSAL: 409}
_TOTAL = re.compile(r"^summary: (\d+)", re.MULTILINE)
Play = tuple[int, list[dict[str, Any]], list[dict[str, Any]]]
"""The status that each answer has, the requests that warm up, and those that are counted."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Count, and print a line for each job."""
    options = _options(arguments)
    if not options.profile and shutil.which("callgrind_control") is None:
        sys.exit("This counts with valgrind, which is not on the path: apt-get install valgrind.")
    (subject,) = chosen(options.subject)
    with ExitStack() as stack:
        server_url = stack.enter_context(postgres.server(WORK))
        students = 2 * (WARM + COUNTED)
        made = prepare([subject], server_url, replace(QUICK, rush=students), stack)
        program, world = made[subject.key]
        assert isinstance(world, HomeroomWorld), "ours have such a world"  # shown to mypy
        program = at_one_address(program)
        plan = planned(program, world, options.jobs.split(","))
        counted(program, plan, profiles=options.profile)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench instructions", description=__doc__)
    parser.add_argument("--subject", default="ours-pg", choices=["ours-pg", "ours-sqlite"])
    parser.add_argument("--jobs", default=",".join(JOBS), help="default: %(default)s")
    parser.add_argument("--profile", action="store_true", help="functions of Python, by cProfile")
    return parser.parse_args(arguments)


def at_one_address(program: Program) -> Program:
    """The program with links, and so entity tags, that no port is part of."""
    environment = {**program.environment, "HOMEROOM_PUBLIC_URL": "http://127.0.0.1"}
    return replace(program, environment=environment)


def planned(program: Program, world: HomeroomWorld, jobs: Sequence[str]) -> Mapping[str, Play]:
    """The requests of each job, with half of the students for the seats and half for refusals."""
    half = WARM + COUNTED
    with serving(program, "plan", WORK / "logs") as running:
        found = world.reads(running.bases[0])
        open_class = world.school.new_class("counted-seats", seats=half, slot=0)
        full_class = world.school.new_class("counted-refusals", seats=0, slot=1)
    requests: dict[str, Sequence[Request]] = {
        **{job: _again(found[job]) for job in READS},
        SEAT: [registration(open_class, token) for token in world.rushers[:half]],
        REFUSAL: [registration(full_class, token) for token in world.rushers[half:]],
    }
    return {job: _play(job, requests[job]) for job in jobs}


def _again(requests: Sequence[Request]) -> Sequence[Request]:
    # Few enough that each has come when counting begins.
    return list(islice(cycle(requests[:DIFFERENT]), WARM + COUNTED))


def _play(job: str, requests: Sequence[Request]) -> Play:
    asked = [asdict(request) for request in requests]
    return _STATUS[job], asked[:WARM], asked[WARM : WARM + COUNTED]


def counted(program: Program, plan: Mapping[str, Play], *, profiles: bool) -> None:
    """Play the plan in a process of its own, and print what it took."""
    path, out = WORK / "plan.json", WORK / "callgrind.out"
    path.write_text(json.dumps(plan))
    for left in WORK.glob("callgrind.out*"):
        left.unlink()
    placed = program.at(0)
    command = [sys.executable, "-m", "benchmarks.in_process", str(path)]
    if profiles:
        command.append("--profile")
    else:
        callgrind = "--tool=callgrind --separate-threads=yes"
        command = ["valgrind", *callgrind.split(), f"--callgrind-out-file={out}", *command]
    # A hash seed of its own would give each run other collisions.
    env = {**inherited(), **placed.environment, "PYTHONHASHSEED": "0"}
    log = WORK / "logs" / "in-process.log"
    with log.open("wb") as errors:
        subprocess.run(command, env=env, cwd=ROOT, check=True, stderr=errors)
    if not profiles:
        for job, dump in zip(
            plan, sorted(WORK.glob("callgrind.out.*-01"), key=_number), strict=True
        ):
            total = int(_TOTAL.findall(dump.read_text())[0])
            print(f"{job:10} {total / COUNTED / 1e6:.3f} million instructions a request")


def _number(dump: Path) -> int:
    # Of the first thread: the others look after the process, the more often the longer it takes.
    return int(dump.suffix[1:].removesuffix("-01"))


if __name__ == "__main__":
    sys.exit(main())
