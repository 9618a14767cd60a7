from pathlib import Path

import pytest

from tests.plugins import budget

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
SETUP = """
[homeroom:budgets]
core = {core}
browser = 60

[homeroom:floors]
api/services = 100
"""


@pytest.fixture
def suite(pytester, monkeypatch):
    """Give a function that runs a suite of a few tests under the plugin, core's budget given."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("HOMEROOM_TEST_PACE", raising=False)
    folder = pytester.mkdir("tests") / "storage"
    folder.mkdir()
    (folder / "test_rows.py").write_text(
        "import time, pytest\n"
        "@pytest.mark.parametrize('backend', ['sqlite', 'postgresql'])\n"
        "def test_a_row(backend): time.sleep(0.02)\n"
        "@pytest.mark.skip(reason='no such machine')\n"
        "def test_a_machine(): pass\n"
    )

    def run(*arguments, core=60):
        (pytester.path / "setup.cfg").write_text(SETUP.format(core=core))
        # The plugin of schemathesis takes a second to load, and nothing here needs it.
        options = ("-p", "no:schemathesis", "-p", "tests.plugins.budget")
        return pytester.runpytest_subprocess(*options, *arguments)

    return run


def test_a_suite_within_its_budget_passes_and_says_what_ran_where(suite):
    result = suite()

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "servers: SQLite *, PostgreSQL *, Redis *",
            "*3 tests  tests/storage",
            "core: * s of 60 s (1 workers)",
            "    1 tests ran on SQLite *",
            "    1 tests ran on PostgreSQL *",
            "    0 tests ran on Redis *",
            "    1 tests did not run: no such machine",
            "*2 passed, 1 skipped*",
        ]
    )


def test_a_suite_over_its_budget_fails_though_every_test_passed(suite):
    result = suite(core=0.001)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["FAILED: core took * s, its budget is 0 s", "*2 passed*"])


def test_a_slower_machine_is_given_more_time_and_the_summary_says_so(suite, monkeypatch):
    monkeypatch.setenv("HOMEROOM_TEST_PACE", "2.5")

    result = suite(core=20)

    assert result.ret == 0
    result.stdout.fnmatch_lines(["core: * s of 50 s (1 workers, pace 2.5)"])


def test_a_pace_that_is_no_number_is_refused_before_a_test_runs(suite, monkeypatch):
    monkeypatch.setenv("HOMEROOM_TEST_PACE", "slow")

    result = suite()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: HOMEROOM_TEST_PACE: 'slow' is not a number above 0"])


@pytest.mark.parametrize("given", ["0", "-1", "inf", "nan", ""])
def test_a_pace_without_a_meaning_is_refused(monkeypatch, given):
    monkeypatch.setenv("HOMEROOM_TEST_PACE", given)

    with pytest.raises(pytest.UsageError, match="is not a number above 0"):
        budget.pace()


def test_a_floor_under_a_folder_that_is_not_there_fails_the_suite(suite):
    result = suite("--quick", "--cov", "--cov-config=setup.cfg")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["FAILED: nothing was measured in api/services, which has a floor of 100 %"]
    )


def test_quick_leaves_out_what_needs_a_server_and_says_so(suite):
    result = suite("--quick")

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "    0 tests ran on PostgreSQL *",
            "tests that need PostgreSQL or Redis did not run: --quick leaves them out",
            "*1 passed, 1 skipped, 1 deselected*",
        ]
    )


def test_the_private_servers_are_not_shown_with_a_password(suite, monkeypatch):
    monkeypatch.setenv("HOMEROOM_TEST_DATABASE_URL", "postgresql://ann:hunter2@db.test/homeroom")

    output = suite().stdout.str()

    assert "PostgreSQL at db.test, from HOMEROOM_TEST_DATABASE_URL" in output
    assert "hunter2" not in output
