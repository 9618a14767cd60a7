"""Moving windows in memory: by the times of their entries, however many ask at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from api.http import windows as module
from api.http.windows import SWEEP_SECONDS, MemoryWindows

NOON = 1_800_000_000.0
MINUTE = 60


@pytest.fixture
def at(monkeypatch):
    """Sets the machine's clock, in seconds after noon."""

    def set_to(seconds):
        monkeypatch.setattr(module, "_now", lambda: NOON + seconds)

    set_to(0)
    return set_to


def test_a_full_window_takes_nobody_and_who_is_refused_is_not_in_it(at):
    windows = MemoryWindows()

    entered = [windows.acquire_entry("ada", 2, MINUTE) for _ in range(4)]

    assert entered == [True, True, False, False]
    assert windows.get_moving_window("ada", 2, MINUTE) == (NOON, 2)
    assert windows.acquire_entry("ben", 2, MINUTE)


def test_an_entry_leaves_its_window_when_its_time_is_over(at):
    windows = MemoryWindows()
    windows.acquire_entry("ada", 2, MINUTE)
    at(20)
    windows.acquire_entry("ada", 2, MINUTE)

    at(MINUTE - 1)
    assert not windows.acquire_entry("ada", 2, MINUTE)
    at(MINUTE)
    assert windows.get_moving_window("ada", 2, MINUTE) == (NOON + 20, 1)
    assert windows.acquire_entry("ada", 2, MINUTE)
    at(3 * MINUTE)
    assert windows.get_moving_window("ada", 2, MINUTE) == (NOON + 3 * MINUTE, 0)


def test_who_has_asked_nothing_has_an_empty_window(at):
    assert MemoryWindows().get_moving_window("ada", 2, MINUTE) == (NOON, 0)


def test_windows_that_have_emptied_are_forgotten_by_and_by(at):
    windows = MemoryWindows()
    for number in range(100):
        windows.acquire_entry(f"user {number}", 2, MINUTE)
    at(SWEEP_SECONDS + 1)
    windows.acquire_entry("ada", 2, MINUTE)
    assert len(windows._windows) == 101

    at(MINUTE + SWEEP_SECONDS)
    windows.acquire_entry("ben", 2, MINUTE)

    assert set(windows._windows) == {"ada", "ben"}
    assert windows.get_moving_window("ada", 2, MINUTE)[1] == 1


def test_many_at_once_get_exactly_as_much_as_there_is():
    windows = MemoryWindows()

    with ThreadPoolExecutor(8) as crowd:
        entered = list(crowd.map(lambda _: windows.acquire_entry("all", 50, MINUTE), range(400)))

    assert sum(entered) == 50
    assert windows.get_moving_window("all", 50, MINUTE)[1] == 50
