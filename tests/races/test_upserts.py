"""Several put the same thing by its external id at once: one makes it, and nobody sees a fault."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from api.app import create_app
from api.services.classes import Classes
from api.services.courses import Courses
from api.services.students import Students
from api.services.terms import Terms
from tests.apps import a_school, settings_for

CROWD = 4
ROUNDS = 5
BODIES = {
    "students": {"given_name": "Ada", "family_name": "Lovelace"},
    "terms": {"name": "Autumn", "starts_on": "2026-10-01", "ends_on": "2027-01-31"},
    "courses": {"title": "Algebra"},
    "classes": {"title": "Algebra A"},
}


MAKERS = {"students": Students, "terms": Terms, "courses": Courses, "classes": Classes}


@pytest.mark.race("test_twin_without_the_constraint_all_make_it")
@pytest.mark.parametrize("kind", BODIES)
def test_of_several_puts_at_once_one_makes_it(school, kind):
    made = [put_at_once(school, kind, f"{kind}-{number}") for number in range(ROUNDS)]

    for statuses in made:
        assert statuses.count(201) == 1
        assert set(statuses) <= {200, 201, 409}
    assert external_ids(school, kind) == [f"{kind}-{number}" for number in range(ROUNDS)]


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("kind", BODIES)
def test_twin_without_the_constraint_all_make_it(own_school, without, kind, monkeypatch):
    without(**{kind: [f"uq_{kind}_organization_id_external_id"]})
    if kind == "courses":
        without(courses=["uq_courses_organization_id_code_fold"])
    all_have_looked(monkeypatch, MAKERS[kind])

    assert put_at_once(own_school, kind, "X") == [201] * CROWD
    assert external_ids(own_school, kind) == ["X"] * CROWD


@pytest.fixture
def own_school(fresh_database_url, http_clock):
    """A school in an application on the test's own database."""
    app = create_app(
        settings_for(fresh_database_url, HOMEROOM_THREADS=str(CROWD)), clock=http_clock
    )
    yield a_school(app)
    app.extensions["homeroom"].database.close()


def all_have_looked(monkeypatch, maker):
    """Let nobody make it before everybody has seen that it is not there."""
    meeting, create = Barrier(CROWD), maker.create

    def together(*of):
        meeting.wait(10)
        return create(*of)

    monkeypatch.setattr(maker, "create", together)


def external_ids(school, kind):
    listed = school.registrar.get(f"{school.url}/{kind}").json["items"]
    return sorted(one["external_id"] for one in listed if one["external_id"])


def put_at_once(school, kind, external_id):
    """The statuses that a crowd gets."""
    url = f"{school.url}/{kind}/by-external-id/{external_id}"
    meeting = Barrier(CROWD)
    body = {**BODIES[kind], **({"code": external_id} if kind == "courses" else {})}

    def put(_number):
        client = school.app.test_client()
        meeting.wait(10)
        token = {"Authorization": f"Bearer {school.registrar.token}"}
        return client.put(url, json=body, headers=token).status_code

    with ThreadPoolExecutor(CROWD) as crowd:
        return list(crowd.map(put, range(CROWD)))
