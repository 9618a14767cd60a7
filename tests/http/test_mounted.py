"""An application below a path of somebody else's host: every link says so."""

import pytest

from api import ids
from api.app import create_app
from tests import factories
from tests.apps import Client, a_school, settings_for
from tests.fake_clock import FakeClock

HOPS = {"X-Forwarded-Prefix": "/school-a, /", "X-Forwarded-Host": "localhost:81, localhost:80"}
BASE = "http://localhost:81/school-a"


@pytest.fixture(params=["", BASE], ids=["no-public-url", "public-url"])
def mounted(request, database_url):
    """An application behind two proxies, of which the outer one takes a prefix off."""
    named = {"HOMEROOM_PUBLIC_URL": request.param, "HOMEROOM_TRUSTED_PROXIES": "2"}
    app = create_app(settings_for(database_url, **named), clock=FakeClock())
    yield app
    app.extensions["homeroom"].database.close()


def hrefs(value):
    """Every link of a document and of what is in it."""
    if isinstance(value, list):
        return [href for each in value for href in hrefs(each)]
    if not isinstance(value, dict):
        return []
    own = [link["href"] for link in value.get("_links", {}).values()]
    return own + [href for each in value.values() for href in hrefs(each)]


def test_root_items_and_lists_link_below_the_prefix(mounted):
    owner = a_school(mounted).owner
    root = owner.get("/", headers=HOPS).json

    page = owner.get("/v1/organizations", headers=HOPS).json

    assert len(hrefs(page)) > 10
    assert [href for href in hrefs([root, page]) if not href.startswith(f"{BASE}/")] == []


def test_the_address_of_a_resource_below_the_prefix_is_taken_for_its_id(mounted):
    school = a_school(mounted)
    with school.database.write() as tx:
        row = factories.a_class(tx, school.row.id)
    student = school.student.get("/v1/me", headers=HOPS).json["students"][0]["id"]
    registrar = Client(mounted.test_client(), school.registrar.token)

    made = registrar.post(
        f"/v1/classes/{ids.encode('cls', row.id)}/registrations",
        {"student_url": f"{BASE}/v1/students/{student}"},
        headers=HOPS,
    )

    assert (made.status_code, made.json["student_id"]) == (201, student)
