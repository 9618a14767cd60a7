"""The scripts of the house where a machine, or the tree, is not as they would like it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Stands for Python: says to the log what it was asked, and makes an environment when it is told to.
PYTHON = """#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in
    "-m venv --clear .venv") rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *--editable*) : > .venv/bin/homeroom && chmod +x .venv/bin/homeroom ;;
    *requirements*) [ ! -e fails ] ;;
esac
"""


def ran(*command, cwd, status=0, **variables):
    done = subprocess.run(
        [str(each) for each in command],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, (done.stdout, done.stderr)
    return done


def executable(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def tree(tmp_path):
    """A tree with scripts/install, and what it reads."""
    (tmp_path / "scripts").mkdir()
    shutil.copy2(ROOT / "scripts" / "install", tmp_path / "scripts" / "install")
    (tmp_path / "clients" / "python").mkdir(parents=True)
    for name in ("setup.cfg", "clients/python/pyproject.toml"):
        (tmp_path / name).write_text("as it is\n")
    return tmp_path


@pytest.fixture
def installed(tree):
    """Give a function that installs one kind of lock at one commit; gives the locks pip read."""
    python = executable(tree / "elsewhere" / "python", PYTHON)

    def install(kind, commit, status=0):
        locks = tree / "requirements"
        locks.mkdir(exist_ok=True)
        for name in ("run", "test"):
            (locks / f"{name}.txt").write_text(f"{name} at {commit}\n")
        log = tree / "log"
        log.write_text("")
        ran("scripts/install", kind, cwd=tree, status=status, PYTHON=str(python), LOG=str(log))
        return [line.split()[-1] for line in log.read_text().splitlines() if " -r " in line]

    return install


def test_what_is_installed_is_not_installed_again(installed):
    assert installed("test", "A") == ["requirements/test.txt"]
    assert installed("test", "A") == []
    assert installed("run", "A") == []


def test_an_older_install_between_is_noticed(installed):
    installed("test", "A")

    older = installed("run", "B")
    back = installed("test", "A")

    assert older == ["requirements/run.txt"]
    assert back == ["requirements/test.txt"]


def test_an_install_that_failed_is_made_again(installed, tree):
    installed("test", "A")
    (tree / "fails").touch()
    installed("test", "B", status=1)
    (tree / "fails").unlink()

    assert installed("test", "A") == ["requirements/test.txt"]


def test_an_environment_whose_python_is_gone_is_made_anew(installed, tree):
    installed("test", "A")
    python = tree / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")

    again = installed("test", "A")

    assert again == ["requirements/test.txt"]
    assert not python.is_symlink()


def limits(tree, status):
    shutil.copytree(ROOT / "scripts", tree / "scripts", dirs_exist_ok=True)
    # From another folder, for what is counted does not depend on where one stands.
    return ran(tree / "scripts" / "limits", cwd="/", status=status).stdout


def function(lines):
    """A function of so many lines, with a docstring of as many more, which does not count."""
    said = ['    """Say much.'] + ["    More."] * (lines - 2) + ['    """']
    return "\n".join(["def f():", *said, *["    x = 1"] * (lines - 1), ""])


@pytest.mark.parametrize(
    ("place", "text", "fault"),
    [
        ("api/a.py", "x = 1\n" * 301, "api/a.py: 301 lines, the cap is 300"),
        ("deploy/a.py", "x = 1\n" * 301, "deploy/a.py: 301 lines, the cap is 300"),
        ("api/templates/a.js", "x = 1\n" * 301, "api/templates/a.js: 301 lines, the cap is 300"),
        ("tests/a.py", "x = 1\n" * 501, "tests/a.py: 501 lines, the cap is 500"),
        ("api/a.py", function(41), "api/a.py f: 41 lines, the cap is 40"),
        ("tests/a.py", function(51), "tests/a.py f: 51 lines, the cap is 50"),
        ("scripts/a", "#!/usr/bin/env python3\n" + function(41), "scripts/a f: 41 lines, the cap"),
    ],
)
def test_what_is_too_long_is_named(tmp_path, place, text, fault):
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_text(text)

    assert fault in limits(tmp_path, status=1)


def test_an_exception_that_nothing_needs_is_named(tmp_path):
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "a.py").write_text(function(40))

    told = limits(tmp_path, status=1).splitlines()

    assert told
    assert all(line.endswith("needs no exception, take it out of scripts/limits") for line in told)


@pytest.fixture
def soak(tree):
    """Give a function that runs `scripts/soak sdk`, on a machine with these commands alone."""
    shutil.copy2(ROOT / "scripts" / "soak", tree / "scripts" / "soak")
    executable(tree / "scripts" / "install", "#!/bin/sh\n")
    executable(tree / "scripts" / "sdk", '#!/bin/sh\necho "drove $*"\n')

    def run(*commands):
        path = tree / "path"
        path.mkdir()
        for name in ("bash", "sh", "dirname", "mkdir", "date", "tee", *commands):
            (path / name).symlink_to(shutil.which(name))
        return ran("scripts/soak", "sdk", "one", cwd=tree, PATH=str(path))

    return run


@pytest.mark.parametrize(("commands", "warned"), [(["timeout"], False), ([], True)])
def test_a_long_form_without_timeout_runs_and_says_that_nothing_bounds_it(soak, commands, warned):
    done = soak(*commands)

    assert done.stdout == "drove --whole one\n"
    assert ("this run has no bound" in done.stderr) == warned
