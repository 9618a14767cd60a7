"""What `scripts/conformance` says of tests that fail: a line for each, numbered or not."""

import pytest

from tests.blackbox.checks import CHECKS
from tests.blackbox.target import Target
from tests.plugins.conformance import Conformance, Named

pytest_plugins = ["pytester"]

MARKS = ["+", *map(str, CHECKS)]


@pytest.fixture
def told(pytester):
    """Give a function that looks at nothing with the tests of a text; gives the lines."""

    def look(text):
        pytester.makepyfile(
            "import pytest\n@pytest.fixture\ndef world(): pass\n" + text.replace("():", "(world):")
        )
        plugins = [Named(Conformance(Target("http://127.0.0.1", [])))]
        # Everything but the table is silent there.
        options = ("-q", "--tb=no", "-r", "N", "-p", "no:cacheprovider")
        result = pytester.runpytest_inprocess(*options, plugins=plugins)
        table = [line.split() for line in result.stdout.lines]
        return result.ret, [" ".join(line[1:]) for line in table if line and line[0] in MARKS]

    return look


def test_a_failure_beside_the_forty_has_a_line(told):
    status, lines = told("def test_every_page_leads_on(): assert 1 == 2, 'a dead end'\n")

    assert status == pytest.ExitCode.TESTS_FAILED
    assert [line for line in lines if "FAIL" in line] == ["every page leads on FAIL a dead end"]


def test_what_passes_beside_the_forty_has_one_too(told):
    status, lines = told("def test_every_page_leads_on(): pass\n")

    assert status == pytest.ExitCode.OK
    assert "every page leads on pass" in lines


def test_of_several_failures_of_a_check_the_first_is_told_and_the_rest_are_counted(told):
    status, lines = told(
        "@pytest.mark.parametrize('number', [1, 2, 3])\n"
        "def test_check_13_it_changes_nothing(world, number): assert number == 2, f'saw {number}'\n"
    )

    assert status == pytest.ExitCode.TESTS_FAILED
    assert "428 FAIL saw 1 (and 1 more)" in lines


def test_tests_that_cannot_be_read_have_a_line(told):
    status, lines = told("import nothing_of_this_name\n")

    assert status == pytest.ExitCode.INTERRUPTED
    (line,) = [line for line in lines if "FAIL" in line]
    assert line.startswith("to read ")
    assert "ImportError" in line
