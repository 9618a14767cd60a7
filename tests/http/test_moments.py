from datetime import UTC, datetime

import pytest

from api.http.moments import with_deadline

SUMMER, WINTER = (datetime(2026, month, 25, 0, 30, tzinfo=UTC) for month in (7, 12))


def said(moment, zone, member="opens_at"):
    return with_deadline("Not yet", {member: moment, "timezone": zone})


@pytest.mark.parametrize(
    ("moment", "zone", "words"),
    [
        (SUMMER, "Europe/Berlin", "2026-07-25 02:30 Europe/Berlin (UTC+02:00)"),
        (WINTER, "Europe/Berlin", "2026-12-25 01:30 Europe/Berlin (UTC+01:00)"),
        (SUMMER, "America/New_York", "2026-07-24 20:30 America/New_York (UTC-04:00)"),
        (WINTER, "Australia/Sydney", "2026-12-25 11:30 Australia/Sydney (UTC+11:00)"),
        (SUMMER, "Australia/Sydney", "2026-07-25 10:30 Australia/Sydney (UTC+10:00)"),
        (SUMMER, "Asia/Kathmandu", "2026-07-25 06:15 Asia/Kathmandu (UTC+05:45)"),
        (SUMMER, "UTC", "2026-07-25 00:30 UTC (UTC+00:00)"),
        (SUMMER.replace(second=9), "UTC", "2026-07-25 00:30:09 UTC (UTC+00:00)"),
    ],
)
def test_a_deadline_is_said_by_the_wall_clock_of_the_class(moment, zone, words):
    assert said(moment, zone) == f"Not yet. It opens on {words}."


@pytest.mark.parametrize(("hour", "offset"), [(0, "+02:00"), (1, "+01:00")])
def test_an_hour_that_comes_twice_is_told_apart_by_its_offset(hour, offset):
    moment = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)

    assert said(moment, "Europe/Berlin").endswith(f"2026-10-25 02:30 Europe/Berlin (UTC{offset}).")


def test_the_last_evening_of_the_calendar_is_said_in_utc():
    moment = datetime(9999, 12, 31, 23, 30, tzinfo=UTC)

    assert said(moment, "Asia/Tokyo") == "Not yet. It opens on 9999-12-31 23:30 UTC (UTC+00:00)."


@pytest.mark.parametrize(
    ("member", "sentence"),
    [
        ("opens_at", "It opens on 2026-07-25 00:30 UTC (UTC+00:00)."),
        ("closed_at", "The deadline was 2026-07-25 00:30 UTC (UTC+00:00)."),
        ("offer_expires_at", "The offer ended on 2026-07-25 00:30 UTC (UTC+00:00)."),
    ],
)
def test_each_deadline_has_its_sentence(member, sentence):
    assert said(SUMMER, "UTC", member) == f"Not yet. {sentence}"


@pytest.mark.parametrize(
    "members",
    [{}, {"opens_at": SUMMER}, {"timezone": "UTC"}, {"closed_at": None, "timezone": "UTC"}],
)
def test_a_detail_without_a_deadline_stays_as_it_is(members):
    assert with_deadline("Not yet", members) == "Not yet"
