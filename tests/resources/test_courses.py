import pytest

from tests.apps import a_school

NEW = {"code": "MATH 1", "title": "Algebra", "credits_milli": 4000}


@pytest.fixture
def made(school):
    return school.registrar.post(f"{school.url}/courses", NEW)


def url_of(answer):
    return answer.json["_links"]["self"]["href"]


def test_a_course_is_made_and_read_back_byte_for_byte(school, made):
    seen = school.student.get(made.headers["Location"])

    assert made.status_code == 201
    assert {name: made.json[name] for name in NEW} == NEW
    assert {name: seen.json[name] for name in NEW} == NEW
    assert set(made.json["_links"]) == {"self", "edit", "delete"}
    assert set(seen.json["_blocked"]) == {"edit", "delete"}


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"credits_milli": -1}, "#/credits_milli", "out-of-range"),
        ({"credits_milli": 1.5}, "#/credits_milli", "wrong-type"),
        ({"code": "x" * 41}, "#/code", "too-long"),
        ({"title": None}, "#/title", "wrong-type"),
        ({"version": 7}, "#/version", "read-only"),
    ],
)
def test_a_course_that_cannot_be_is_refused_with_a_pointer(school, given, pointer, code):
    refused = school.registrar.post(f"{school.url}/courses", {**NEW, **given})

    assert refused.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in refused.json["errors"]] == [
        (pointer, code)
    ]
    assert school.registrar.get(f"{school.url}/courses").json["items"] == []


def test_a_code_is_taken_in_upper_and_lower_case(school, made):
    refused = school.registrar.post(f"{school.url}/courses", {**NEW, "code": "math 1"})

    assert (refused.status_code, refused.json["code"]) == (409, "duplicate-name")
    assert refused.json["pointer"] == "#/code"
    assert len(school.registrar.get(f"{school.url}/courses").json["items"]) == 1


def test_a_course_is_edited_replaced_and_removed(school, made):
    registrar, url = school.registrar, url_of(made)

    changed = registrar.patch(url, {"title": "Groups"}, if_match=made.headers["ETag"])
    same = registrar.patch(url, {"title": "Groups"}, if_match=changed.headers["ETag"])
    replaced = registrar.put(
        url, {"code": "MATH 1", "title": "Rings"}, if_match=changed.headers["ETag"]
    )

    assert changed.json["title"] == "Groups"
    assert same.headers["ETag"] == changed.headers["ETag"]
    assert replaced.json["credits_milli"] is None
    assert school.student.delete(url, if_match="*").status_code == 403
    assert registrar.delete(url, if_match=replaced.headers["ETag"]).status_code == 204
    assert registrar.get(url).status_code == 404


def test_an_edit_to_a_taken_code_is_refused(school, made):
    other = school.registrar.post(f"{school.url}/courses", {**NEW, "code": "MATH 2"})

    refused = school.registrar.patch(
        url_of(other), {"code": "Math 1"}, if_match=other.headers["ETag"]
    )

    assert (refused.status_code, refused.json["pointer"]) == (409, "#/code")


def test_another_system_updates_or_makes_a_course_by_its_own_id(school):
    url = f"{school.url}/courses/by-external-id/c-1"
    registrar = school.registrar

    made = registrar.put(url, NEW)
    again = registrar.put(url, NEW)
    changed = registrar.put(url, {"credits_milli": None})

    assert [answer.status_code for answer in (made, again, changed)] == [201, 200, 200]
    assert again.headers["ETag"] == made.headers["ETag"]
    assert (changed.json["title"], changed.json["credits_milli"]) == ("Algebra", None)
    assert registrar.get(url).json == changed.json
    assert registrar.put(f"{school.url}/courses/by-external-id/c-2", NEW).status_code == 409


def test_a_taken_external_id_is_named_whatever_words_stand_in_it(school):
    registrar, taken = school.registrar, "barcode 1"
    registrar.post(f"{school.url}/courses", {**NEW, "external_id": taken})

    refused = registrar.post(
        f"{school.url}/courses", {**NEW, "code": "MATH 2", "external_id": taken}
    )

    assert (refused.status_code, refused.json["pointer"]) == (409, "#/external_id")


def test_courses_are_filtered_and_sorted(school):
    for code, worth in (("B", 1000), ("A", None), ("a1", 4000)):
        school.registrar.post(
            f"{school.url}/courses", {**NEW, "code": code, "credits_milli": worth}
        )

    def codes(query):
        answer = school.student.get(f"{school.url}/courses?{query}")
        return [item["code"] for item in answer.json["items"]]

    assert codes("sort=code") == ["A", "B", "a1"]
    assert codes("credits_milli__gte=1000&credits_milli__lt=4000") == ["B"]
    assert codes("credits_milli__is_null=true") == ["A"]
    assert codes("code__in=A,B&sort=-code") == ["B", "A"]


def test_a_course_does_not_exist_for_another_organization(school, made, app):
    stranger = a_school(app).owner
    url = url_of(made)

    answers = [
        stranger.get(url),
        stranger.patch(url, {"title": "Mine"}, if_match="*"),
        stranger.delete(url, if_match="*"),
        stranger.get(f"{school.url}/courses"),
        stranger.post(f"{school.url}/courses", NEW),
        stranger.put(f"{school.url}/courses/by-external-id/x", NEW),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert school.registrar.get(url).json == made.json


def test_courses_of_a_public_catalogue_are_read_without_a_token(made, nobody, app):
    public = a_school(app, public_catalog=True)
    theirs = public.registrar.put(f"{public.url}/courses/by-external-id/c", NEW)

    assert nobody.get(url_of(theirs)).json["title"] == "Algebra"
    assert len(nobody.get(f"{public.url}/courses").json["items"]) == 1
    assert nobody.get(f"{public.url}/courses/by-external-id/c").status_code == 200
    assert nobody.get(url_of(made)).status_code == 401
