import configparser
import io
import json
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from api import logs

ROOT = Path(__file__).parents[1]


@pytest.fixture
def logged(request):
    """Give a function that logs through a fresh configuration; the old one comes back after."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)

    def run(form, write):
        stream = io.StringIO()
        logs.configure(form, stream=stream)
        write(logging.getLogger("homeroom"))
        return stream.getvalue()

    yield run
    root.handlers[:], root.level = before[0], before[1]


def test_a_json_line_is_one_object_with_its_time_in_utc(logged):
    out = logged(
        "json", lambda log: logs.line(log, "answered", status=201, ms=1.5, organization_id=None)
    )

    document = json.loads(out)
    assert out.count("\n") == 1
    assert document.pop("at").endswith("Z")
    assert document == {"level": "info", "message": "answered", "status": 201, "ms": 1.5}


def test_a_json_line_carries_the_trace_of_an_exception_on_the_same_line(logged):
    def write(log):
        try:
            raise KeyError("seat")
        except KeyError:
            log.exception("failed")

    out = logged("json", write)

    document = json.loads(out)
    assert out.count("\n") == 1
    assert document["level"] == "error"
    assert document["trace"].endswith("KeyError: 'seat'")


def test_a_logger_of_ours_is_not_named(logged):
    out = logged("json", lambda _: logging.getLogger("homeroom.access").warning("slow"))

    assert "logger" not in json.loads(out)


def test_the_logger_of_a_library_is_named(logged):
    out = logged("json", lambda _: logging.getLogger("uvicorn.error").warning("slow"))

    assert json.loads(out)["logger"] == "uvicorn.error"


def test_a_text_line_cannot_be_forged_by_a_value(logged):
    out = logged(
        "text", lambda log: logs.line(log, "asked\nfor", path="/a b\nERROR all lost", status=404)
    )

    assert out.count("\n") == 1
    assert out.endswith('INFO asked for path="/a b\\nERROR all lost" status=404\n')


def test_a_line_below_the_level_is_not_written(logged):
    assert logged("json", lambda log: logs.line(log, "detail", level=logging.DEBUG)) == ""


def test_importing_the_package_starts_nothing():
    program = "import sys, api, api.settings, api.logs; print('flask' in sys.modules)"

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert ran.stdout == "False\n"


def test_what_makes_the_documentation_is_not_loaded_before_somebody_asks():
    program = "import sys, api.app; print({'flasgger', 'jsonschema'} & sys.modules.keys())"

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert ran.stdout == "set()\n"


def wanted(name):
    """Read the direct dependencies of requirements/`name`.in, in lower case."""
    lines = (ROOT / "requirements" / f"{name}.in").read_text().splitlines()
    return {re.split(r"[\[ #]", line)[0].lower() for line in lines if line and line[0] not in "#-"}


def locked(name):
    """Read the version of every package in requirements/`name`.txt."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ]+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", ["run", "test"])
def test_the_lock_holds_hashes_and_no_place_of_one_machine(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    entries = re.split(r"\n(?=[a-z])", text.strip())

    assert wanted(name) <= set(locked(name))
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"://|--(extra-)?index|--find-links|^/", text, re.MULTILINE)


def test_both_locks_agree():
    run, test = locked("run"), locked("test")

    assert run == {name: test[name] for name in run}


def test_an_install_asks_for_what_is_locked_for_a_run():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    asked = {re.split(r"\[", line)[0] for line in setup["options"]["install_requires"].split()}

    # setuptools builds the install and is not of it.
    assert asked == wanted("run") - {"setuptools"}


def test_every_direct_dependency_says_why_it_is_here():
    document = (ROOT / "docs" / "dependencies.md").read_text()
    # What stands after that comes from locks of its own.
    ours, _, _ = document.partition("## What reads the document from outside")
    lines = re.findall(
        r"^\| ([A-Za-z0-9-]+) \| ([0-9][^ ]*) \| (.+) \| (.+) \|$", ours, re.MULTILINE
    )
    told = {name.lower(): version for name, version, _, _ in lines}

    versions = locked("test")
    assert told == {name: versions[name] for name in wanted("run") | wanted("test")}


def test_a_stream_that_is_gone_fails_no_caller(logged, monkeypatch, capsys):
    def write(log):
        monkeypatch.setattr(logging.root.handlers[0], "stream", _Gone())
        logs.line(log, "answered", status=200)

    assert logged("json", write) == ""
    assert "BrokenPipeError" in capsys.readouterr().err


def test_a_line_reaches_every_handler_that_somebody_added(logged):
    heard = []

    class Listener(logging.Handler):
        def emit(self, record):
            heard.append(record.getMessage())

    def write(log):
        log.addHandler(listener)
        logs.line(log, "answered", status=200)
        log.removeHandler(listener)

    listener = Listener()
    assert json.loads(logged("json", write))["message"] == "answered"
    assert heard == ["answered"]


class _Gone:
    def write(self, _text):
        raise BrokenPipeError
