"""The long form: all operations as many people, with new seeds, until a number of cases or a time.

python -m tests.fuzz.soak [--cases N] [--seconds S] [--seed N] [--processes N]
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import active_children, get_context
from pathlib import Path

from api.models import migrate
from tests.fuzz.campaign import PHASES, Plan, run
from tests.fuzz.covering import Covering
from tests.fuzz.grounds import PERSONAS, grounds
from tests.fuzz.tally import MODES, NAMES, Tally, operations_of

RESULTS = Path("benchmarks/results/fuzz.json")
COVERING = 12_600
"""About how many cases cover every parameter for one persona."""
OF_COVERAGE = 0.75
"""Of all cases, about so many cover parameters: fewer are asked for, fewer of these are sent."""
CHUNK = 8
"""So many operations at a time are covered by each persona in turn, so that no one comes short."""


@dataclass(frozen=True)
class Stint:
    """One phase: its part of all cases, and at most which part of the time that is left."""

    phase: str
    cases: float
    seconds: float
    examples: int = 0
    walks: int = 0


STINTS = (
    Stint("examples", 0, 0.1),
    Stint("stateful", 0.12, 0.25, walks=100),
    Stint("fuzzing", 0.2, 0.3, examples=10),
    Stint("coverage", 1, 0.9),
    Stint("fuzzing", 1, 1, examples=10),
)


@dataclass
class Worker:
    """One process: what it shall send to a server of its own, and what it has sent."""

    number: int
    of: int
    cases: int
    seconds: float
    seed: int
    tally: Tally = field(default_factory=Tally)
    began: float = field(default_factory=time.monotonic)

    def work(self, ground):
        """Go through the stints."""
        document = ground.document()
        for stint in STINTS:
            plans = self._covering(document) if stint.phase == "coverage" else self._drawing(stint)
            until = time.monotonic() + self._left() * stint.seconds
            due = self.tally.by("phase")[(stint.phase,)] + stint.cases * self.cases
            for plan in plans:
                self._as_everybody(ground, stint, plan, until, document)
                if time.monotonic() > until or self._is_done(stint, due):
                    break

    def _left(self):
        return self.seconds - (time.monotonic() - self.began)

    def _is_done(self, stint, due):
        """Tell whether a phase was sent in full, or all that was asked for where it is the last."""
        if stint.phase == "coverage":
            return False
        sent = self.tally.by("phase")[(stint.phase,)]
        return sent >= due or (stint is STINTS[-1] and self.tally.total() >= self.cases)

    def _as_everybody(self, ground, stint, plan, until, document):
        """Let each persona have an equal part of the time that is left for a phase."""
        for done, persona in enumerate(PERSONAS):
            seconds = max(1, (until - time.monotonic()) / (len(PERSONAS) - done))
            one = Plan(seconds=seconds, phases=(stint.phase,), **plan)
            known = len(self.tally.failures)
            run(ground, persona, one, self.tally, document)
            self._tell(f"{persona} {stint.phase}: {self.tally.total()} cases")
            for failure in list(self.tally.failures.values())[known:]:
                self._tell(f"finding: {json.dumps(failure)}")

    def _tell(self, what):
        seconds = time.monotonic() - self.began
        print(f"{self.number} after {seconds:.0f} s: {what}", file=sys.stderr, flush=True)

    def _drawing(self, stint):
        """Give a plan for each round: another seed, all data at first and then the valid alone."""
        for turn in range(10_000):
            seed = self.seed + 1000 * turn + self.number + 100 * STINTS.index(stint)
            mode = "positive" if turn % 2 else "all"
            yield {"examples": stint.examples, "walks": stint.walks, "seed": seed, "mode": mode}

    def _covering(self, document):
        """Give a plan for each few operations of this process's part of all."""
        names = sorted(operations_of(document))[self.number :: self.of]
        share = max(1, round(COVERING * len(PERSONAS) / (OF_COVERAGE * self.cases * self.of)))
        for first in range(0, len(names), CHUNK):
            chunk = tuple(names[first : first + CHUNK])
            made = {"share": share, "covering": Covering(), "operations": chunk}
            yield {"examples": 1, "walks": 0, "seed": self.seed, **made}


def main(arguments=None):
    """Send the cases; gives 0 where the number was reached and nothing is to be complained of."""
    asked = _asked(arguments)
    began, tally = time.monotonic(), Tally()
    each = (asked.processes, -(-asked.cases // asked.processes), asked.seconds, asked.seed)
    with ProcessPoolExecutor(asked.processes, mp_context=get_context("spawn")) as pool:
        try:
            done = list(
                pool.map(work, *zip(*((n, *each) for n in range(asked.processes)), strict=True))
            )
        except BaseException:
            # Whoever leaves a pool waits for its processes, and these have an hour's work.
            for process in active_children():
                process.terminate()
            raise
    for part, _, _ in done:
        tally.join(part)
    operations, schools = done[0][2], sum(made for _, made, _ in done)
    left = complaints(tally, asked.cases, operations)
    seconds = time.monotonic() - began
    results = _results(tally, asked, seconds, schools) | {"complaints": left}
    asked.results.write_text(json.dumps(results, indent=1) + "\n")
    found = len(tally.failures)
    print(f"{tally.total()} cases, {found} findings in {seconds:.0f} s: {asked.results}")
    print("\n".join(left), file=sys.stderr)
    return 1 if left else 0


def work(number, of, cases, seconds, seed):
    """Do one process's part; gives its tally, the schools it made, and the operations there are."""
    # A terminal interrupts all of its processes: the first of them decides what becomes of us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # An end that was asked for is one with its folder and its server cleared away.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    random.seed(seed + number)
    # A generator of data warns that it is slow; how much was done stands in the results.
    warnings.simplefilter("ignore")
    worker = Worker(number, of, cases, seconds, seed)
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        url = f"sqlite:///{folder}/fuzz.sqlite3"
        migrate.upgrade(url)
        with grounds("sqlite", Path(folder), url) as ground:
            worker.work(ground)
            return worker.tally, ground.made, operations_of(ground.document())


def complaints(tally, cases, operations):
    """Say why a run does not count: too little was sent, to some or by some, or something found."""
    phases, modes = tally.by("persona", "phase"), tally.by("persona", "mode")
    statuses = tally.by("status")
    undocumented = sum(key[1] == "status_is_listed" for key in tally.failures)
    faults = sum(number for (status,), number in statuses.items() if status >= 500)
    said = {
        f"{tally.total()} cases of {cases} were sent": tally.total() < cases,
        f"{faults} answers are server errors": faults,
        f"{undocumented} operations answered with an undocumented status": undocumented,
        f"{len(tally.failures)} findings": tally.failures,
        f"{len(tally.errors)} errors of the suite itself": tally.errors,
    }
    for persona in PERSONAS:
        missing = operations - tally.operations(persona)
        said[f"{persona} never called {', '.join(sorted(missing))}"] = missing
        for phase in PHASES:
            said[f"{persona} has no case of {phase}"] = not phases[persona, phase]
        for mode in MODES:
            said[f"{persona} has no case with {mode} data"] = not modes[persona, mode]
    return [complaint for complaint, is_so in said.items() if is_so]


def _asked(arguments):
    parser = argparse.ArgumentParser(prog="scripts/soak fuzz")
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


def _memory():
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _results(tally, asked, seconds, schools):
    return {
        "cases": tally.total(),
        "seconds": round(seconds),
        "seed": asked.seed,
        "processes": asked.processes,
        "schools": schools,
        "statuses": {str(status): n for (status,), n in sorted(tally.by("status").items())},
        "personas and phases": _shares(tally, "persona", "phase"),
        "personas and modes": _shares(tally, "persona", "mode"),
        "operations": _shares(tally, "operation"),
        f"counts of {', '.join(NAMES)}": [
            [*key, number] for key, number in sorted(tally.cases.items())
        ],
        "failures": list(tally.failures.values()),
        "errors": tally.errors,
        "cut": tally.cut,
    }


def _shares(tally, *names):
    """Count cases, and those that succeeded, by what is named."""
    successes = Tally(Counter({k: n for k, n in tally.cases.items() if 200 <= k[2] < 300}))
    reached = successes.by(*names)
    return {
        " ".join(key): {"cases": number, "2xx": reached[key]}
        for key, number in sorted(tally.by(*names).items())
    }


if __name__ == "__main__":
    sys.exit(main())
