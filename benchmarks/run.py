"""Measure ours and the peers in turn, several rounds, and write what came out."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from benchmarks import goals, ours, postgres, report
from benchmarks.jobs import Job, Request, World
from benchmarks.load import NoLoadGenerator, require_wrk
from benchmarks.measure import FULL, QUICK, Bench, Sample, Shape
from benchmarks.peers import seed
from benchmarks.peers.world import HelloWorld, PeerWorld
from benchmarks.servers import Program, serving
from benchmarks.subjects import BUILD, OURS, Subject, chosen, install_peers

RESULTS = Path(__file__).with_name("results")
WORK = BUILD / "bench"
Prepared = tuple[Program, World]
Reads = Mapping[Job, Sequence[Request]]
Stand = tuple[Bench, Reads]
"""A running subject, and the requests of its reading jobs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks; 0 when every answer was right and nothing enforced was missed."""
    options = _options(arguments)
    try:
        require_wrk()
    except NoLoadGenerator as missing:
        sys.exit(str(missing))
    subjects = chosen(options.subjects)
    jobs = [Job(name) for name in options.jobs.split(",")]
    shape = _shape(options)
    with ExitStack() as stack:
        server_url = stack.enter_context(postgres.server(WORK))
        prepared = prepare(subjects, server_url, shape, stack)
        samples = rounds(subjects, prepared, jobs, shape)
        about = report.conditions(shape, postgres.version(server_url))
    found = goals.lines(samples, subjects)
    report.write(RESULTS, options.name, found=found, samples=samples, about=about)
    tqdm.write(report.table(found))
    tqdm.write(f"Written to {RESULTS / options.name}.md, .json and .png")
    return _status(found, samples, jobs, enforce=options.enforce)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--subjects", default="all", help="keys, as ours-pg,c (default: all)")
    parser.add_argument("--jobs", default=",".join(Job), help="default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--rounds", type=int, help="interleaved rounds")
    parser.add_argument("--seconds", type=float, help="of each reading job in each round")
    parser.add_argument("--rush", type=int, help="students in a rush; half of them get a seat")
    parser.add_argument("--enforce", action="store_true", help="fail when a must is missed")
    parser.add_argument("--name", help="of the result files (default: bench, or quick)")
    options = parser.parse_args(arguments)
    options.name = options.name or ("quick" if options.quick else "bench")
    unknown = set(options.jobs.split(",")) - set(Job)
    if unknown:
        parser.error(f"unknown jobs: {', '.join(sorted(unknown))}")
    return options


def _shape(options: argparse.Namespace) -> Shape:
    names = ("rounds", "seconds", "rush")
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    return replace(QUICK if options.quick else FULL, **given)


def prepare(
    subjects: Sequence[Subject], server_url: str, shape: Shape, stack: ExitStack
) -> dict[str, Prepared]:
    """Make and fill the databases that the subjects need; they go when the stack closes."""
    prepared = _peers([s for s in subjects if s not in OURS], server_url, stack)
    for subject in subjects:
        if subject in OURS:
            url = None
            if subject.key == "ours-pg":
                name = f"homeroom_bench_{os.getpid()}"
                url = stack.enter_context(postgres.database(server_url, name))
            tqdm.write(f"Filling {subject.key} …")
            work = WORK / subject.key
            prepared[subject.key] = ours.prepare(subject, url, work, students=shape.rush)
    return prepared


def _peers(subjects: Sequence[Subject], server_url: str, stack: ExitStack) -> dict[str, Prepared]:
    if not subjects:
        return {}
    install_peers()
    url = stack.enter_context(postgres.database(server_url, f"peers_bench_{os.getpid()}"))
    filled = PeerWorld(url, seed.fill(url))
    ceiling = HelloWorld()
    return {
        subject.key: (subject.program(url), ceiling if subject.family == "e" else filled)
        for subject in subjects
    }


def rounds(
    subjects: Sequence[Subject],
    prepared: dict[str, Prepared],
    jobs: Sequence[Job],
    shape: Shape,
) -> list[Sample]:
    """Every job of every round by one subject after the other, forwards and backwards in turn.

    All of them are running, so that what is compared lies seconds apart, and not minutes in which
    the machine may have changed its pace; while one is measured the others are idle.
    """
    samples: list[Sample] = []
    total = shape.rounds * sum(len(set(jobs) & set(s.jobs)) for s in subjects)
    with ExitStack() as stack, tqdm(total=total, unit="sample", dynamic_ncols=True) as bar:
        stands = [
            (subject, _stand(subject, *prepared[subject.key], shape, stack)) for subject in subjects
        ]
        for round_ in range(shape.rounds):
            order = stands if round_ % 2 == 0 else stands[::-1]
            for job in jobs:
                own = [stand for subject, stand in order if job in subject.jobs]
                samples += [_sample(*stand, job, round_, bar) for stand in own]
    return samples


def _stand(
    subject: Subject, program: Program, world: World, shape: Shape, stack: ExitStack
) -> Stand:
    running = stack.enter_context(serving(program, subject.key, WORK / "logs"))
    bench = Bench(subject=subject.key, world=world, serving=running, shape=shape)
    return bench, world.reads(running.bases[0])


def _sample(bench: Bench, reads: Reads, job: Job, round_: int, bar: tqdm) -> Sample:
    bar.set_description(f"round {round_ + 1} {job} {bench.subject}")
    requests = reads.get(job, ())
    bench.check(job, requests)
    sample = bench.sample(job, requests, round_)
    for fault in sample.faults:
        bar.write(f"WRONG {sample.subject} {job}: {fault}")
    bar.update()
    return sample


def _status(
    found: Sequence[goals.Line], samples: Sequence[Sample], jobs: Sequence[Job], *, enforce: bool
) -> int:
    wrong = any(sample.faults for sample in samples)
    if not enforce:
        return int(wrong)
    for line in goals.missed(found):
        tqdm.write(f"{line.subject.key}, {line.job}: {line.verdict}, reached {line.ratio:.2f} x")
    for job in goals.unjudged(found, jobs):
        tqdm.write(f"{job}: not judged; it needs ours-pg and c in one run")
    return int(wrong or bool(goals.missed(found)) or bool(goals.unjudged(found, jobs)))


if __name__ == "__main__":
    sys.exit(main())
