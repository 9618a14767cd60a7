"""`expand` embeds what the caller may see, at one query a path; `fields` leaves the rest out."""

import pytest

from api import ids
from api.authz.actor import Actor
from api.authz.scopes import Scope
from api.models import Role
from api.services import class_seats
from tests import factories
from tests.apps import Client, a_token


@pytest.fixture
def taught(school):
    """The URL of a class of a course in a term, with the instructor of the school."""
    teacher = {"member_id": str(school.instructor.member.id), "name": "Who teaches it"}
    with school.database.write() as tx:
        course = factories.a_course(tx, school.row.id, title="Botany")
        term = factories.a_term(tx, school.row.id, name="Spring")
        row = factories.a_class(
            tx, school.row.id, course_id=course.id, term_id=term.id, instructors=[teacher]
        )
        class_seats.created(tx, Actor.system(), row)
    return f"/v1/classes/{ids.encode('cls', row.id)}"


@pytest.fixture
def registration(school, taught):
    """The URL of the student's registration in that class."""
    return school.student.post(f"{taught}/registrations", {}).json["_links"]["self"]["href"]


def test_a_registration_embeds_its_class_with_course_and_term_and_its_student(school, registration):
    query = {"expand": "class.course,class.term,student"}

    document = school.registrar.get(registration, query_string=query).json

    embedded = document["_embedded"]
    assert embedded["class"]["id"] == document["class_id"]
    assert embedded["class"]["_embedded"]["course"]["title"] == "Botany"
    assert embedded["class"]["_embedded"]["term"]["name"] == "Spring"
    assert embedded["student"]["id"] == document["student_id"]


def test_what_is_embedded_is_what_its_own_url_shows(school, taught, registration):
    document = school.registrar.get(registration, query_string={"expand": "student"}).json
    embedded = document["_embedded"]["student"]

    alone = school.registrar.get(embedded["_links"]["self"]["href"]).json

    assert embedded == alone


@pytest.mark.parametrize("list_of", ["organization", "class", "student"])
def test_every_item_of_a_list_has_its_own_embedded(school, taught, list_of):
    people = [school.another() for _ in range(3)]
    for person in people:
        person.post(f"{taught}/registrations", {})
    path = {
        "organization": school.url,
        "class": taught,
        "student": f"/v1/students/{ids.encode('stu', people[0].student.id)}",
    }[list_of]

    page = school.registrar.get(
        f"{path}/registrations", query_string={"expand": "student,class"}
    ).json

    assert len(page["items"]) == (1 if list_of == "student" else 3)
    for item in page["items"]:
        assert item["_embedded"]["student"]["id"] == item["student_id"]
        assert item["_embedded"]["class"]["id"] == item["class_id"]


@pytest.fixture
def line(school):
    """The URL of the line of a class in which three wait, and who they are."""
    with school.database.write() as tx:
        course = factories.a_course(tx, school.row.id, title="Botany")
        row = factories.a_class(tx, school.row.id, course_id=course.id, capacity=0)
        class_seats.created(tx, Actor.system(), row)
    url = f"/v1/classes/{ids.encode('cls', row.id)}"
    people = [school.another() for _ in range(3)]
    for person in people:
        made = person.post(f"{url}/registrations", {"on_full": "waitlist"})
        assert made.json["state"] == "waitlisted", made.json
    return f"{url}/waitlist", people


def test_every_place_in_a_line_has_its_own_embedded(school, line):
    url, people = line
    query = {"expand": "student,class.course"}

    items = school.registrar.get(url, query_string=query).json["items"]
    (own,) = people[1].get(url, query_string=query).json["items"]

    assert [item["_embedded"]["student"]["id"] for item in items] == [
        ids.encode("stu", person.student.id) for person in people
    ]
    for item in (*items, own):
        assert item["_embedded"]["student"]["id"] == item["student_id"]
        assert item["_embedded"]["class"]["id"] == item["class_id"]
        assert item["_embedded"]["class"]["_embedded"]["course"]["title"] == "Botany"
        assert item["_links"]["class"]["href"].endswith(item["class_id"])
    assert own["position"] == 2


def test_the_pages_of_a_line_keep_what_is_shown_of_a_place(school, line):
    url, _ = line
    query = {"fields": "position", "expand": "student", "limit": "2"}

    first = school.registrar.get(url, query_string=query).json
    rest = school.registrar.get(first["_links"]["next"]["href"]).json

    items = first["items"] + rest["items"]
    assert [item["position"] for item in items] == [1, 2, 3]
    assert all(item.keys() == {"id", "position", "_links", "_embedded"} for item in items)


@pytest.mark.parametrize(
    ("query", "allowed"),
    [
        ("expand=registration", {"class", "class.course", "class.term", "student"}),
        ("fields=secret", {"position", "length", "student_id", "skip_reason"}),
    ],
)
def test_what_a_line_does_not_show_is_refused_with_what_it_does(school, line, query, allowed):
    url, _ = line

    refused = school.registrar.get(f"{url}?{query}")

    assert (refused.status_code, refused.json["code"]) == (400, "invalid-parameter")
    assert refused.json["errors"][0]["parameter"] == query.partition("=")[0]
    assert allowed <= set(refused.json["allowed"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ticket__gte=2", [2, 3]),
        ("ticket=1", [1]),
        ("priority__gte=1", [1]),
        ("skip_reason__is_null=true", [1, 2, 3]),
        ("created_at__lt=2000-01-01T00:00:00Z", []),
        ("sort=-ticket", [3, 2, 1]),
        ("sort=created_at", [1, 2, 3]),
    ],
)
def test_a_line_is_narrowed_and_ordered_as_any_list(school, line, query, found):
    url, _ = line
    if query.startswith("priority"):
        head = school.registrar.get(url).json["items"][0]["_links"]["self"]["href"]
        moved = school.registrar.patch(head, {"priority": 1}, if_match="*")
        assert moved.status_code == 200

    items = school.registrar.get(f"{url}?{query}").json["items"]

    assert [item["position"] for item in items] == found


def test_a_class_embeds_its_course_alone_and_in_lists(school, taught):
    alone = school.student.get(taught, query_string={"expand": "course"}).json
    page = school.student.get(f"{school.url}/classes", query_string={"expand": "course,term"}).json

    assert alone["_embedded"].keys() == {"course"}
    assert page["items"][0]["_embedded"].keys() == {"course", "term"}


def test_a_class_without_a_course_embeds_none(school):
    with school.database.write() as tx:
        row = factories.a_class(tx, school.row.id)
    url = f"/v1/classes/{ids.encode('cls', row.id)}"

    assert "_embedded" not in school.student.get(url, query_string={"expand": "course"}).json


def test_whom_the_caller_may_not_see_is_not_embedded(school, taught, registration):
    others = school.another(Role.INSTRUCTOR)
    with school.database.write() as tx:
        away = factories.a_class(tx, school.row.id)
        class_seats.created(tx, Actor.system(), away)
    stranger = school.another()
    url = f"/v1/classes/{ids.encode('cls', away.id)}"
    stranger.post(f"{url}/registrations", {})
    query = {"expand": "student"}

    own = school.student.get(f"{school.url}/registrations", query_string=query).json["items"]
    taught_by = school.instructor.get(f"{school.url}/registrations", query_string=query).json
    seen = [item["_embedded"]["student"]["id"] for item in taught_by["items"]]

    assert [item["_embedded"]["student"]["id"] for item in own] == [
        ids.encode("stu", school.student.student.id)
    ]
    assert seen == [ids.encode("stu", school.student.student.id)]
    assert others.get(f"{school.url}/registrations", query_string=query).json["items"] == []


@pytest.mark.parametrize("query", ["expand=secret", "expand=class.course.term", "expand=class.x"])
def test_what_cannot_be_embedded_is_refused_with_what_can(school, registration, query):
    refused = school.registrar.get(f"{registration}?{query}")

    assert (refused.status_code, refused.json["code"]) == (400, "invalid-parameter")
    (error,) = refused.json["errors"]
    assert error["parameter"] == "expand"
    assert refused.json["allowed"] == ["class", "class.course", "class.term", "student"]


def test_a_token_embeds_no_more_than_it_may_read_at_the_url_of_it(school, registration):
    token = {"scopes": [Scope.REGISTRATIONS_READ, Scope.CATALOGUE_READ]}
    with school.database.write() as tx:
        secret = a_token(tx, school.registrar.member.user_id, **token)
    narrow = Client(school.app.test_client(), secret)

    document = narrow.get(registration, query_string={"expand": "class,student"}).json

    assert set(document["_embedded"]) == {"class"}
    assert narrow.get(document["_links"]["student"]["href"]).status_code == 403


def test_fields_keep_id_and_links(school, taught, registration):
    class_ = school.student.get(taught, query_string={"fields": "title,capacity"}).json
    place = school.student.get(registration, query_string={"fields": "state"}).json
    page = school.registrar.get(f"{school.url}/students", query_string={"fields": "email"}).json

    assert class_.keys() == {"id", "title", "capacity", "_links", "_blocked"}
    assert place.keys() == {"id", "state", "_links", "_blocked"}
    assert all(item.keys() <= {"id", "email", "_links", "_blocked"} for item in page["items"])


def test_fields_do_not_hide_what_is_embedded(school, registration):
    query = {"fields": "state", "expand": "class.course"}

    document = school.student.get(registration, query_string=query).json

    assert document["_embedded"]["class"]["_embedded"]["course"]["title"] == "Botany"
    assert "ticket" not in document


@pytest.mark.parametrize("noun", ["registration", "class", "student", "member", "term"])
def test_unknown_fields_are_refused_with_the_known_ones(school, taught, registration, noun):
    document = school.registrar.get(registration, query_string={"expand": "class,student"}).json
    url = {
        "registration": registration,
        "class": taught,
        "student": document["_links"]["student"]["href"],
        "member": f"/v1/members/{ids.encode('mem', school.registrar.member.id)}",
        "term": f"/v1/terms/{document['_embedded']['class']['term_id']}",
    }[noun]

    refused = school.registrar.get(f"{url}?fields=id,secret")

    assert (refused.status_code, refused.json["code"]) == (400, "invalid-parameter")
    (error,) = refused.json["errors"]
    assert error["parameter"] == "fields"
    assert {"id", "created_at"} <= set(refused.json["allowed"])


def test_another_view_of_an_item_has_another_entity_tag(school, taught):
    whole = school.student.get(taught)
    sparse = school.student.get(taught, query_string={"fields": "title"})

    assert whole.headers["ETag"] != sparse.headers["ETag"]
    again = school.student.get(
        taught, query_string={"fields": "title"}, headers={"If-None-Match": sparse.headers["ETag"]}
    )
    assert again.status_code == 304
