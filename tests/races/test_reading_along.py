"""Who polls the ledger of a class by `after` while others register misses nothing."""

import threading
import time

import pytest

from api import ids
from api.models import Role, seats
from api.services.registrations import Registrations
from tests import factories
from tests.races.rush import rush

CROWD = 4
LONG = 30


class Reader(threading.Thread):
    """Polls by `next_after` until it is told that all have written; `pages` held something."""

    def __init__(self, registrar, url):
        super().__init__()
        self.registrar, self.url = registrar, url
        self.all_wrote = False
        self.pages = []
        self.after = self.polls = 0
        self._moved = threading.Condition()

    def run(self):
        while True:
            is_last = self.all_wrote
            page = self.registrar.get(f"{self.url}?after={self.after}").get_json()
            with self._moved:
                self.after = page["next_after"]
                self.polls += 1
                self._moved.notify_all()
            if page["items"]:
                self.pages.append(page["items"])
            elif is_last:
                return
            # The writers share this process with it.
            time.sleep(0.001)

    def wait_until(self, moved):
        with self._moved:
            assert self._moved.wait_for(moved, LONG)

    @property
    def read(self):
        return [event for page in self.pages for event in page]


@pytest.fixture
def reader(school):
    """Somebody of the staff, and the ledger of a class with room for all."""
    with school.database.write() as tx:
        row = factories.a_class(tx, school.row.id)
    return Reader(school.another(Role.REGISTRAR), f"/v1/classes/{ids.encode('cls', row.id)}/events")


def read_along(school, reader):
    """Let a crowd register while one reads; give the ledger as it is read at the end."""
    door = reader.url.replace("/events", "/registrations")

    def registers(who):
        while (status := who.post(door, {}, key="once").status_code) == 503:
            pass
        assert status == 201

    crowd = [school.another() for _ in range(CROWD)]
    reader.start()
    _, failures = rush([lambda who=who: registers(who) for who in crowd])
    reader.all_wrote = True
    reader.join()
    assert failures == []
    return school.registrar.get(reader.url).get_json()["items"]


@pytest.mark.race(
    "test_twin_with_numbers_that_are_taken_before_the_lock_a_reader_is_led_past_events"
)
def test_who_polls_while_others_register_ends_with_every_event_in_order(
    school, reader, monkeypatch
):
    register = Registrations.register

    def and_is_read(*given):
        # Written and not committed: a whole poll goes by before that, while others come.
        registration, polls = register(*given), reader.polls
        reader.wait_until(lambda: reader.polls > polls + 1)
        return registration

    monkeypatch.setattr(Registrations, "register", and_is_read)

    whole = read_along(school, reader)

    assert len(reader.pages) > 1
    assert reader.read == whole
    assert [event["seq"] for event in whole] == list(range(1, CROWD + 1))


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_with_numbers_that_are_taken_before_the_lock_a_reader_is_led_past_events(
    school, reader, monkeypatch
):
    sql = seats.SEAT_SQL.replace("c.last_seq + 1 AS seq", "CAST(:number AS bigint) AS seq")
    take, numbers = seats.take, iter(range(1, CROWD + 1))

    def numbered(tx, wish):
        number = next(numbers)
        # Who took the last number is the first to commit.
        reader.wait_until(lambda: CROWD in (number, reader.after))
        return take(tx, {**wish, "number": number})

    monkeypatch.setattr(seats, "TAKE", seats.statement(sql))
    monkeypatch.setattr(seats, "take", numbered)

    whole = read_along(school, reader)

    assert [event["seq"] for event in whole] == list(range(1, CROWD + 1))
    assert [event["seq"] for event in reader.read] == [CROWD]
