"""The long form counts only when everything was sent by everybody and nothing was found."""

import os
import signal
import subprocess
import sys
from collections import Counter
from itertools import product
from pathlib import Path

import psutil
import pytest

from tests.fuzz.campaign import PHASES
from tests.fuzz.covering import thinned
from tests.fuzz.grounds import PERSONAS
from tests.fuzz.soak import complaints
from tests.fuzz.tally import MODES, Tally

ROOT = Path(__file__).parents[2]
OPERATIONS = frozenset({"get_class", "list_classes"})


def a_whole_tally():
    return Tally(
        Counter(
            {
                (operation, persona, 200, phase, mode): 5
                for operation in OPERATIONS
                for persona in PERSONAS
                for phase in PHASES
                for mode in MODES
            }
        )
    )


def test_a_run_that_sent_everything_and_found_nothing_counts():
    assert complaints(a_whole_tally(), 240, OPERATIONS) == []


def test_too_few_cases_are_complained_of():
    assert complaints(a_whole_tally(), 241, OPERATIONS) == ["240 cases of 241 were sent"]


def test_an_operation_that_one_persona_never_called_is_complained_of():
    found = complaints(a_whole_tally(), 240, {*OPERATIONS, "get_me"})

    assert found == [f"{persona} never called get_me" for persona in PERSONAS]


@pytest.mark.parametrize("mode", MODES)
def test_data_of_one_kind_that_one_persona_never_sent_is_complained_of(mode):
    tally = a_whole_tally()
    for key in [key for key in tally.cases if key[1] == "nobody" and key[-1] == mode]:
        del tally.cases[key]

    assert complaints(tally, 100, OPERATIONS) == [f"nobody has no case with {mode} data"]


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_that_one_persona_never_had_is_complained_of(persona, phase):
    tally = a_whole_tally()
    for operation, mode in product(OPERATIONS, MODES):
        del tally.cases[operation, persona, 200, phase, mode]

    assert complaints(tally, 100, OPERATIONS) == [f"{persona} has no case of {phase}"]


def test_what_was_found_is_complained_of():
    tally = a_whole_tally()
    tally.cases["get_class", "owner", 500, "fuzzing", "positive"] = 2
    tally.failures["get_class", "not_a_server_error", ""] = {"cases": 2}
    tally.failures["get_class", "status_is_listed", ""] = {"cases": 1}
    tally.errors.append("owner: the suite itself")

    assert complaints(tally, 240, OPERATIONS) == [
        "2 answers are server errors",
        "1 operations answered with an undocumented status",
        "2 findings",
        "1 errors of the suite itself",
    ]


def test_processes_add_up():
    tally, other = a_whole_tally(), a_whole_tally()
    for part in (tally, other):
        part.failures["get_class", "a_check", ""] = {"check": "a_check", "cases": 2}
    other.failures["get_class", "another", ""] = {"check": "another", "cases": 3}

    tally.join(other)

    assert tally.total() == 480
    assert tally.failures == {
        ("get_class", "a_check", ""): {"check": "a_check", "cases": 4},
        ("get_class", "another", ""): {"check": "another", "cases": 3},
    }


def test_what_is_optional_is_thinned_and_all_of_it_has_its_turn():
    parameters = [{"name": name, "in": "query"} for name in "abcd"]
    document = {
        "components": {
            "schemas": {
                "New": {
                    "required": ["x"],
                    "properties": {"w": {}, "x": {}, "y": {}, "z": {}},
                    "additionalProperties": False,
                }
            }
        },
        "paths": {
            "/": {
                "post": {
                    "parameters": [{"name": "id", "in": "path"}, *parameters],
                    "requestBody": {
                        "content": {"json": {"schema": {"$ref": "#/components/schemas/New"}}}
                    },
                }
            }
        },
    }
    asked, members = Counter(), Counter()

    for turn in range(2):
        post = thinned(document, 2, turn)["paths"]["/"]["post"]
        asked.update(parameter["name"] for parameter in post["parameters"])
        schema = post["requestBody"]["content"]["json"]["schema"]
        members.update(list(schema["properties"]))
        assert schema["additionalProperties"] is False

    assert asked == {"id": 2, "a": 1, "b": 1, "c": 1, "d": 1}
    assert members == {"w": 1, "x": 2, "y": 1, "z": 1}


@pytest.fixture
def soak(tmp_path):
    """A long form that has begun, in a group of its own as a terminal has it."""
    options = ["--processes", "1", "--seconds", "120", "--results", tmp_path / "fuzz.json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fuzz.soak", *options],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert any("owner examples" in line for line in process.stderr)
        yield process
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("interrupt", [os.kill, os.killpg])
def test_an_interrupted_run_leaves_nothing_running(soak, interrupt):
    children = psutil.Process(soak.pid).children(recursive=True)

    interrupt(soak.pid, signal.SIGINT)
    soak.communicate(timeout=60)

    assert soak.returncode != 0
    assert children
    assert psutil.wait_procs(children, timeout=10)[1] == []
