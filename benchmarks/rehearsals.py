"""Whole registration days in turn, on both databases, and what must be so of each.

python -m benchmarks.rehearsals --demand FILE [ARG …]: arguments of `homeroom rehearse`, for all.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).with_name("results")
SEED_SECONDS = 60
KILLS = 5

SENT_AGAIN = re.compile(r"^sent again .*: (\S+) of (\S+)$")

WITHOUT_KILLS = ()
WITH_KILLS = ("--kills", str(KILLS))
WITH_CONFLICTS = ("--conflicts", "block", *WITH_KILLS)
# One a second: whoever asks twice is sent away, and comes back after a second.
WITH_LIMITS = ("--rate-limit", "1/second", "--limit", "1000")

DAYS = [
    *(("sqlite", day) for day in (WITHOUT_KILLS, WITH_KILLS, WITH_CONFLICTS, WITH_LIMITS)),
    *(("postgresql", day) for day in (WITHOUT_KILLS, WITH_KILLS, WITH_CONFLICTS)),
]


def main(arguments):
    """Rehearse all days; gives 1 where one does not come out as it must."""
    outcomes = [
        (
            f"{database} {' '.join(day)}".strip(),
            faults(database, day, rehearsed(database, day, arguments)),
        )
        for database, day in DAYS
    ]
    for name, found in outcomes:
        print(f"{'BROKEN' if found else 'holds '}  {name}", *found, sep="\n          ")
    return int(any(found for _, found in outcomes))


def rehearsed(database, day, arguments, command=(sys.executable, "-m", "api.cli", "rehearse")):
    """Run one day; give its results, None if it could not be run."""
    before = _results()
    where = ("--output", str(RESULTS), "--database", database)
    print(f"\n{database} {' '.join(day)}", flush=True)
    subprocess.run([*command, *where, *day, *arguments], check=False)
    new = _results() - before
    return json.loads(new.pop().read_text()) if new else None


def faults(database, day, told):
    """What a day must show beyond its own verdict, and does not."""
    if told is None:
        return ["it could not be run"]
    found = [check["claim"] for check in told["checks"] if not check["holds"]]
    again = [match for check in told["checks"] if (match := SENT_AGAIN.search(check["claim"]))]
    if not again or again[0][1] != again[0][2]:
        found.append("not every command was sent again")
    seeding = told["school_seconds"]["seed catalogue"]
    if database == "sqlite" and seeding >= SEED_SECONDS:
        found.append(
            f"the catalogue was seeded in {seeding:.1f} s, not in less than {SEED_SECONDS}"
        )
    if day in (WITH_KILLS, WITH_CONFLICTS) and len(told["kills"]) < KILLS:
        found.append(f"{len(told['kills'])} kills, not {KILLS}")
    if day == WITH_LIMITS:
        found += _of_limits(told["answers"], told["on_the_way"])
    return found


def _of_limits(answers, way):
    if not way["limited"]:
        yield "nobody met the limit"
    if answers["with_rate_limit_header"] < answers["answered"]:
        yield "an answer did not show the limit"


def _results():
    return set(RESULTS.glob("rehearsal-*.json"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
