"""Lists of registrations: each shows its reader what is the reader's to see."""

import pytest

from api import ids
from api.authz.actor import Actor
from api.models import Role
from api.services import class_seats
from tests import factories


@pytest.fixture
def two_classes(school):
    """One class taught by the instructor and one that is not; the student is in both."""
    member = school.instructor.member
    urls = []
    for instructors in ([{"member_id": str(member.id), "name": "T"}], []):
        with school.database.write() as tx:
            row = factories.a_class(tx, school.row.id, capacity=1, instructors=instructors)
            class_seats.created(tx, Actor.system(), row)
        url = f"/v1/classes/{ids.encode('cls', row.id)}"
        school.student.post(f"{url}/registrations", {})
        urls.append(url)
    return urls


def states(response):
    assert response.status_code == 200, response.json
    return [item["state"] for item in response.json["items"]]


def student_url(person):
    return f"/v1/students/{ids.encode('stu', person.student.id)}"


def test_an_organizations_list_shows_all_what_is_taught_or_what_is_own(school, two_classes):
    url = f"{school.url}/registrations"
    other = school.another()

    assert len(states(school.registrar.get(url))) == 2
    assert len(states(school.instructor.get(url))) == 1
    assert len(states(school.student.get(url))) == 2
    assert states(other.get(url)) == []
    assert "create" in school.student.get(url).json["_links"]
    assert "create" in school.instructor.get(url).json["_blocked"]


def test_a_classs_list_is_whole_for_its_staff_alone(school, two_classes):
    taught, other = two_classes

    assert len(states(school.registrar.get(f"{taught}/registrations"))) == 1
    assert len(states(school.instructor.get(f"{taught}/registrations"))) == 1
    assert states(school.instructor.get(f"{other}/registrations")) == []
    assert states(school.student.get(f"{other}/registrations")) == ["enrolled"]


def test_a_students_list_is_the_students_and_the_staffs(school, two_classes):
    url = f"{student_url(school.student)}/registrations"

    assert len(states(school.student.get(url))) == 2
    assert len(states(school.registrar.get(url))) == 2
    assert len(states(school.instructor.get(url))) == 1
    assert school.another().get(url).status_code == 404
    assert school.registrar.get(url).json["_links"]["create"]["method"] == "POST"


def test_a_student_sees_the_own_place_in_line(school, two_classes):
    url, _ = two_classes
    people = [school.another() for _ in range(3)]
    for person in people:
        person.post(f"{url}/registrations", {"on_full": "waitlist"})

    (own,) = people[1].get(f"{url}/waitlist").json["items"]
    whole = school.instructor.get(f"{url}/waitlist?limit=2").json
    rest = school.instructor.get(whole["_links"]["next"]["href"]).json

    assert (own["position"], own["length"]) == (2, 3)
    places = [item["position"] for item in whole["items"] + rest["items"]]
    assert places == [1, 2, 3]


def test_lists_are_narrowed_by_what_people_look_for(school, two_classes):
    taught, _ = two_classes
    school.another().post(f"{taught}/registrations", {"on_full": "waitlist"})
    class_id = taught.rpartition("/")[2]
    url = f"{school.url}/registrations"

    assert states(school.registrar.get(f"{url}?state=waitlisted")) == ["waitlisted"]
    assert len(states(school.registrar.get(f"{url}?class_id={class_id}&sort=-ticket"))) == 2
    assert states(school.registrar.get(f"{url}?ticket__gte=2")) == ["waitlisted"]
    assert states(school.registrar.get(f"{url}?offer_expires_at__is_null=false")) == []


def test_strangers_find_none_of_it(school, two_classes, app):
    from tests.apps import a_school

    stranger = a_school(app).owner
    url, _ = two_classes

    for path in (
        f"{school.url}/registrations",
        f"{url}/registrations",
        f"{url}/waitlist",
        f"{url}/events",
        f"{url}/audit",
        f"{student_url(school.student)}/registrations",
        f"/v1/classes/{ids.encode('cls', factories.new_id())}/registrations",
    ):
        assert stranger.get(path).status_code == 404, path


def test_staff_moves_a_place_by_a_patch_with_the_version_it_saw(school, two_classes):
    url, _ = two_classes
    first, second = school.another(), school.another(Role.STUDENT)
    for person in (first, second):
        made = person.post(f"{url}/registrations", {"on_full": "waitlist"})
    here = made.json["_links"]["self"]["href"]
    seen = school.registrar.get(here)

    blind = school.registrar.patch(here, {"priority": 1})
    moved = school.registrar.patch(here, {"priority": 1}, if_match=seen.headers["ETag"])
    refused = second.patch(here, {"priority": 2}, if_match=moved.headers["ETag"])

    assert blind.status_code == 428
    assert (moved.json["priority"], moved.json["position"]) == (1, 1)
    assert refused.status_code == 403


def test_a_transition_may_be_held_against_a_version(school, two_classes):
    url, _ = two_classes
    (item,) = school.student.get(f"{url}/registrations").json["items"]
    drop = item["_links"]["drop"]

    stale = school.student.post(drop["href"], drop["body"], if_match='"v9"')
    dry = school.student.post(f"{drop['href']}?dry_run=true", drop["body"])
    unreasoned = school.registrar.post(drop["href"], {"to": "removed"})
    systems = school.registrar.post(drop["href"], {"to": "expired"})
    done = school.student.post(drop["href"], drop["body"], if_match='"v1"')

    assert stale.status_code == 412
    assert dry.json["would"]["state"] == "dropped"
    assert unreasoned.json["errors"][0]["pointer"] == "#/reason_code"
    assert systems.status_code == 422
    assert (done.status_code, done.json["state"]) == (200, "dropped")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/class_id"),
        ({"class_url": "https://homeroom.test/v1/classes/none"}, "#/class_url"),
        ({"class_url": "https://elsewhere.example/v1/classes/{class_id}"}, "#/class_url"),
        ({"class_url": "https://homeroom.test/v1/students/{class_id}"}, "#/class_url"),
        ({"class_url": "https://homeroom.test/v1/me"}, "#/class_url"),
        ({"class_url": "{class_id}"}, "#/class_url"),
        ({"overrides": ["class-full"]}, "#/reason_code"),
        ({"overrides": ["already-registered"]}, "#/overrides/0"),
        ({"on_full": "push"}, "#/on_full"),
    ],
)
def test_a_wish_is_checked_before_anything_is_looked_up(school, two_classes, body, pointer):
    known = class_id_of(two_classes)
    class_id = {} if not body or "class_url" in body else {"class_id": known}
    if "class_url" in body:
        body = {"class_url": body["class_url"].format(class_id=known)}

    refused = school.registrar.post(
        f"{student_url(school.student)}/registrations", {**class_id, **body}
    )

    assert refused.status_code == 422
    assert pointer in [error["pointer"] for error in refused.json["errors"]]


def class_id_of(urls):
    return urls[0].rpartition("/")[2]


def test_an_id_and_a_url_of_one_thing_are_one_too_many(school, two_classes):
    url = student_url(school.student)
    body = {
        "student_id": url.rpartition("/")[2],
        "student_url": f"https://homeroom.test{url}",
        "class_id": class_id_of(two_classes),
    }

    refused = school.registrar.post(f"{school.url}/registrations", body)

    assert refused.json["errors"][0]["pointer"] == "#/student_url"
