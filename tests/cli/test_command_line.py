import pkgutil
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

import api.cli
from api.cli import COMMANDS, main

KNOWN = main.list_commands(click.Context(main))


def test_help_lists_every_command_and_imports_none():
    code = (
        "import sys; from api.cli import main; main(['--help'], standalone_mode=False);"
        "sys.exit(any(name.startswith('api.cli.') for name in sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    assert all(f"  {name}" in done.stdout for name in KNOWN)


def test_every_command_module_has_a_line_of_help():
    modules = {module.name for module in pkgutil.iter_modules(api.cli.__path__) if not module.ispkg}

    assert modules - {"__main__"} == set(KNOWN)
    assert set(KNOWN) <= set(COMMANDS)


def test_an_unknown_command_is_refused_with_what_there_is_to_read():
    result = CliRunner().invoke(main, ["rehears"])

    assert result.exit_code == 2
    assert "No such command" in result.output


@pytest.mark.parametrize("name", KNOWN)
def test_every_listed_command_has_help(name):
    result = CliRunner().invoke(main, [name, "--help"])

    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"Usage: main {name}")
