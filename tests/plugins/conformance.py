"""`scripts/conformance URL --token …`: the forty checks against a server that others run."""

import argparse
import re
import sys
from collections import defaultdict
from dataclasses import dataclass, field

import httpx
import pytest

from tests.blackbox.checks import CHECKS
from tests.blackbox.target import Target

NUMBER = re.compile(r"test_check_(\d+)_")
SERVERS = {"world", "limited", "failing"}
WIDTH = 44
MOST = 160
"""Characters of a reason."""


def subject_of(nodeid):
    """The number of the check that a test is of; of a test beside the forty what its name says."""
    found = NUMBER.search(nodeid)
    if found is not None:
        return int(found[1])
    name = nodeid.rpartition("::")[2].partition("[")[0]
    return name.removeprefix("test_").replace("_", " ")


@dataclass(eq=False)
class Conformance:
    """Chooses the tests that need nothing but an address, and says what came of them."""

    target: Target
    passed: dict = field(default_factory=lambda: defaultdict(int))
    failed: dict = field(default_factory=lambda: defaultdict(list))
    left_out: dict = field(default_factory=lambda: defaultdict(list))
    known_weak: int = 0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        """Run each check once: there is one server, whatever database is behind it."""
        kept = [item for item in items if self.is_of(item)]
        chosen = set(kept)
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = kept

    @staticmethod
    def is_of(item):
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        return SERVERS & set(item.fixturenames) and parameters.get("backend") != "postgresql"

    def pytest_runtest_logreport(self, report):
        what = subject_of(report.nodeid)
        if report.failed:
            self.failed[what].append(self.reason_of(report))
        elif report.skipped:
            self.left_out[what].append(report.longrepr[2].removeprefix("Skipped: "))
        elif report.when == "call":
            self.passed[what] += 1
        self.known_weak = len(self.target.weakened)

    def pytest_collectreport(self, report):
        if report.failed:
            self.failed[f"to read {report.nodeid}"].append(self.reason_of(report))

    def reason_of(self, report):
        """The cause where it is known: a tag that was made weak on its way; else what was seen."""
        weak = list(self.target.weakened)[self.known_weak :]
        if weak:
            return f"a proxy weakened a tag: {weak[0]}"
        crash = getattr(report.longrepr, "reprcrash", None)
        seen = (crash.message if crash else str(report.longrepr)).splitlines()[0]
        return seen.removeprefix("AssertionError: ")[:MOST]

    def pytest_terminal_summary(self, terminalreporter):
        out = terminalreporter
        out.section(f"conformance of {self.target.base}")
        for number, title in CHECKS.items():
            out.line(f"{number:3d}  {title:{WIDTH}}  {self.verdict(number)}")
        beside = {*self.passed, *self.failed, *self.left_out} - CHECKS.keys()
        for title in sorted(beside):
            out.line(f"  +  {title:{WIDTH}}  {self.verdict(title)}")
        if self.target.weakened:
            for line in self.of_proxies():
                out.line(line)

    def verdict(self, what):
        """What came of a check, by its number, or of something beside the forty, by its words."""
        failures = self.failed.get(what, ())
        if failures:
            further = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
            return f"FAIL      {failures[0]}{further}"
        reasons = "; ".join(dict.fromkeys(self.left_out.get(what, ())))
        if self.passed.get(what):
            return f"pass      in part; left out: {reasons}" if reasons else "pass"
        return f"left out: {reasons or 'it was not chosen'}"

    def of_proxies(self):
        """What to tell whoever runs the proxy."""
        yield ""
        yield "CAUSE: a proxy between here and the application weakens entity tags."
        for words in list(self.target.weakened)[:3]:
            yield f"  {words}"
        yield "  The application sends strong tags alone, and no If-Match admits a weak one."
        yield "  Let the proxy leave bodies as they are, or code none below 1024 bytes"
        yield "  (nginx: gzip_min_length 1024, as in deploy/nginx.conf): larger ones come coded."

    def status(self, exit_code):
        """The status of the process: 0 for all well, 1 for a failure, else that of the run."""
        if exit_code != pytest.ExitCode.OK or not self.target.weakened:
            return int(exit_code)
        return 1


def asked_for(arguments):
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="scripts/conformance",
        description="Look at a running server from outside: forty checks, a line for each. They "
        "are made in an organization of their own, which is removed in the end.",
    )
    parser.add_argument("url", help="as clients write it: the HOMEROOM_PUBLIC_URL of the server")
    parser.add_argument(
        "--token",
        action="append",
        required=True,
        help="of an account that may make organizations; where sign-up is closed, again for each "
        "further account (up to ten), none of them a member anywhere",
    )
    parser.add_argument("--origin", help="an origin of HOMEROOM_CORS_ORIGINS, for check 5")
    parser.add_argument("--fault-path", help="a path that fails on purpose, for check 34")
    return parser.parse_known_args(arguments)


def complaint_about(base, token):
    """Why nothing can be looked at there, or None."""
    try:
        root = httpx.get(f"{base}/", headers={"Accept": "application/json"}, timeout=10)
        me = httpx.get(f"{base}/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=10)
        itself = root.json()["_links"]["self"]["href"]
    except (httpx.HTTPError, ValueError, LookupError) as reason:
        return f"{base} does not answer as Homeroom does: {reason!r}"
    if itself != f"{base}/":
        return f"its links begin with {itself}: look at it there, or set HOMEROOM_PUBLIC_URL"
    return None if me.is_success else f"the token opens nothing: {me.text}"


def main(arguments):
    """Run the checks; gives the status of the process."""
    given, further = asked_for(arguments)
    base = given.url.rstrip("/")
    complaint = complaint_about(base, given.token[0])
    if complaint is not None:
        print(f"scripts/conformance: {complaint}", file=sys.stderr)
        return 2
    conformance = Conformance(Target(base, given.token, given.origin, given.fault_path))
    quiet = ("-q", "--no-header", "--tb=no", "-r", "N", "--durations=0", "--durations-min=9999")
    # This process has read modules before pytest could rewrite their assertions.
    early = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
    # The plugin of schemathesis takes a second to load, and no check needs it.
    unneeded = ("-p", "no:cacheprovider", "-p", "no:schemathesis")
    options = (*quiet, *early, *unneeded, *further, "tests/blackbox")
    plugins = [Named(conformance)]
    return conformance.status(pytest.main(list(options), plugins=plugins))


class Named:
    """Puts the plugin where the fixtures of the checks look for it."""

    def __init__(self, conformance):
        self.conformance = conformance

    def pytest_configure(self, config):
        config.pluginmanager.register(self.conformance, "homeroom-conformance")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
