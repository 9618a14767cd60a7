from datetime import UTC, datetime

import pytest

from api import ids
from api.models import Role
from tests.apps import a_school
from tests.factories import (
    SchoolClass,
    a_meeting_pattern,
    a_registration,
    a_session,
    a_student,
    select,
)
from tests.factories import a_class as a_class_row

PATTERN = {
    "weekdays": ["mo", "we"],
    "start_local": "09:00",
    "duration_minutes": 90,
    "from_date": "2026-10-05",
    "to_date": "2026-10-18",
}
DAYS = ["2026-10-05", "2026-10-07", "2026-10-12", "2026-10-14"]
BY_HAND = {"local_start": "2026-10-09T14:00", "duration_minutes": 60}


@pytest.fixture
def school_class(school):
    return a_class(school)


def a_class(school, **given):
    given = {"title": "Algebra", "status": "open", **given}
    return url_of(school.registrar.post(f"{school.url}/classes", given))


def url_of(answer):
    return answer.json["_links"]["self"]["href"]


def edited(person, answer, changes):
    return person.patch(url_of(answer), changes, if_match=answer.headers["ETag"])


def sessions(school, school_class, query="limit=100"):
    return school.registrar.get(f"{school_class}/sessions?{query}").json["items"]


def days(school, school_class):
    return [session["local_start"][:10] for session in sessions(school, school_class)]


def test_a_pattern_makes_its_sessions_at_once(school, school_class):
    made = school.registrar.post(f"{school_class}/meeting-patterns", PATTERN)

    first = sessions(school, school_class)[0]
    assert made.status_code == 201
    assert {name: made.json[name] for name in PATTERN} == PATTERN
    assert made.json["except"] == []
    assert school.registrar.get(made.headers["Location"]).data == made.data
    assert days(school, school_class) == DAYS
    assert first["pattern_id"] == made.json["id"]
    assert (first["local_start"], first["starts_at"], first["ends_at"]) == (
        "2026-10-05T09:00",
        "2026-10-05T07:00:00.000Z",
        "2026-10-05T08:30:00.000Z",
    )
    assert first["duration_minutes"] == 90


@pytest.mark.parametrize(
    ("zone", "local_start", "starts_at", "ends_at"),
    [
        # North: in spring 02:30 is skipped, and read with the offset before the gap.
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:30", "2026-03-08T08:30"),
        ("Europe/Vienna", "2026-03-29T02:30", "2026-03-29T01:30", "2026-03-29T02:30"),
        # North: in autumn 01:30 comes twice, and means its first time.
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30", "2026-11-01T06:30"),
        ("Europe/Vienna", "2026-10-25T02:30", "2026-10-25T00:30", "2026-10-25T01:30"),
        # South: the clocks go forward in October and back in April.
        ("Australia/Sydney", "2026-10-04T02:30", "2026-10-03T16:30", "2026-10-03T17:30"),
        ("Australia/Sydney", "2026-04-05T02:30", "2026-04-04T15:30", "2026-04-04T16:30"),
        ("America/Santiago", "2026-09-06T00:30", "2026-09-06T04:30", "2026-09-06T05:30"),
        # A change of half an hour.
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45", "2026-10-03T16:45"),
    ],
)
def test_where_the_clocks_change_the_wall_clock_is_the_truth(
    school, zone, local_start, starts_at, ends_at
):
    by_hand, by_pattern = a_class(school, timezone=zone), a_class(school, timezone=zone)
    day, at = local_start.split("T")
    every_day = {**PATTERN, "weekdays": ["mo", "tu", "we", "th", "fr", "sa", "su"]}

    school.registrar.post(
        f"{by_hand}/sessions", {"local_start": local_start, "duration_minutes": 60}
    )
    school.registrar.post(
        f"{by_pattern}/meeting-patterns",
        {**every_day, "start_local": at, "duration_minutes": 60, "from_date": day, "to_date": day},
    )

    for school_class in (by_hand, by_pattern):
        (seen,) = sessions(school, school_class)
        assert seen["local_start"] == local_start
        assert (seen["starts_at"], seen["ends_at"]) == (
            f"{starts_at}:00.000Z",
            f"{ends_at}:00.000Z",
        )


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        ("Europe/Vienna", "2026-10-24T07:00:00.000Z", "2026-10-31T08:00:00.000Z"),
        ("Australia/Sydney", "2026-10-02T23:00:00.000Z", "2026-10-09T22:00:00.000Z"),
    ],
)
def test_a_weekly_hour_stays_on_the_wall_clock_across_a_change(school, zone, before, after):
    school_class = a_class(school, timezone=zone)
    first = "2026-10-24" if zone.startswith("Europe") else "2026-10-03"
    last = "2026-10-31" if zone.startswith("Europe") else "2026-10-10"

    school.registrar.post(
        f"{school_class}/meeting-patterns",
        {**PATTERN, "weekdays": ["sa"], "from_date": first, "to_date": last},
    )

    assert [s["starts_at"] for s in sessions(school, school_class)] == [before, after]


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"weekdays": []}, "#/weekdays", "too-short"),
        ({"weekdays": ["monday"]}, "#/weekdays/0", "not-a-choice"),
        ({"start_local": "9:00"}, "#/start_local", "bad-format"),
        ({"duration_minutes": 1441}, "#/duration_minutes", "out-of-range"),
        ({"to_date": "2026-10-01"}, "#/to_date", "out-of-range"),
        ({"to_date": "2036-10-01"}, "#/to_date", "out-of-range"),
        ({"except": ["2026-10-07"] * 101}, "#/except", "too-long"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused_with_a_pointer(
    school, school_class, given, pointer, code
):
    refused = school.registrar.post(f"{school_class}/meeting-patterns", {**PATTERN, **given})

    assert refused.status_code == 422
    assert [(f["pointer"], f["code"]) for f in refused.json["errors"]] == [(pointer, code)]
    assert sessions(school, school_class) == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"local_start": "2026-10-09"}, "bad-format"),
        ({"local_start": "2026-10-09T14:00Z"}, "bad-format"),
        ({"local_start": 7}, "bad-format"),
        ({"local_start": "3026-10-09T14:00"}, "out-of-range"),
    ],
)
def test_a_session_that_cannot_be_is_refused_with_a_pointer(school, school_class, given, code):
    refused = school.registrar.post(f"{school_class}/sessions", {**BY_HAND, **given})

    assert refused.status_code == 422
    found = [(fault["pointer"], fault["code"]) for fault in refused.json["errors"]]
    assert found == [("#/local_start", code)]


def test_a_changed_pattern_keeps_the_sessions_of_the_days_that_it_keeps(school, school_class):
    made = school.registrar.post(f"{school_class}/meeting-patterns", PATTERN)
    before = {session["local_start"]: session for session in sessions(school, school_class)}
    off = school.registrar.get(f"{school_class}/sessions?limit=1").json["items"][0]
    url = off["_links"]["self"]["href"]
    school.registrar.patch(url, {"status": "cancelled"}, if_match="*")

    changed = edited(school.registrar, made, {"weekdays": ["fr", "mo"], "except": ["2026-10-12"]})
    later = edited(school.registrar, changed, {"start_local": "10:00"})

    after = {session["local_start"]: session for session in sessions(school, school_class)}
    assert (changed.json["weekdays"], later.json["version"]) == (["mo", "fr"], 3)
    assert [*after] == ["2026-10-05T10:00", "2026-10-09T10:00", "2026-10-16T10:00"]
    assert after["2026-10-05T10:00"]["id"] == before["2026-10-05T09:00"]["id"]
    assert after["2026-10-05T10:00"]["status"] == "cancelled"


def test_an_edit_of_a_pattern_that_differs_in_nothing_writes_nothing(school, school_class):
    made = school.registrar.post(f"{school_class}/meeting-patterns", PATTERN)
    version = school.registrar.get(school_class).json["version"]

    same = edited(school.registrar, made, {"start_local": "09:00"})

    assert same.headers["ETag"] == made.headers["ETag"]
    assert school.registrar.get(school_class).json["version"] == version
    assert school.registrar.patch(url_of(made), {}).status_code == 428


def test_a_removed_pattern_takes_its_sessions_along_but_not_those_made_by_hand(
    school, school_class
):
    made = school.registrar.post(f"{school_class}/meeting-patterns", PATTERN)
    school.registrar.post(f"{school_class}/sessions", BY_HAND)

    assert school.registrar.delete(url_of(made), if_match='"v9-0"').status_code == 412
    assert school.registrar.delete(url_of(made)).status_code == 204

    assert days(school, school_class) == ["2026-10-09"]
    assert school.registrar.get(url_of(made)).status_code == 404


def test_a_session_that_is_moved_leaves_its_pattern_which_notes_an_exception(school, school_class):
    made = school.registrar.post(f"{school_class}/meeting-patterns", PATTERN)
    first = sessions(school, school_class)[0]
    url = first["_links"]["self"]["href"]

    moved = school.registrar.patch(url, {"local_start": "2026-10-06T11:00"}, if_match="*")

    pattern = school.registrar.get(url_of(made))
    assert (moved.json["pattern_id"], moved.json["starts_at"]) == (None, "2026-10-06T09:00:00.000Z")
    assert moved.json["duration_minutes"] == 90
    assert pattern.json["except"] == ["2026-10-05"]
    edited(school.registrar, pattern, {"duration_minutes": 30})
    assert days(school, school_class) == ["2026-10-06", *DAYS[1:]]
    longer = edited(school.registrar, moved, {"duration_minutes": 120})
    assert longer.json["ends_at"] == "2026-10-06T11:00:00.000Z"


def test_a_session_that_is_removed_does_not_come_back_with_its_pattern(school, school_class):
    made = school.registrar.post(f"{school_class}/meeting-patterns", PATTERN)
    by_hand = school.registrar.post(f"{school_class}/sessions", BY_HAND)
    first = sessions(school, school_class)[0]["_links"]["self"]["href"]

    assert school.registrar.delete(first).status_code == 204
    assert school.registrar.delete(url_of(by_hand)).status_code == 204

    pattern = school.registrar.get(url_of(made))
    edited(school.registrar, pattern, {"duration_minutes": 30})
    assert days(school, school_class) == DAYS[1:]


def test_a_session_is_cancelled_and_held_again(school, school_class):
    made = school.registrar.post(f"{school_class}/sessions", BY_HAND)

    cancelled = edited(school.registrar, made, {"status": "cancelled"})
    same = edited(school.registrar, cancelled, {"status": "cancelled"})

    assert (cancelled.json["status"], cancelled.json["version"]) == ("cancelled", 2)
    assert same.headers["ETag"] == cancelled.headers["ETag"]
    assert len(sessions(school, school_class, "status=cancelled")) == 1
    assert edited(school.registrar, same, {"status": "scheduled"}).json["version"] == 3


def test_promotion_ends_with_the_first_session_that_is_held(school, school_class):
    def ends_at():
        return school.registrar.get(school_class).json["effective_promotion_ends_at"]

    assert ends_at() is None
    early = school.registrar.post(f"{school_class}/sessions", BY_HAND)
    school.registrar.post(
        f"{school_class}/sessions", {**BY_HAND, "local_start": "2026-11-20T14:00"}
    )
    assert ends_at() == early.json["starts_at"]
    edited(school.registrar, early, {"status": "cancelled"})
    assert ends_at() == "2026-11-20T13:00:00.000Z"


def test_every_change_of_the_timetable_bumps_the_version_of_the_class(school, school_class):
    versions = [school.registrar.get(school_class).json["version"]]

    for act in (
        lambda: school.registrar.post(f"{school_class}/sessions", BY_HAND),
        lambda: school.registrar.post(f"{school_class}/meeting-patterns", PATTERN),
        lambda: school.registrar.delete(
            sessions(school, school_class)[0]["_links"]["self"]["href"]
        ),
    ):
        assert act().status_code in {201, 204}
        versions.append(school.registrar.get(school_class).json["version"])

    assert versions == [1, 2, 3, 4]


def test_a_class_has_at_most_twenty_patterns_and_five_hundred_sessions(school, school_class):
    row = {"organization_id": school.row.id, "id": ids.decode("cls", school_class[-30:])}
    with school.database.write() as tx:
        of = tx.first(select(SchoolClass).filter_by(**row))
        for _ in range(20):
            a_meeting_pattern(tx, of, weekdays=["mo"])
        for _ in range(500):
            a_session(tx, of)

    pattern = school.registrar.post(f"{school_class}/meeting-patterns", PATTERN)
    session = school.registrar.post(f"{school_class}/sessions", BY_HAND)

    assert [(a.status_code, a.json["code"], a.json["limit"]) for a in (pattern, session)] == [
        (409, "state-conflict", 20),
        (409, "state-conflict", 500),
    ]


def test_a_pattern_has_at_most_a_hundred_exceptions(school, school_class):
    days_off = [f"2027-{month:02}-{day:02}" for month in range(1, 6) for day in range(1, 21)]
    school.registrar.post(f"{school_class}/meeting-patterns", {**PATTERN, "except": days_off})
    url = sessions(school, school_class)[0]["_links"]["self"]["href"]

    refused = school.registrar.delete(url)

    assert (refused.status_code, refused.json["code"]) == (409, "state-conflict")
    assert days(school, school_class) == DAYS


def test_the_timetable_is_edited_by_staff_only(school):
    teacher = {"member_id": ids.encode("mem", school.instructor.member.id), "name": "Ada"}
    school_class = a_class(school, instructors=[teacher])
    pattern = school.registrar.post(f"{school_class}/meeting-patterns", PATTERN)
    session = sessions(school, school_class)[0]["_links"]["self"]["href"]

    for person in (school.instructor, school.student):
        answers = [
            person.post(f"{school_class}/meeting-patterns", PATTERN),
            person.post(f"{school_class}/sessions", BY_HAND),
            person.patch(url_of(pattern), {}, if_match="*"),
            person.delete(session),
        ]
        seen = person.get(session)

        assert {answer.status_code for answer in answers} == {403}
        assert set(seen.json["_blocked"]) == {"edit", "delete"}
        listed = person.get(f"{school_class}/meeting-patterns")
        assert (len(listed.json["items"]), set(listed.json["_blocked"])) == (1, {"create"})


def test_the_timetable_of_a_draft_is_seen_by_staff_and_by_who_teaches_it(school):
    teacher = {"member_id": ids.encode("mem", school.instructor.member.id), "name": "Ada"}
    draft = a_class(school, status="draft", instructors=[teacher])
    pattern = url_of(school.registrar.post(f"{draft}/meeting-patterns", PATTERN))
    session = sessions(school, draft)[0]["_links"]["self"]["href"]
    colleague = school.another(Role.INSTRUCTOR)
    urls = [pattern, session, f"{draft}/sessions", f"{draft}/meeting-patterns"]

    assert {school.instructor.get(url).status_code for url in urls} == {200}
    for person in (colleague, school.student):
        assert {person.get(url).status_code for url in urls} == {404}
        assert person.delete(session).status_code == 404
        assert person.post(f"{draft}/sessions", BY_HAND).status_code == 404


def test_a_timetable_does_not_exist_for_another_organization(school, school_class, app):
    stranger = a_school(app).owner
    pattern = url_of(school.registrar.post(f"{school_class}/meeting-patterns", PATTERN))
    session = sessions(school, school_class)[0]["_links"]["self"]["href"]

    answers = [
        *(stranger.get(url) for url in (pattern, session, f"{school_class}/sessions")),
        *(stranger.patch(url, {}, if_match="*") for url in (pattern, session)),
        *(stranger.delete(url) for url in (pattern, session)),
        stranger.post(f"{school_class}/meeting-patterns", PATTERN),
        stranger.post(f"{school_class}/sessions", BY_HAND),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert days(school, school_class) == DAYS


def test_sessions_are_filtered_and_sorted(school, school_class):
    made = school.registrar.post(f"{school_class}/meeting-patterns", PATTERN)
    school.registrar.post(f"{school_class}/sessions", BY_HAND)

    def found(query):
        return [s["local_start"][8:10] for s in sessions(school, school_class, query)]

    assert found("sort=-starts_at&limit=2") == ["14", "12"]
    assert found("pattern_id__is_null=true") == ["09"]
    assert found(f"pattern_id={made.json['id']}") == ["05", "07", "12", "14"]
    assert found("starts_at__gte=2026-10-09T00:00:00Z&starts_at__lt=2026-10-13T00:00:00Z") == [
        "09",
        "12",
    ]
    listed = school.registrar.get(f"{school_class}/meeting-patterns?duration_minutes=90")
    assert len(listed.json["items"]) == 1


def test_nobody_loses_a_place_when_the_timetable_changes(school, school_class):
    row = {"organization_id": school.row.id, "id": ids.decode("cls", school_class[-30:])}
    with school.database.write() as tx:
        of = tx.first(select(SchoolClass).filter_by(**row))
        student = a_student(tx, school.row.id)
        other = a_class_row(tx, school.row.id)
        for taken in (of, other):
            a_registration(tx, taken, student)
        a_session(tx, other, starts_at=datetime(2026, 10, 9, 12, tzinfo=UTC))

    clashing = school.registrar.post(f"{school_class}/sessions", BY_HAND)

    assert clashing.status_code == 201
    assert school.registrar.get(school_class).json["seats_taken"] == 1
