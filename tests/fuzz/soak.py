"""The long form: all operations as many people, with new seeds, until a number of cases or a time.

python -m tests.fuzz.soak [--cases N] [--seconds S] [--seed N]
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
import warnings
from collections import Counter, defaultdict
from pathlib import Path

from api.models import migrate
from tests.fuzz.campaign import Plan, Tally, run
from tests.fuzz.grounds import PERSONAS, grounds

RESULTS = Path("benchmarks/results/fuzz.json")
COVERAGE = ("examples", "coverage")
DRAWN = ("fuzzing", "stateful")


def main(arguments=None):
    """Run the campaigns in turn; gives 0 where nothing was found and the number was reached."""
    asked = _asked(arguments)
    began, tally = time.monotonic(), Tally()
    random.seed(asked.seed)
    # A generator of data warns that it is slow; how much was done stands in the results.
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        url = f"sqlite:///{folder}/fuzz.sqlite3"
        migrate.upgrade(url)
        with grounds("sqlite", Path(folder), url) as ground:
            document = ground.document()
            for persona, plan in _plans(asked, began, tally):
                run(ground, persona, plan, tally, document)
                print(f"{persona} {plan.phases}: {tally.total()} cases", file=sys.stderr)
            places = ground.made
    seconds = time.monotonic() - began
    RESULTS.write_text(json.dumps(_results(tally, asked, seconds, places), indent=1) + "\n")
    print(f"{tally.total()} cases, {len(tally.failures)} findings in {seconds:.0f} s: {RESULTS}")
    return 0 if tally.total() >= asked.cases and not tally.failures and not tally.errors else 1


def _asked(arguments):
    parser = argparse.ArgumentParser(prog="scripts/soak fuzz")
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=1500)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    return parser.parse_args(arguments)


def _memory():
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _plans(asked, began, tally):
    """Give who does what next, until the number or the time is reached."""
    for turn in range(1000):
        # What is drawn comes first: the coverage of all parameters would take all of the time.
        phases = DRAWN if turn % 2 == 0 else COVERAGE
        for persona in PERSONAS:
            left = asked.seconds - (time.monotonic() - began)
            if left < 1 or tally.total() >= asked.cases:
                return
            bound = left if phases is COVERAGE else min(left, 60)
            yield persona, Plan(8, 20, asked.seed + turn, bound, phases)


def _results(tally, asked, seconds, places):
    shares = defaultdict(Counter)
    counts = []
    for (operation, persona, status, phase), number in sorted(tally.cases.items()):
        shares[operation]["cases"] += number
        shares[operation]["2xx"] += number if 200 <= status < 300 else 0
        counts.append([operation, persona, status, phase, number])
    return {
        "cases": tally.total(),
        "seconds": round(seconds),
        "seed": asked.seed,
        "schools": places,
        "statuses": dict(sorted(Counter(_by_status(tally)).items())),
        "operations": {name: dict(found) for name, found in sorted(shares.items())},
        "counts of operation, persona, status, phase": counts,
        "failures": list(tally.failures.values()),
        "errors": tally.errors,
    }


def _by_status(tally):
    return {
        str(status): sum(n for key, n in tally.cases.items() if key[2] == status)
        for status in {key[2] for key in tally.cases}
    }


if __name__ == "__main__":
    sys.exit(main())
