"""Everything that can be read, and the whole of a registration, by clicking in Swagger UI."""

import secrets

import pytest

from tests.blackbox.town import ended
from tests.blackbox.world import a_world
from tests.browser.swagger_ui import SwaggerUI

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PASSWORD = "correct horse battery"
NAMES = {
    "students": {"given_name": "Ada", "family_name": "Alder"},
    "terms": {"name": "Autumn", "starts_on": "2027-10-01", "ends_on": "2028-01-31"},
    "courses": {"code": "MATH 1", "title": "Mathematics"},
    "classes": {"title": "Algebra", "status": "open", "capacity": 2},
}
PATTERN = {
    "weekdays": ["mo"],
    "start_local": "09:00",
    "duration_minutes": 60,
    "from_date": "2027-10-04",
    "to_date": "2027-10-31",
}


@pytest.fixture(scope="module")
def school(server):
    """A school with one of everything that has an address."""
    with a_world(server) as made:
        yield made


@pytest.fixture(scope="module")
def values(school):
    """What fills the variables of every path, by their names."""
    owner, found = school.owner, {"external_id": "one", "code": "class-full", "rel": "register"}
    for noun, new in NAMES.items():
        address = f"{school.url}/{noun}/by-external-id/one"
        made = owner.open("PUT", address, json=new)
        assert made.status_code == 201, made.text
        found[noun] = made.json()["id"]
    at_class = f"/v1/classes/{found['classes']}"
    new = {"student_id": found["students"]}
    found["registration_id"] = owner.post(f"{at_class}/registrations", new).json()["id"]
    found["pattern_id"] = owner.post(f"{at_class}/meeting-patterns", PATTERN).json()["id"]
    found["session_id"] = owner.get(f"{at_class}/sessions").json()["items"][0]["id"]
    job = owner.post(f"{school.url}/exports").headers["Location"]
    found["job_id"] = ended(owner, job)["id"]
    assert school.people["registrar"]
    me = owner.get("/v1/me").json()
    lists = ("members", "invitations")
    firsts = {noun: owner.get(f"{school.url}/{noun}").json()["items"][0]["id"] for noun in lists}
    return {
        **found,
        "organization_id": school.school["id"],
        "class_id": found["classes"],
        "course_id": found["courses"],
        "term_id": found["terms"],
        "student_id": found["students"],
        "member_id": firsts["members"],
        "invitation_id": firsts["invitations"],
        "token_id": me["token_id"],
        "user_id": me["user"]["id"],
    }


def test_every_get_of_the_document_is_tried_by_clicking(visit, school, values):
    operations = reads(school.client.get("/openapi.json").json())
    page = SwaggerUI(visit).open()
    page.authorize(school.owner.token)

    shown = {
        name: page.call(name, **{each: values[each] for each in variables}).status
        for name, variables in operations.items()
    }

    assert shown.keys() >= {"get_class", "list_class_events", "get_root", "get_me"}
    assert {name: status for name, status in shown.items() if status != 200} == {}
    assert visit.complaints == []
    assert visit.strays == []


def reads(document):
    """The variables in the path of every GET, by its operationId."""
    return {
        methods["get"]["operationId"]: [
            each["name"]
            for each in methods["get"].get("parameters", ())
            if each.get("in") == "path"
        ]
        for methods in document["paths"].values()
        if "get" in methods
    }


def made(shown):
    """The id of what a call has made."""
    assert shown.status == 201, shown.text
    return shown.json["id"]


def test_a_registration_goes_from_sign_up_to_promotion_by_clicking(visit):
    page = SwaggerUI(visit).open()
    account = {"username": f"clicker-{secrets.token_hex(4)}", "password": PASSWORD}

    made(page.call("create_user", account))
    page.authorize(page.call("create_token", account).json["token"])
    new = {"name": "School", "slug": account["username"], "timezone": "Europe/Vienna"}
    school = made(page.call("create_organization", new))
    new = {"title": "Pottery", "status": "open", "capacity": 1, "waitlist": {"mode": "auto"}}
    pottery = made(page.call("create_class", new, organization_id=school))
    first, second = (
        made(page.call("create_student", new, organization_id=school))
        for new in (NAMES["students"], {"given_name": "Ben", "family_name": "Birch"})
    )
    seat = page.call("create_class_registration", {"student_id": first}, class_id=pottery)
    full = page.call("create_class_registration", {"student_id": second}, class_id=pottery)
    wish = {"student_id": second, "on_full": "waitlist"}
    line = page.call("create_class_registration", wish, class_id=pottery)
    left = page.call(
        "create_registration_transition", {"to": "dropped"}, registration_id=seat.json["id"]
    )
    promoted = page.call("get_registration", registration_id=line.json["id"])
    problem = page.call("get_problem_type", code=full.json["code"])

    assert (seat.status, seat.json["state"]) == (201, "enrolled")
    assert (full.status, full.json["code"]) == (409, "class-full")
    assert "content-type: application/problem+json" in full.headers
    assert (line.status, line.json["state"], line.json["position"]) == (201, "waitlisted", 1)
    assert left.status == 200
    assert (promoted.status, promoted.json["state"]) == (200, "enrolled")
    assert problem.json["cause"]
    assert problem.json["cure"]
    assert visit.refusals == [409]
    assert visit.faults == []
    assert visit.strays == []
