"""The sample suite of an integrator, run as they would run it: in a pytest of its own."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.docs.pages import ROOT, blocks

SUITE = ROOT / "examples" / "integrator"
SECONDS = 300
"""It takes a tenth of that where nothing else runs; a server that hangs must not take for ever."""


@pytest.fixture
def suite(tmp_path):
    """A copy of the sample suite, so that nothing is left in the original."""
    return shutil.copytree(SUITE, tmp_path / "suite", ignore=shutil.ignore_patterns("__pycache__"))


def run(folder, *arguments, **variables):
    """Run its tests in a process of their own, with no word from ours; what it printed."""
    ours = ("PYTEST", "COV_", "HOMEROOM_", "PYTHONDONTWRITEBYTECODE")
    inherited = {name: it for name, it in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env={**inherited, **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_the_sample_suite_and_the_tests_on_the_page_pass_each_worker_with_its_server(suite):
    on_the_page = blocks(ROOT / "docs" / "testing-against-homeroom.md", "python")
    for number, block in enumerate(on_the_page):
        (suite / f"test_page_{number}.py").write_text(block)

    ran = run(suite, "-n", "2", "--basetemp", str(suite.parent / "temporary"))

    assert ran.returncode == 0, ran.stdout
    assert "12 passed" in ran.stdout
    logs = list((suite.parent / "temporary").rglob("server.log"))
    assert len(logs) == 2


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("/no/such/homeroom", "/no/such/homeroom cannot be run"),
        (f"{sys.executable} -c 'exit(\"out of order\")'", "It said:\nout of order"),
        (f"{sys.executable} -c 'print(42)'", "printed b'42\\n', which is not what"),
    ],
)
def test_a_server_that_does_not_start_fails_the_test_in_words(suite, command, told):
    ran = run(suite, "-x", HOMEROOM_COMMAND=command)

    assert ran.returncode == 1
    assert told in ran.stdout
    assert "Traceback" not in ran.stdout


def test_the_settings_of_a_suite_say_what_is_served(suite):
    (suite / "pytest.ini").write_text(
        "[pytest]\n"
        f"homeroom_command = {sys.executable} -m api.cli\n"
        "homeroom_seed = 9\n"
        "homeroom_starts_at = 2030-01-01T00:00:00Z\n"
    )
    (suite / "test_settings.py").write_text(
        "def test_settings(homeroom, homeroom_clock):\n"
        "    assert homeroom.told['seed'] == 9\n"
        "    assert homeroom_clock.now.year == 2030\n"
    )

    ran = run(suite, "test_settings.py", PYTHONPATH=str(ROOT))

    assert ran.returncode == 0, ran.stdout


def test_without_a_command_the_plugin_says_how_to_get_one(suite, monkeypatch, tmp_path):
    from homeroom_testing import process

    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(process.HomeroomNotStarted, match="HOMEROOM_COMMAND"):
        process.command_of([])


def test_a_session_that_asks_for_no_server_starts_none_and_loads_no_client(suite):
    (suite / "conftest.py").unlink()
    (suite / "test_alone.py").write_text(
        "import sys\ndef test_alone():\n    assert 'httpx' not in sys.modules\n"
    )

    ran = run(suite, "test_alone.py")

    assert ran.returncode == 0, ran.stdout


def test_our_own_tests_run_without_the_plugin(pytestconfig):
    assert not pytestconfig.pluginmanager.hasplugin("homeroom")
