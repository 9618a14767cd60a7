import csv
import gzip
import json
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from api.app import create_app
from api.cli.seeding import catalogue, demonstration
from api.models import (
    ClassSession,
    Course,
    MeetingPattern,
    Member,
    Organization,
    Registration,
    Role,
    SchoolClass,
    Student,
    Term,
    User,
)
from tests.apps import settings_for
from tests.cli.commands import run, run_json

NEXT_SPRING = date(2031, 3, 31)
LECTURE = {"kind": "LE", "days": ["TU", "TH"], "date": None, "start": "17:00", "end": "18:20"}
EXAM = {"kind": "FI", "days": [], "date": "2022-06-09", "start": "19:00", "end": "21:59"}
ARRANGED = {"kind": "IN", "days": [], "date": None, "start": None, "end": None, "room": None}
COURSES = [
    {"course": "ART 1", "title": "Drawing", "units": "2 or 4", "description": "Lines."},
    {"course": "ART 2", "title": None, "units": None, "description": None},
]
SECTIONS = [
    {
        "section_id": "000001",
        "course": "ART 1",
        "section": "A01",
        "instructors": ["INST-1"],
        "seats": 5,
        "meetings": [{**LECTURE, "room": None}, {**EXAM, "room": "HALL 1"}],
    },
    {
        "section_id": "000002",
        "course": "ART 2",
        "section": "001",
        "instructors": [],
        "seats": None,
        "meetings": [ARRANGED],
    },
]


def packed(path, lines):
    with gzip.open(path, "wt", encoding="utf-8") as text:
        text.writelines(json.dumps(line) + "\n" for line in lines)


@pytest.fixture
def folder(tmp_path):
    """A catalogue of two courses, each with a class."""
    packed(tmp_path / "catalogue_tiny_courses.jsonl.gz", COURSES)
    packed(tmp_path / "catalogue_tiny_sections.jsonl.gz", SECTIONS)
    return tmp_path


@pytest.fixture
def roster(tmp_path):
    path = tmp_path / "students.csv"
    path.write_text("student,sections\nS00001,000001\nS00002,000001 000002\nS00001,\n")
    return path


def rows(database, table, *order):
    with database.read() as tx:
        return tx.all(select(table.__table__).order_by(*order or (table.id,)))


def count(database, table):
    with database.read() as tx:
        return tx.scalar(select(func.count()).select_from(table))


def test_the_demonstration_has_everybody_and_a_full_class_with_a_line(
    fresh_database_url, fresh_database
):
    told = run_json(fresh_database_url, "seed", "--demo")

    pottery = next(row for row in rows(fresh_database, SchoolClass) if row.waiting)
    assert told["made"]
    assert {one["username"] for one in told["logins"]} >= {"owner", "registrar", "student"}
    assert (pottery.capacity, pottery.seats_taken, pottery.waiting) == (3, 3, 2)
    assert count(fresh_database, SchoolClass) == 8
    assert {row.role for row in rows(fresh_database, Member)} == set(Role)
    first = min(row.starts_at for row in rows(fresh_database, ClassSession))
    assert timedelta() < first - datetime.now(UTC) < timedelta(days=9)
    assert run_json(fresh_database_url, "verify")["holds"]


def test_whoever_is_printed_can_log_in(fresh_database_url):
    told = run_json(fresh_database_url, "seed", "--demo")

    app = create_app(settings_for(fresh_database_url))
    answers = [
        app.test_client().post("/v1/tokens", auth=(one["username"], one["password"]))
        for one in told["logins"]
    ]
    app.extensions["homeroom"].database.close()

    assert {answer.status_code for answer in answers} == {201}


def test_a_second_demonstration_changes_nothing_and_prints_who_can_log_in(
    fresh_database_url, fresh_database
):
    first = run(fresh_database_url, "seed", "--demo")
    before = rows(fresh_database, User)

    second = run(fresh_database_url, "seed", "--demo")

    assert rows(fresh_database, User) == before
    assert first.splitlines()[1:] == second.splitlines()
    assert "try-homeroom" in second


def test_a_password_of_somebody_elses_own_is_not_claimed_to_be_known(fresh_database_url):
    run(fresh_database_url, "seed", "--demo")
    run(
        fresh_database_url,
        *("users", "create", "ann", "--password-stdin"),
        stdin="a password of her own\n",
    )

    told = run_json(fresh_database_url, "seed", "--demo")

    assert {"username": "ann", "password": None} in told["logins"]
    assert not told["made"]


@pytest.mark.parametrize(
    "variables", [{"HOMEROOM_ENV": "production"}, {"HOST": "0.0.0.0"}, {"HOST": "example.edu"}]
)
def test_no_demonstration_is_made_where_strangers_could_log_in(
    variables, fresh_database_url, fresh_database
):
    told = run(fresh_database_url, "seed", "--demo", **variables)

    assert told.startswith("No demonstration here")
    assert count(fresh_database, User) == 0


def test_a_demonstration_is_quick(fresh_database_url):
    run_json(fresh_database_url, "seed", "--demo")
    began = time.process_time()

    run_json(fresh_database_url, "seed", "--demo")

    assert time.process_time() - began < 0.25


def test_the_catalogue_becomes_courses_classes_and_their_meetings(
    fresh_database_url, fresh_database, folder
):
    told = run_json(
        fresh_database_url, "seed", "--catalogue", folder, "--starts-on", NEXT_SPRING.isoformat()
    )

    (term,) = rows(fresh_database, Term)
    drawing, other = rows(fresh_database, Course)
    first, second = rows(fresh_database, SchoolClass, SchoolClass.external_id)
    (organization,) = rows(fresh_database, Organization)
    assert told["counts"] == {"courses": 2, "classes": 2}
    assert (term.starts_on, term.ends_on) == (NEXT_SPRING, NEXT_SPRING + timedelta(days=74))
    assert (drawing.code, drawing.title, drawing.credits_milli) == ("ART 1", "Drawing", 2000)
    assert (other.title, other.credits_milli) == ("ART 2", None)
    assert (first.title, first.section, first.external_id) == ("Drawing", "A01", "000001")
    assert (first.capacity, first.status, first.waitlist_mode) == (5, "open", "auto")
    assert (first.location, first.windows) == ("HALL 1", [])
    assert first.instructors == [{"member_id": None, "name": "INST-1"}]
    assert (second.title, second.capacity) == ("ART 2", None)
    assert (organization.slug, organization.conflict_policy) == ("tiny", "ignore")
    assert {row.role for row in rows(fresh_database, Member)} == {Role.OWNER, Role.REGISTRAR}
    assert all(row.password_hash is None for row in rows(fresh_database, User))


def test_weekly_meetings_are_patterns_and_dated_ones_are_made_by_hand(
    fresh_database_url, fresh_database, folder
):
    run(fresh_database_url, "seed", "--catalogue", folder, "--starts-on", NEXT_SPRING.isoformat())

    (pattern,) = rows(fresh_database, MeetingPattern)
    sessions = rows(fresh_database, ClassSession, ClassSession.starts_at)
    last = NEXT_SPRING + timedelta(days=67)
    assert (pattern.weekdays, pattern.start_local) == (["tu", "th"], "17:00")
    assert (pattern.duration_minutes, pattern.from_date, pattern.to_date) == (80, NEXT_SPRING, last)
    assert [row.pattern_id for row in sessions] == [*[pattern.id] * 20, None]
    assert sessions[-1].local_start == "2031-06-12T19:00"
    assert sessions[-1].ends_at - sessions[-1].starts_at == timedelta(minutes=179)


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 11, 20), date(2027, 1, 18)),
        (date(2022, 1, 31), date(2022, 3, 28)),
        (date(2022, 2, 1), date(2022, 4, 4)),
        (date(2020, 1, 1), date(2020, 3, 2)),
    ],
)
def test_the_term_moves_by_whole_weeks_to_at_least_eight_weeks_ahead(today, expected):
    assert catalogue.STARTS_ON + catalogue.shift(today, None) == expected


@pytest.mark.parametrize(
    ("units", "milli"),
    [
        ("4", 4000),
        ("2.5", 2500),
        ("2, 4", 2000),
        ("4–2", 2000),  # noqa: RUF001 - the dash of the catalogue
        ("1, 2, 3, or 4", 1000),
        ("0-2-4", 0),
        ("none", None),
        (None, None),
    ],
)
def test_credits_are_the_only_or_smallest_number_of_the_units(units, milli):
    assert catalogue.credits_milli(units) == milli


def test_a_term_that_begins_on_no_monday_is_refused(fresh_database_url, folder):
    told = run(
        fresh_database_url,
        *("seed", "--catalogue", folder, "--starts-on", "2031-04-01"),
        status=1,
    )

    assert "begins on a Monday" in told


def test_a_folder_without_a_catalogue_is_refused(fresh_database_url, tmp_path):
    told = run(fresh_database_url, "seed", "--catalogue", tmp_path, status=1)

    assert "holds 0 files" in told


def test_a_catalogue_that_cannot_be_read_is_refused_by_file(fresh_database_url, folder):
    (folder / "catalogue_tiny_courses.jsonl.gz").write_bytes(b"not packed")

    told = run(fresh_database_url, "seed", "--catalogue", folder, status=1)

    assert "catalogue_tiny_courses.jsonl.gz" in told


def test_the_same_catalogue_twice_is_refused_by_the_name_that_is_taken(
    fresh_database_url, fresh_database, folder
):
    run(fresh_database_url, "seed", "--catalogue", folder)

    told = run(fresh_database_url, "seed", "--catalogue", folder, status=1)

    assert told.startswith("homeroom: duplicate-name: ")
    assert count(fresh_database, SchoolClass) == 2


def test_students_become_members_without_a_password(
    fresh_database_url, fresh_database, folder, roster
):
    told = run_json(fresh_database_url, "seed", "--catalogue", folder, "--students", roster)

    students = rows(fresh_database, Student, Student.external_id)
    members = {row.id: row.role for row in rows(fresh_database, Member)}
    assert told["counts"] == {"courses": 2, "classes": 2, "students": 2}
    assert set(told["seconds"]) == {"catalogue", "students"}
    assert [row.external_id for row in students] == ["S00001", "S00002"]
    assert {members[row.member_id] for row in students} == {Role.STUDENT}
    assert all(row.password_hash is None for row in rows(fresh_database, User))


def test_students_who_are_there_already_are_left_alone(fresh_database_url, folder, roster):
    run(fresh_database_url, "seed", "--catalogue", folder, "--students", roster)
    with roster.open("a") as text:
        csv.writer(text).writerow(["S00003", ""])

    told = run(fresh_database_url, "seed", "--students", roster)

    assert told.startswith("1 students (students ")


def test_students_come_from_standard_input_too(fresh_database_url, folder):
    run(fresh_database_url, "seed", "--catalogue", folder)

    told = run_json(fresh_database_url, "seed", "--students", "-", stdin="student\nS00009\n")

    assert told["counts"] == {"students": 1}


def test_students_need_an_organization_that_is_beyond_doubt(fresh_database_url, folder, roster):
    nowhere = run(fresh_database_url, "seed", "--students", roster, status=1)
    run(fresh_database_url, "seed", "--catalogue", folder)
    run(fresh_database_url, "seed", "--catalogue", folder, "--organization", "other")
    several = run(fresh_database_url, "seed", "--students", roster, status=1)
    named = run(fresh_database_url, "seed", "--students", roster, "--organization", "other")

    assert "there is no organization" in nowhere
    assert "other, tiny" in several
    assert named.startswith("2 students")


def test_a_roster_without_its_column_is_refused(fresh_database_url, folder, tmp_path):
    run(fresh_database_url, "seed", "--catalogue", folder)
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("name\nAnn\n")

    told = run(fresh_database_url, "seed", "--students", wrong, status=1)

    assert "a CSV with the column student is needed" in told


def test_seed_wants_to_know_what(fresh_database_url):
    assert "say what" in run(fresh_database_url, "seed", status=2)


def test_no_student_of_the_demonstration_registered_twice(fresh_database_url, fresh_database):
    run(fresh_database_url, "seed", "--demo")

    taken = rows(fresh_database, Registration, Registration.ticket)

    assert [row.state for row in taken] == ["enrolled"] * 3 + ["waitlisted"] * 2
    assert len({row.student_id for row in taken}) == len(demonstration.STUDENTS)
