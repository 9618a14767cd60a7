"""`scripts/soak mutation`: put small faults into the rules, one at a time, and see if a test falls.

Each mutant lives in a process of its own that has read no rule yet, so nothing on the disk changes.
"""

import argparse
import importlib.util
import json
import os
import random
import resource
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
from tqdm import tqdm

# What every rule stands on is read once, here; the rules themselves are not.
import api.models  # noqa: F401 - see above
from tests.mutation.mutants import mutants_of

FILES = (*sorted(Path("api/services").glob("rules_*.py")), Path("api/authz/policy.py"))
TESTS = ("tests/rules", "tests/authz/test_policy.py")
RESULTS = Path("benchmarks/results")
UNJUDGED = 70
# A module of tests that cannot be collected has seen the fault too.
OUTCOMES = {
    pytest.ExitCode.OK: "survived",
    pytest.ExitCode.TESTS_FAILED: "killed",
    pytest.ExitCode.INTERRUPTED: "killed",
}
CPU_SECONDS = 120
MEMORY_BYTES = 4 * 1024**3
# Plain pytest without the suite's fixtures, which would read the whole application.
OPTIONS = (
    *("--noconftest", "--exitfirst", "--quiet", "--quiet", "--no-header", "--no-summary"),
    *("-o", "addopts=--import-mode=importlib -p no:homeroom", "--tb=no", "-W", "ignore"),
    *("-p", "no:cacheprovider", "-p", "no:schemathesis", "-p", "no:cov", "-p", "no:xdist"),
)


def main(arguments=None):
    """Run what the time allows; 0 if the tests hold without a fault."""
    given = asked_for(arguments)
    loaded = sorted(name for name in sys.modules if name in map(module_of, FILES))
    assert not loaded, f"read before they could be changed: {loaded}"
    if outcome_of(None) != "survived":
        print("The tests fail on the rules as they are.", file=sys.stderr)
        return 1
    mutants = [each for file in given.files or FILES for each in mutants_of(file)]
    random.Random(given.seed).shuffle(mutants)
    began, outcomes = time.monotonic(), {}
    for mutant in tqdm(mutants, unit="mutant", disable=None):
        if time.monotonic() - began > given.seconds:
            break
        outcomes[mutant] = outcome_of(mutant)
    report(given, mutants, outcomes, time.monotonic() - began)
    return 0


def asked_for(arguments):
    parser = argparse.ArgumentParser(prog="scripts/soak mutation", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="modules (default: all rules)")
    parser.add_argument("--seconds", type=float, default=600, help="begin no mutant after these")
    parser.add_argument("--seed", type=int, default=0, help="of the order in which they come")
    return parser.parse_args(arguments)


def module_of(file):
    return ".".join(Path(file).with_suffix("").parts)


def outcome_of(mutant):
    """What became of a mutant: killed by a test, killed for its time or memory, or survived."""
    child = os.fork()
    if child == 0:
        os._exit(judge(mutant))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "stopped"
    return OUTCOMES[os.WEXITSTATUS(status)]


def judge(mutant):
    """In the child: read the mutant in place of its module, and run the tests."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    hypothesis.settings.register_profile("mutation", derandomize=True, database=None, deadline=None)
    hypothesis.settings.load_profile("mutation")
    first = [] if mutant is None else nearest(mutant.file)
    try:
        if mutant is not None and not read(mutant):
            return pytest.ExitCode.TESTS_FAILED
        code = pytest.main([*OPTIONS, *first]) if first else pytest.ExitCode.OK
        return int(code or pytest.main([*OPTIONS, *TESTS]))
    except BaseException:  # Whatever it is, it is ours, and no test has seen it.
        return UNJUDGED


def nearest(file):
    """The tests of this module, if they have a file of its name: most mutants fall there."""
    name = Path(file).stem.removeprefix("rules_")
    return [str(each) for each in Path("tests/rules").glob(f"test_{name}.py")]


def read(mutant):
    """Let every import of the module find the mutant; false if nothing can even be read of it."""
    name = module_of(mutant.file)
    package, _, short = name.rpartition(".")
    spec = importlib.util.spec_from_file_location(name, mutant.file)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    code = compile(mutant.tree, mutant.file, "exec")
    if package:
        setattr(importlib.import_module(package), short, module)
    try:
        exec(code, module.__dict__)
    except Exception:
        return False
    return True


def report(given, mutants, outcomes, seconds):
    """Write the file of results, and say it in lines."""
    survivors = sorted(each.name for each, outcome in outcomes.items() if outcome == "survived")
    counts = Counter(outcomes.values())
    results = {
        "made": len(mutants),
        "tried": len(outcomes),
        **{outcome: counts[outcome] for outcome in ("killed", "stopped", "survived")},
        "seed": given.seed,
        "seconds": round(seconds),
        "survivors": survivors,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    file = RESULTS / f"mutation-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    file.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    for name in survivors:
        print(f"survived  {name}")
    print(
        f"{len(outcomes)} of {len(mutants)} mutants in {seconds:.0f} s: {counts['killed']} killed, "
        f"{counts['stopped']} stopped, {counts['survived']} survived. Written to {file}"
    )


if __name__ == "__main__":
    sys.exit(main())
