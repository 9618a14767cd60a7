import dataclasses
from datetime import timedelta
from types import SimpleNamespace

import pytest

from api import ids as public_ids
from api.clock import to_text
from api.http.openapi import build_document
from api.http.requests import BODY_BYTES
from api.services.sweeper import Swept
from tests.ephemeral.conftest import START

HOUR = timedelta(hours=1)


@pytest.fixture
def school(desk):
    """An organization of this test alone, with two students."""
    answer = desk.open("POST", "/organizations", json={"students": 2})
    assert answer.status_code == 201, answer.json
    return answer.json


def a_class(as_person, school, **members):
    owner = as_person(school["tokens"]["owner"])
    body = {"title": "Pottery", "status": "open", **members}
    answer = owner.post(f"/v1/organizations/{school['organization_id']}/classes", json=body)
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def register(as_person, school, name, class_id):
    student = as_person(school["tokens"][name])
    answer = student.post(f"/v1/classes/{class_id}/registrations", json={"on_full": "waitlist"})
    assert answer.status_code == 201, answer.json
    return student, f"/v1/registrations/{answer.json['id']}"


@pytest.mark.parametrize("key", [None, "", "another key"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/clock"),
        ("PATCH", "/clock"),
        ("POST", "/organizations"),
        ("POST", "/reset"),
        ("GET", "/nowhere"),
    ],
)
def test_nothing_is_answered_without_the_key(desk, method, path, key):
    answer = desk.open(method, path, key=key, json={"advance_seconds": 1})

    assert (answer.status_code, answer.json["status"]) == (401, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert desk.open("GET", "/clock").json == {"now": to_text(START)}


def test_the_token_of_an_owner_is_no_key(desk, stage):
    assert desk.open("GET", key=stage.scene.fixtures["tokens"]["owner"]).status_code == 401


def test_the_clock_stands_until_it_is_moved(desk, as_person, school):
    first, second = (a_class(as_person, school) for _ in range(2))

    owner = as_person(school["tokens"]["owner"])
    made = {owner.get(f"/v1/classes/{one}").json["created_at"] for one in (first, second)}
    assert made == {to_text(START)}


def test_the_clock_moves_on_by_seconds_and_to_an_instant(desk):
    by_seconds = desk.move(advance_seconds=3600)
    to_instant = desk.move(to="2026-09-02T09:00:00+01:00")

    assert by_seconds.json == {"now": to_text(START + HOUR)}
    assert to_instant.json["now"] == to_text(START + timedelta(days=1))
    assert desk.open("GET", "/clock").json["now"] == to_instant.json["now"]


def test_the_clock_goes_back_only_when_that_is_meant(desk):
    desk.move(advance_seconds=3600)

    refused = desk.move(to=to_text(START))
    allowed = desk.move(to=to_text(START), backwards=True)

    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == "#/to"
    assert allowed.json["now"] == to_text(START)


@pytest.mark.parametrize(
    ("wish", "place"),
    [
        ({}, "#/to"),
        ({"to": "2026-09-02T08:00:00Z", "advance_seconds": 1}, "#/to"),
        ({"to": "2026-09-02T08:00:00"}, "#/to"),
        ({"to": "2999-01-01T00:00:00Z"}, "#/to"),
        ({"advance_seconds": -1}, "#/advance_seconds"),
        ({"advance_seconds": 0.5}, "#/advance_seconds"),
        ({"advance_seconds": 100 * 366 * 86400 * 2}, "#/advance_seconds"),
        ({"by": 1}, "#/by"),
    ],
)
def test_a_wish_that_cannot_be_met_leaves_the_clock_alone(desk, wish, place):
    answer = desk.move(**wish)

    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert [error["pointer"] for error in answer.json["errors"]] == [place]
    assert desk.open("GET", "/clock").json["now"] == to_text(START)


def test_the_clock_has_an_end(desk):
    desk.move(to="2199-12-31T23:59:59Z")

    assert desk.move(advance_seconds=2).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("PATCH", "/clock", {"data": b"{"}, 400),
        ("PATCH", "/clock", {"data": b"[]"}, 422),
        ("DELETE", "/clock", {}, 405),
        ("GET", "/nowhere", {}, 404),
        ("POST", "/organizations", {"json": {"students": 51}}, 422),
        ("POST", "/organizations", {"json": {"timezone": "Mars/Olympus"}}, 422),
        ("POST", "/organizations", {"data": b"{}" + b" " * BODY_BYTES}, 413),
        ("PATCH", "/clock", {"data": b'{"advance_seconds":0}' + b" " * BODY_BYTES}, 413),
    ],
)
def test_what_the_desk_does_not_take_is_refused_by_a_problem(desk, method, path, options, status):
    answer = desk.open(method, path, **options)

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json["status"] == status


def test_what_is_due_is_done_before_the_clock_answers(desk, as_person, school):
    line = {"mode": "offer", "offer_ttl_seconds": 3600}
    pottery = a_class(as_person, school, capacity=1, waitlist=line)
    seated, seat = register(as_person, school, "student", pottery)
    waiting, place = register(as_person, school, "student2", pottery)
    seated.delete(seat)
    assert waiting.get(place).json["state"] == "offered"

    desk.move(advance_seconds=3599)
    assert waiting.get(place).json["state"] == "offered"
    desk.move(advance_seconds=1)

    history = waiting.get(f"{place}/transitions").json["items"]
    assert (history[-1]["to"], history[-1]["at"]) == ("expired", to_text(START + HOUR))


def test_decisions_of_a_class_never_run_backwards_whatever_the_clock_does(desk, as_person, school):
    choir = a_class(as_person, school)
    desk.move(advance_seconds=3600)
    _, later = register(as_person, school, "student", choir)

    desk.move(to=to_text(START), backwards=True)
    _, earlier = register(as_person, school, "student2", choir)

    owner = as_person(school["tokens"]["owner"])
    decided = [owner.get(one).json["decided_at"] for one in (later, earlier)]
    assert decided == [to_text(START + HOUR)] * 2
    assert owner.get(f"/v1/classes/{choir}/audit").json["valid"] is True


def test_an_organization_holds_its_people_and_nothing_else(desk, as_person, school):
    owner = as_person(school["tokens"]["owner"])
    url = f"/v1/organizations/{school['organization_id']}"

    members = owner.get(f"{url}/members").json["items"]
    empty = [owner.get(f"{url}/{noun}").json["items"] for noun in ("terms", "courses", "classes")]

    roles = sorted(member["role"] for member in members)
    assert roles == ["instructor", "owner", "registrar", "student", "student"]
    assert empty == [[], [], []]
    assert list(school["people"]) == ["owner", "registrar", "instructor", "student", "student2"]


def test_everybody_told_is_who_their_token_says(as_person, school):
    for person in school["people"].values():
        me = as_person(person["token"]).get("/v1/me").json
        (membership,) = me["memberships"]
        assert (me["user"]["id"], me["user"]["username"]) == (person["user_id"], person["username"])
        assert membership["role"] == person["role"]
        assert membership["student_id"] == person["student_id"]


def test_one_organization_is_not_seen_from_another(desk, as_person, school):
    other = desk.open("POST", "/organizations", json={}).json

    seen = as_person(other["tokens"]["owner"]).get(f"/v1/organizations/{school['organization_id']}")

    assert seen.status_code == 404


def test_an_organization_may_have_no_student_and_its_own_zone(desk, as_person):
    wish = {"students": 0, "timezone": "Pacific/Auckland"}

    made = desk.open("POST", "/organizations", json=wish).json

    url = f"/v1/organizations/{made['organization_id']}"
    shown = as_person(made["tokens"]["owner"]).get(url).json
    assert list(made["people"]) == ["owner", "registrar", "instructor"]
    assert shown["timezone"] == "Pacific/Auckland"


def test_a_reset_brings_everything_back_as_it_was(desk, stage, as_person):
    before = desk.open("GET").json
    made = desk.open("POST", "/organizations", json={}).json
    art = before["classes"]["unlimited"]
    as_person(before["tokens"]["student"]).post(f"/v1/classes/{art}/registrations", json={})
    desk.move(advance_seconds=3600)
    folder = stage.scene.folder

    after = desk.open("POST", "/reset")

    assert (after.status_code, after.json) == (200, before)
    assert as_person(made["tokens"]["owner"]).get("/v1/me").status_code == 401
    owner = as_person(before["tokens"]["owner"])
    assert owner.get(f"/v1/classes/{art}").json["seats_taken"] == 0
    assert not folder.exists()


def blocks_of_another(desk, as_person, *, starts):
    """Why a student of a fresh school, who sits in a class at nine, cannot have another one."""
    school = desk.open("POST", "/reset") and desk.open("POST", "/organizations", json={}).json
    owner = as_person(school["tokens"]["owner"])
    classes = [a_class(as_person, school), a_class(as_person, school)]
    for class_id, start in zip(classes, ("09:00", starts), strict=True):
        dates = {"from_date": "2026-10-05", "to_date": "2026-10-30"}
        pattern = {"weekdays": ["mo"], "start_local": start, "duration_minutes": 60, **dates}
        made = owner.post(f"/v1/classes/{class_id}/meeting-patterns", json=pattern)
        assert made.status_code == 201, made.json
    student, _ = register(as_person, school, "student", classes[0])
    for _ in range(2):
        shown = student.get(f"/v1/classes/{classes[1]}").json
    return [block["code"] for block in shown["_blocked"].get("register", ())]


def test_nothing_is_remembered_of_the_school_before_a_reset(desk, as_person):
    assert blocks_of_another(desk, as_person, starts="09:30") == ["time-conflict"]
    assert blocks_of_another(desk, as_person, starts="11:00") == []
    assert blocks_of_another(desk, as_person, starts="09:30") == ["time-conflict"]


def test_the_same_is_made_again_after_a_reset(desk):
    first = desk.open("POST", "/reset") and desk.open("POST", "/organizations", json={}).json
    second = desk.open("POST", "/reset") and desk.open("POST", "/organizations", json={}).json

    assert first == second


def test_the_application_itself_knows_nothing_of_the_desk(app, nobody, stage):
    answers = [
        nobody.open(method, path).status_code
        for method, path in (
            ("GET", "/ephemeral"),
            ("PATCH", "/ephemeral/clock"),
            ("POST", "/ephemeral/organizations"),
            ("POST", "/ephemeral/reset"),
        )
    ]

    assert answers == [404] * 4
    for each in (app, stage.scene.app):
        assert "ephemeral" not in str(build_document(each))
        assert not [rule for rule in each.url_map.iter_rules() if "ephemeral" in rule.rule]


def test_ids_of_a_scene_come_from_its_clock(stage):
    fixture = public_ids.decode("org", stage.scene.fixtures["organization_id"])

    assert fixture.int >> 80 == int(START.timestamp() * 1000)


def test_all_is_done_before_the_clock_answers_though_another_was_quicker_in_between(stage):
    """The server's own sweeper settles a class that was just found due, and another one is then."""
    found = iter([Swept(classes=1), Swept(), Swept(classes=1), Swept(), Swept()])
    homeroom = SimpleNamespace(sweeper=SimpleNamespace(once=lambda: next(found)))

    dataclasses.replace(stage.scene, homeroom=homeroom).settle()

    assert list(found) == []
