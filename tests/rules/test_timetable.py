"""Sessions from a weekly pattern: local time is the truth, also where clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.services.rules_timetable import (
    MAX_SESSIONS,
    WEEKDAYS,
    Pattern,
    PlannedSession,
    TimetableFault,
    TooManySessions,
    expand,
    instant_of,
    session_at,
)

NEW_YORK = ZoneInfo("America/New_York")
ZONES = ["America/New_York", "Europe/London", "Australia/Sydney", "Australia/Lord_Howe", "UTC"]


def a_pattern(**changes):
    members = {
        "weekdays": frozenset({"MO", "WE"}),
        "start_local": time(9),
        "duration_minutes": 50,
        "from_date": date(2026, 3, 2),
        "to_date": date(2026, 3, 15),
        "except_dates": frozenset(),
    }
    return Pattern(**(members | changes))


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "local", "expected"),
    [
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:30"),  # skipped: offset before
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30"),  # twice: the first
        ("Europe/London", "2026-03-29T01:30", "2026-03-29T01:30"),
        ("Europe/London", "2026-10-25T01:30", "2026-10-25T00:30"),
        ("Australia/Sydney", "2026-10-04T02:30", "2026-10-03T16:30"),
        ("Australia/Sydney", "2026-04-05T02:30", "2026-04-04T15:30"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45"),  # half an hour
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45"),
        ("Pacific/Apia", "2011-12-30T09:00", "2011-12-30T19:00"),  # a day that never was
        ("Asia/Kolkata", "2026-06-01T09:00", "2026-06-01T03:30"),
        ("UTC", "2028-02-29T23:59", "2028-02-29T23:59"),
    ],
)
def test_a_local_time_is_read_as_rfc_5545_says(zone, local, expected):
    instant = instant_of(datetime.fromisoformat(local), ZoneInfo(zone))

    assert instant == utc(expected)
    assert instant.tzinfo is UTC


@pytest.mark.parametrize(
    ("zone", "start", "minutes", "wall_end"),
    [
        ("America/New_York", "2026-03-08T01:30", 60, "2026-03-08T03:30"),
        ("America/New_York", "2026-11-01T00:30", 120, "2026-11-01T01:30"),
        ("Australia/Sydney", "2026-10-04T01:30", 60, "2026-10-04T03:30"),
        ("Australia/Lord_Howe", "2026-10-04T01:30", 60, "2026-10-04T03:00"),
    ],
)
def test_a_session_lasts_its_elapsed_minutes_across_a_change_of_clocks(
    zone, start, minutes, wall_end
):
    session = session_at(datetime.fromisoformat(start), minutes, ZoneInfo(zone))

    assert session.ends_at - session.starts_at == timedelta(minutes=minutes)
    shown = session.ends_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert shown == datetime.fromisoformat(wall_end)


def test_a_pattern_meets_on_its_weekdays_from_the_first_to_the_last_date():
    sessions = expand(a_pattern(to_date=date(2026, 3, 11)), NEW_YORK)

    assert [session.local_start.isoformat() for session in sessions] == [
        "2026-03-02T09:00:00",
        "2026-03-04T09:00:00",
        "2026-03-09T09:00:00",
        "2026-03-11T09:00:00",
    ]
    # The clocks change on 8 March: same wall clock, another instant.
    assert [session.starts_at.hour for session in sessions] == [14, 14, 13, 13]


def test_an_excepted_date_does_not_meet():
    sessions = expand(a_pattern(except_dates=frozenset({date(2026, 3, 4)})), NEW_YORK)

    assert date(2026, 3, 4) not in {session.local_start.date() for session in sessions}
    assert len(sessions) == 3


def test_a_leap_day_meets():
    pattern = a_pattern(
        weekdays=frozenset({"TU"}), from_date=date(2028, 2, 28), to_date=date(2028, 3, 1)
    )

    sessions = expand(pattern, NEW_YORK)

    assert sessions == (
        PlannedSession(
            local_start=datetime(2028, 2, 29, 9),  # noqa: DTZ001  # a wall clock has no zone
            starts_at=utc("2028-02-29T14:00"),
            ends_at=utc("2028-02-29T14:50"),
        ),
    )


def test_the_day_that_apia_skipped_is_no_second_meeting_of_the_next_day():
    pattern = a_pattern(
        weekdays=frozenset(WEEKDAYS), from_date=date(2011, 12, 29), to_date=date(2011, 12, 31)
    )

    sessions = expand(pattern, ZoneInfo("Pacific/Apia"))

    assert [session.local_start.day for session in sessions] == [29, 31]
    assert [session.starts_at.day for session in sessions] == [29, 30]


def test_as_many_sessions_as_a_class_may_have_are_made_and_one_more_is_refused():
    first = date(2026, 1, 1)
    daily = frozenset(WEEKDAYS)
    full = a_pattern(
        weekdays=daily, from_date=first, to_date=first + timedelta(days=MAX_SESSIONS - 1)
    )
    over = a_pattern(weekdays=daily, from_date=first, to_date=first + timedelta(days=MAX_SESSIONS))

    assert len(expand(full, NEW_YORK)) == MAX_SESSIONS
    with pytest.raises(TooManySessions) as refused:
        expand(over, NEW_YORK)
    assert (refused.value.member, refused.value.code) == ("to_date", "out-of-range")
    assert refused.value.at_most == MAX_SESSIONS


def test_what_the_class_has_already_counts():
    with pytest.raises(TooManySessions) as refused:
        expand(a_pattern(), NEW_YORK, at_most=3)

    assert "3 sessions" in refused.value.detail


def test_a_pattern_of_a_thousand_years_is_refused_at_once():
    with pytest.raises(TooManySessions):
        expand(a_pattern(from_date=date(1900, 1, 1), to_date=date(2999, 12, 31)), NEW_YORK)


@pytest.mark.parametrize(
    ("changes", "member", "code"),
    [
        ({"weekdays": frozenset()}, "weekdays", "too-short"),
        ({"weekdays": frozenset({"MO", "XX"})}, "weekdays", "not-a-choice"),
        ({"to_date": date(2026, 3, 1)}, "to_date", "out-of-range"),
        ({"from_date": date(1899, 12, 31)}, "from_date", "out-of-range"),
        ({"to_date": date(3000, 1, 1)}, "from_date", "out-of-range"),
        ({"duration_minutes": 0}, "duration_minutes", "out-of-range"),
        ({"duration_minutes": 1441}, "duration_minutes", "out-of-range"),
        (
            {"except_dates": frozenset(date.fromordinal(day) for day in range(1, 102))},
            "except",
            "too-long",
        ),
    ],
)
def test_an_impossible_pattern_is_refused_by_the_member_at_fault(changes, member, code):
    with pytest.raises(TimetableFault) as refused:
        expand(a_pattern(**changes), NEW_YORK)

    assert (refused.value.member, refused.value.code) == (member, code)


def test_the_longest_session_and_as_many_exceptions_as_there_may_be_are_taken():
    exceptions = frozenset(date.fromordinal(day) for day in range(1, 101))

    sessions = expand(a_pattern(duration_minutes=1440, except_dates=exceptions), NEW_YORK)

    assert {session.ends_at - session.starts_at for session in sessions} == {timedelta(days=1)}


@pytest.mark.parametrize("year", [1, 1899, 3000, 9999])
def test_a_session_at_the_end_of_the_calendar_is_refused(year):
    with pytest.raises(TimetableFault) as refused:
        session_at(datetime(year, 1, 1), 60, NEW_YORK)  # noqa: DTZ001  # a wall clock

    assert refused.value.member == "local_start"


@st.composite
def patterns(draw):
    first = draw(st.dates(date(2020, 1, 1), date(2035, 1, 1)))
    days = draw(st.integers(0, 60))
    span = [first + timedelta(days=day) for day in range(days + 1)]
    return Pattern(
        weekdays=draw(st.frozensets(st.sampled_from(WEEKDAYS), min_size=1)),
        start_local=draw(st.times()).replace(second=0, microsecond=0),
        duration_minutes=draw(st.integers(1, 1440)),
        from_date=first,
        to_date=span[-1],
        except_dates=draw(st.frozensets(st.sampled_from(span), max_size=10)),
    )


@given(pattern=patterns(), zone=st.sampled_from(ZONES))
def test_every_session_is_one_of_the_patterns_days_at_its_wall_clock(pattern, zone):
    sessions = expand(pattern, ZoneInfo(zone))

    days = [session.local_start.date() for session in sessions]
    wanted = [
        day
        for day in (
            pattern.from_date + timedelta(days=ahead)
            for ahead in range((pattern.to_date - pattern.from_date).days + 1)
        )
        if WEEKDAYS[day.weekday()] in pattern.weekdays and day not in pattern.except_dates
    ]
    assert days == wanted
    for session in sessions:
        elapsed = session.ends_at - session.starts_at
        assert elapsed == timedelta(minutes=pattern.duration_minutes)
        shown = session.starts_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        # Only a skipped time is shown otherwise: by the length of the gap, an hour at most.
        assert timedelta(0) <= shown - session.local_start <= timedelta(hours=1)
    assert [s.starts_at for s in sessions] == sorted({s.starts_at for s in sessions})
