"""Every one of the forty checks has tests."""

import re
from pathlib import Path

import pytest

from tests.blackbox.checks import CHECKS

HERE = Path(__file__).parent
SHOWN = {
    int(number)
    for module in HERE.glob("test_*.py")
    for number in re.findall(r"^def test_check_(\d+)_", module.read_text(), re.MULTILINE)
}


def test_there_are_forty():
    assert list(CHECKS) == list(range(1, 41))


@pytest.mark.parametrize("number", CHECKS)
def test_every_check_is_shown(number):
    assert number in SHOWN
