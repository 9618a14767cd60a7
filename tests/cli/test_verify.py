import pytest
from sqlalchemy import update

from api import ids as public_ids
from api.models import SchoolClass
from api.services.verification import CLAIMS
from tests.cli.commands import run, run_json
from tests.services.school import School


@pytest.fixture
def school(fresh_database):
    return School.found(fresh_database, slug="the-school")


@pytest.fixture
def lecture(school):
    """A class whose seats are off by one, and one that is as it should be."""
    lecture = school.a_class(capacity=1)
    for student in school.students(2):
        school.register(lecture, student, wait=True)
    school.a_class()
    return lecture


def off_by_one(school, lecture):
    with school.database.write() as tx:
        tx.execute(update(SchoolClass).where(SchoolClass.id == lecture.id).values(seats_taken=0))
    return public_ids.encode("cls", lecture.id)


def test_a_sound_database_passes_every_invariant(fresh_database_url, lecture):
    told = run(fresh_database_url, "verify")
    document = run_json(fresh_database_url, "verify")

    assert told.count("holds") == len(CLAIMS) + 1
    assert document["holds"]
    assert [one["number"] for one in document["invariants"]] == list(CLAIMS)


def test_a_violation_is_named_and_ends_with_status_one(fresh_database_url, school, lecture):
    name = off_by_one(school, lecture)

    told = run(fresh_database_url, "verify", status=1)
    document = run_json(fresh_database_url, "verify", status=1)

    broken = [one for one in document["invariants"] if not one["holds"]]
    assert {one["number"] for one in broken} == {1, 5, 7}
    assert all(one["offenders"] == [name] for one in broken)
    assert f"     {name}\n" in told
    assert "3 broken" in told


def test_one_organization_is_checked_alone(fresh_database_url, school, lecture):
    off_by_one(school, lecture)
    School.found(school.database, slug="the-other")

    assert run_json(fresh_database_url, "verify", "--organization", "the-other")["holds"]
    run(fresh_database_url, "verify", "--organization", "the-school", status=1)


def test_more_offenders_than_are_named_are_counted(fresh_database_url, school):
    lectures = [school.a_class() for _ in range(22)]
    for lecture in lectures:
        with school.database.write() as tx:
            tx.execute(update(SchoolClass).where(SchoolClass.id == lecture.id).values(last_seq=9))

    assert "… and 2 more" in run(fresh_database_url, "verify", status=1)


def test_an_organization_that_is_not_there_is_refused(fresh_database_url):
    told = run(fresh_database_url, "verify", "--organization", "nowhere", status=1)

    assert told == "homeroom: there is no organization nowhere\n"


def test_a_database_without_tables_is_refused_with_the_way_out(bare_database_url):
    told = run(bare_database_url, "verify", status=1)

    assert "homeroom db upgrade" in told
