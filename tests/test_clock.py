from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from api.clock import SystemClock, epoch_ms, from_text, to_text, truncated

INSTANTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - Hypothesis wants bounds without a zone
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001 - Hypothesis wants bounds without a zone
    timezones=st.just(UTC),
)


def test_the_clock_tells_whole_milliseconds_in_utc():
    now = SystemClock().now()

    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0


@given(INSTANTS)
def test_an_instant_reads_back_truncated_to_the_millisecond(instant):
    assert from_text(to_text(instant)) == truncated(instant)


@given(INSTANTS, INSTANTS)
def test_the_text_of_instants_sorts_as_time_does(one, other):
    assert (to_text(one) < to_text(other)) == (truncated(one) < truncated(other))


@given(INSTANTS)
def test_milliseconds_since_1970_are_exact(instant):
    assert epoch_ms(instant) == (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        milliseconds=1
    )


def test_an_instant_of_another_zone_is_written_in_utc():
    vienna = timezone(timedelta(hours=2))

    assert to_text(datetime(2026, 9, 1, 10, tzinfo=vienna)) == "2026-09-01T08:00:00.000Z"
