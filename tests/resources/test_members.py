import pytest
from sqlalchemy import select

from api import ids
from api.models import Member, Role, Student, User
from tests import factories
from tests.apps import a_school


def url_of(person):
    return "/v1/members/" + ids.encode("mem", person.member.id)


def roles(school):
    with school.database.read() as tx:
        rows = tx.all(select(Member.id, Member.role).where(Member.organization_id == school.row.id))
    return {row.id: row.role for row in rows}


def username_of(school, person):
    with school.database.read() as tx:
        return tx.scalar(select(User.username).where(User.id == person.member.user_id))


def a_user(school):
    with school.database.write() as tx:
        return factories.a_user(tx, display_name="Somebody")


def test_whoever_teaches_or_runs_a_school_sees_its_members_a_student_only_themselves(school):
    url = f"{school.url}/members"

    def seen(person):
        return {item["id"] for item in person.get(url).json["items"]}

    everybody = {ids.encode("mem", person.member.id) for person in school.people.values()}
    assert seen(school.owner) == seen(school.registrar) == seen(school.instructor) == everybody
    assert seen(school.student) == {ids.encode("mem", school.student.member.id)}


def test_a_member_is_shown_with_name_role_and_student_record(school):
    seen = school.student.get(url_of(school.student))

    assert seen.json["username"] == username_of(school, school.student)
    assert (seen.json["role"], seen.json["display_name"]) == ("student", None)
    assert seen.json["student_id"] == ids.encode("stu", school.student.student.id)
    assert seen.json["organization_id"] == school.id
    assert set(seen.json["_links"]) == {"self", "delete"}
    assert seen.json["_blocked"] == {"edit": [{"code": "forbidden"}]}


def test_members_are_filtered_and_sorted(school):
    url, name = f"{school.url}/members", username_of(school, school.registrar)

    def found(query):
        return [item["role"] for item in school.owner.get(f"{url}?{query}").json["items"]]

    assert found(f"username={name}") == ["registrar"]
    assert found(f"username__contains={name.upper()}") == ["registrar"]
    assert found("role__in=owner,student&sort=-created_at") == ["student", "owner"]
    assert sorted(found("role__ne=owner")) == ["instructor", "registrar", "student"]
    assert len(found("sort=username")) == 4
    assert found("display_name__is_null=false") == []
    assert school.owner.get(f"{url}?password=x").status_code == 400


def test_an_owner_makes_a_user_a_member_by_name(school):
    user = a_user(school)
    new = {"username": user.username.upper(), "role": "instructor"}

    made = school.owner.post(f"{school.url}/members", new)

    assert made.status_code == 201
    assert (made.json["username"], made.json["display_name"]) == (user.username, "Somebody")
    seen = school.owner.get(made.headers["Location"])
    assert (seen.data, seen.headers["ETag"]) == (made.data, made.headers["ETag"])
    assert made.json["role"] == "instructor"


def test_a_name_that_nobody_has_and_a_member_twice_are_refused(school):
    url, name = f"{school.url}/members", username_of(school, school.student)

    unknown = school.owner.post(url, {"username": "nobody-at-all", "role": "owner"})
    twice = school.owner.post(url, {"username": name, "role": "owner"})

    assert unknown.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in unknown.json["errors"]] == [
        ("#/username", "not-found")
    ]
    assert (twice.status_code, twice.json["code"]) == (409, "duplicate-name")
    assert twice.json["pointer"] == "#/username"
    assert roles(school)[school.student.member.id] == Role.STUDENT


@pytest.mark.parametrize("role", [Role.REGISTRAR, Role.INSTRUCTOR, Role.STUDENT])
def test_only_an_owner_decides_about_members(school, role):
    person, other, before = school.people[role], school.another(), roles(school)

    assert (
        person.post(f"{school.url}/members", {"username": "abc", "role": "owner"}).status_code
        == 403
    )
    assert person.patch(url_of(person), {"role": "owner"}, if_match="*").status_code == 403
    assert person.patch(url_of(other), {"role": "owner"}, if_match="*").status_code == 403
    assert person.delete(url_of(other)).status_code == 403
    assert roles(school) == before | {other.member.id: Role.STUDENT}
    assert person.get(f"{school.url}/members").json["_blocked"]["create"] == [{"code": "forbidden"}]


def test_a_student_is_not_shown_who_else_is_a_member(school):
    assert school.student.get(url_of(school.owner)).status_code == 403
    assert school.instructor.get(url_of(school.owner)).status_code == 200


def test_an_owner_gives_another_role(school):
    url, etag = url_of(school.student), school.owner.get(url_of(school.student)).headers["ETag"]

    changed = school.owner.patch(url, {"role": "registrar"}, if_match=etag)
    same = school.owner.patch(url, {"role": "registrar"}, if_match="*")

    assert (changed.status_code, changed.json["role"], changed.json["version"]) == (
        200,
        "registrar",
        2,
    )
    assert same.headers["ETag"] == changed.headers["ETag"]
    assert school.owner.patch(url, {"role": "owner"}, if_match=etag).status_code == 412
    assert school.owner.patch(url, {"role": "owner"}).status_code == 428
    assert (
        school.student.post(
            f"{school.url}/students", {"given_name": "A", "family_name": "B"}
        ).status_code
        == 201
    )


def test_the_last_owner_can_neither_leave_nor_become_something_else(school):
    url = url_of(school.owner)
    seen = school.owner.get(url)
    assert seen.json["_blocked"] == {"delete": [{"code": "last-owner"}]}

    left = school.owner.delete(url)
    demoted = school.owner.patch(url, {"role": "student"}, if_match="*")

    assert [(answer.status_code, answer.json["code"]) for answer in (left, demoted)] == [
        (409, "last-owner")
    ] * 2
    assert roles(school)[school.owner.member.id] == Role.OWNER


def test_one_of_two_owners_becomes_a_registrar_and_is_told_what_is_left_to_do(school):
    school.another(Role.OWNER)
    url = url_of(school.owner)

    changed = school.owner.patch(url, {"role": "registrar"}, if_match="*")

    assert changed.json["_blocked"] == {"edit": [{"code": "forbidden"}]}
    assert changed.json == school.owner.get(url).json


def test_an_owner_stays_one_of_two_and_removes_the_other(school):
    other = school.another(Role.OWNER)

    assert school.owner.delete(url_of(other)).status_code == 204

    assert school.owner.get(url_of(other)).status_code == 404
    assert other.get(school.url).status_code == 404
    blocked = school.owner.get(url_of(school.owner)).json["_blocked"]
    assert blocked["delete"] == [{"code": "last-owner"}]


def test_a_member_leaves_and_the_student_record_stays(school):
    url = url_of(school.student)

    assert school.student.delete(url, if_match='"v9-0"').status_code == 412
    assert school.student.delete(url).status_code == 204

    assert school.student.get(school.url).status_code == 404
    with school.database.read() as tx:
        student = tx.first(
            select(Student.member_id, Student.status).where(
                Student.organization_id == school.row.id,
                Student.id == school.student.student.id,
            )
        )
    assert (student.member_id, student.status) == (None, "active")


def test_a_member_does_not_exist_for_another_organization(school, app):
    stranger, url = a_school(app).owner, url_of(school.student)

    answers = [
        stranger.get(url),
        stranger.patch(url, {"role": "owner"}, if_match="*"),
        stranger.delete(url),
        stranger.get(f"{school.url}/members"),
        stranger.post(f"{school.url}/members", {"username": "abc", "role": "owner"}),
        stranger.get("/v1/members/mem_00000000000000000000000000"),
    ]

    assert {answer.status_code for answer in answers} == {404}
