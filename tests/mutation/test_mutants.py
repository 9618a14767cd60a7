import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.mutants import mutants_of

ROOT = Path(__file__).parents[2]
JUDGING = """
from tests.mutation import soak
from tests.mutation.mutants import mutants_of

soak.TESTS = ("test_rule.py",)
soak.module_of = lambda _: "rules_here"
fault = "9: opens_at <= now → opens_at < now"
(mutant,) = [each for each in mutants_of("rules_here.py") if each.name.endswith(fault)]
print(soak.outcome_of(mutant), soak.outcome_of(None))
"""
RULE = '''"""A rule."""

LIMIT = 7


def is_open(opens_at: int, now: int, *, strict: bool = True) -> bool:
    """Whether it is open."""
    if strict:
        return opens_at <= now
    return not any(one for one in (opens_at, now) if one > LIMIT)
'''


@pytest.fixture
def rule(tmp_path):
    file = tmp_path / "rules_here.py"
    file.write_text(RULE)
    return file


def test_a_module_is_made_wrong_in_every_place_that_decides_something(rule):
    found = {each.name.removeprefix(f"{rule}:") for each in mutants_of(rule)}

    assert found == {
        "3: 7 → 8",
        "6: True → False",
        "8: if strict → if not strict",
        "9: opens_at <= now → opens_at < now",
        "9: return opens_at <= now → return None",
        "10: return not any((one for one in (opens_at, now) if one > LIMIT)) → return None",
        (
            "10: not any((one for one in (opens_at, now) if one > LIMIT)) "
            "→ any((one for one in (opens_at, now) if one > LIMIT))"
        ),
        "10: one > LIMIT → one >= LIMIT",
        "10: (one for one in (opens_at, now) if one > LIMIT) → (one for one in (opens_at, now))",
    }


def test_a_mutant_has_one_fault_and_the_file_has_none(rule):
    mutants = mutants_of(rule)

    sound = ast.dump(ast.parse(RULE))
    trees = {ast.dump(each.tree) for each in mutants}
    assert len(trees) == len(mutants)
    assert sound not in trees
    assert rule.read_text() == RULE


@pytest.mark.parametrize(
    ("test", "outcome"),
    [
        ("assert is_open(3, 3)", "killed"),
        ("assert not is_open(4, 3)", "survived"),
    ],
)
def test_a_mutant_is_killed_by_the_test_that_sees_its_fault(rule, tmp_path, test, outcome):
    (tmp_path / "test_rule.py").write_text(
        f"from rules_here import is_open\n\ndef test_a_rule():\n    {test}\n"
    )

    # By a process of its own: this one has threads, and what is forked of it may hang.
    told = subprocess.run(
        [sys.executable, "-c", JUDGING],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )

    assert told.stdout.split() == [outcome, "survived"]
