import threading
import time

import pytest

from api.errors import Busy
from api.models.gate import Gate


def test_waiters_pass_in_the_order_in_which_they_came():
    gate, passed = Gate(wait_seconds=5), []
    threads = []

    def wait_for_turn(number):
        with gate.passed():
            passed.append(number)

    with gate.passed():
        for number in range(20):
            threads.append(threading.Thread(target=wait_for_turn, args=(number,)))
            threads[-1].start()
            _until(lambda expected=number + 1: len(gate._waiting) == expected)
    for thread in threads:
        thread.join()

    assert passed == list(range(20))


def test_only_one_is_inside():
    gate, inside, most = Gate(wait_seconds=5), [], []

    def go_through():
        for _ in range(200):
            with gate.passed():
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=go_through) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(most) == {1}
    assert len(most) == 1600


def test_who_waits_too_long_is_refused_and_not_handed_the_gate():
    gate = Gate(wait_seconds=0.02)

    with gate.passed():
        with pytest.raises(Busy), gate.passed():
            pytest.fail("two were inside")
        assert not gate._waiting

    with gate.passed():
        pass


def test_who_is_handed_the_gate_at_the_last_moment_keeps_it():
    gate, outcome = Gate(wait_seconds=0.02), []

    def come_second():
        with gate.passed():
            outcome.append("inside")

    second = threading.Thread(target=come_second)
    gate._enter()
    second.start()
    _until(lambda: gate._waiting)
    # The holder leaves between the end of the wait and the waiter's look around.
    with gate._mutex:
        time.sleep(0.05)
        gate._waiting.popleft().release()
    second.join()

    assert outcome == ["inside"]
    with gate.passed():
        pass


def test_the_gate_opens_again_after_a_failure_inside():
    gate = Gate(wait_seconds=0.02)

    with pytest.raises(ZeroDivisionError), gate.passed():
        _ = 1 / 0

    with gate.passed():
        pass


def _until(condition):
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)
