"""Students come and go while staff raise, cut, close, open and cancel what they come to."""

import time

import pytest

from api.clock import SystemClock
from api.models import ClassStatus, seats
from api.models.database import Database
from api.services.seat_book import SeatBook
from tests.races.crowd import Crowd
from tests.races.rush import Careless, broken, rush, unlocked
from tests.services.school import School

THOUGHT_SECONDS = 0.005
LOOKS = 5


def by_system_clock(database):
    return Database(database.engine, database._reads, SystemClock())


@pytest.mark.race(
    "test_twin_without_the_lock_of_the_class_two_are_told_of_one_event",
    "test_twin_without_a_transaction_nothing_adds_up",
)
@pytest.mark.parametrize("seed", range(2))
def test_whatever_many_do_at_once_it_adds_up(database, seed):
    crowd = Crowd(School.found(by_system_clock(database)), seed)
    seen_meanwhile = []

    def watch():
        seen_meanwhile.extend(broken(crowd.school) for _ in range(LOOKS))

    refusals, failures = rush([*crowd.acts(), watch])

    assert (refusals, failures) == ([], [])
    assert seen_meanwhile == [[]] * LOOKS
    assert broken(crowd.school) == []
    assert crowd.missing() == []
    crowd.settle()
    assert broken(crowd.school) == []
    assert crowd.school.class_now(crowd.classes[-1]).status == ClassStatus.CANCELLED


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_without_the_lock_of_the_class_two_are_told_of_one_event(without, monkeypatch):
    monkeypatch.setattr(seats, "LOCKED_CLASS", unlocked(seats.LOCKED_CLASS))
    thoughtful(monkeypatch)
    crowd = Crowd(School.found(by_system_clock(without(events=["pk_events"]))))

    rush(crowd.acts())

    assert crowd.missing() != []
    # By luck the seats may add up all the same; the numbers of the events cannot.
    assert 12 in broken(crowd.school)


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_twin_without_a_transaction_nothing_adds_up(fresh_database, monkeypatch):
    thoughtful(monkeypatch)
    crowd = Crowd(School.found(by_system_clock(fresh_database)))
    crowd.database = careless = Careless(fresh_database)

    rush(crowd.acts())
    careless.close()

    assert broken(crowd.school) != []


def thoughtful(monkeypatch):
    """Let everybody think between reading the class and writing it, so that others come between."""
    opened = SeatBook.open

    def slowly(*of):
        time.sleep(THOUGHT_SECONDS)
        return opened(*of)

    monkeypatch.setattr(SeatBook, "open", slowly)
