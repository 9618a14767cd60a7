import pytest
import redis

from tests.fake_clock import START
from tests.storage import BACKENDS


def test_a_test_on_databases_runs_on_each(backend, database):
    assert backend in BACKENDS
    assert database.dialect == backend


def test_the_clock_stands_until_it_is_moved(clock):
    before = clock.now()

    assert (before, clock.advance(seconds=90)) == (START, clock.now())
    assert (clock.now() - before).total_seconds() == 90

    clock.set(START)
    assert clock.now() == START


def test_ids_tell_the_time_of_the_clock(clock, ids):
    first = ids.new()
    clock.advance(days=1)

    assert (ids.new().int >> 80) - (first.int >> 80) == 86_400_000


@pytest.mark.redis
def test_redis_answers_under_a_prefix_of_the_test(redis_url, redis_prefix):
    with redis.from_url(redis_url) as connection:
        connection.set(f"{redis_prefix}key", "value")

        assert connection.get(f"{redis_prefix}key") == b"value"
