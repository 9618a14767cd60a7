from datetime import timedelta

import pytest
from sqlalchemy import select

from api import ids
from api.authz import secrets
from api.models import Invitation, Member, Role, Student
from tests import factories
from tests.apps import Client, a_school, a_token


@pytest.fixture
def newcomer(school):
    """A user who is a member nowhere."""
    with school.database.write() as tx:
        user = factories.a_user(tx)
        return Client(school.app.test_client(), a_token(tx, user.id))


def url_of(answer):
    return answer.json["_links"]["self"]["href"]


def invited(school, role="student", **given):
    return school.owner.post(f"{school.url}/invitations", {"role": role, **given})


def accepted(person, invitation):
    return person.post("/v1/invitation-acceptances", {"code": invitation.json["code"]})


def a_student(school):
    with school.database.write() as tx:
        return factories.a_student(tx, school.row.id)


def stored(school, table):
    with school.database.read() as tx:
        return tx.all(select(table).where(table.organization_id == school.row.id))


def test_a_code_is_shown_once_and_kept_as_a_hash(school):
    made = invited(school, email="somebody@example.org", student_id=None)

    code, seen = made.json["code"], school.owner.get(made.headers["Location"])
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    assert secrets.is_well_formed(code, "hri_")
    assert seen.json == {name: value for name, value in made.json.items() if name != "code"}
    (row,) = stored(school, Invitation)
    assert row.code_hash == secrets.hash_of(code)
    assert code not in repr(row)
    assert row.expires_at - row.created_at == timedelta(days=14)
    assert school.owner.get(f"{school.url}/invitations").json["items"] == [seen.json]


def test_an_invitation_is_never_replayed(school):
    url, wanted = f"{school.url}/invitations", {"role": "student"}

    codes = {school.owner.post(url, wanted, key="same").json["code"] for _ in range(2)}

    assert len(codes) == 2


def test_owners_invite_to_any_role_and_registrars_students(school):
    url = f"{school.url}/invitations"

    def statuses(person):
        return [person.post(url, {"role": role.value}).status_code for role in Role]

    assert statuses(school.owner) == [201] * 4
    assert statuses(school.registrar) == [403, 403, 403, 201]
    assert statuses(school.instructor) == statuses(school.student) == [403] * 4
    assert len(stored(school, Invitation)) == 5


def test_invitations_are_for_staff_to_see_and_to_take_back(school):
    to_staff, to_student = invited(school, "registrar"), invited(school)
    url = f"{school.url}/invitations"

    assert len(school.registrar.get(url).json["items"]) == 2
    assert school.instructor.get(url).json["items"] == []
    assert school.student.get(url).json["items"] == []
    assert school.student.get(url_of(to_student)).status_code == 403
    blocked = school.registrar.get(url_of(to_staff)).json["_blocked"]
    assert blocked == {"delete": [{"code": "forbidden"}]}
    assert school.registrar.delete(url_of(to_staff)).status_code == 403
    assert school.registrar.delete(url_of(to_student)).status_code == 204
    assert school.registrar.get(url_of(to_student)).status_code == 404
    assert len(stored(school, Invitation)) == 1


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"role": "dean"}, "#/role", "not-a-choice"),
        ({"email": "x"}, "#/email", "bad-format"),
        ({"student_id": "stu_00000000000000000000000000"}, "#/student_id", "not-found"),
        (
            {"role": "owner", "student_id": "stu_00000000000000000000000000"},
            "#/student_id",
            "not-a-choice",
        ),
        ({"code": "hri_x"}, "#/code", "unknown-member"),
    ],
)
def test_an_invitation_that_cannot_be_is_refused_with_a_pointer(school, given, pointer, code):
    refused = invited(school, **given)

    assert refused.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in refused.json["errors"]] == [
        (pointer, code)
    ]
    assert stored(school, Invitation) == []


def test_whoever_accepts_becomes_a_member(school, newcomer):
    made = accepted(newcomer, invited(school, "instructor"))

    assert (made.status_code, made.json["role"]) == (201, "instructor")
    assert made.headers["Cache-Control"] == "no-store"
    seen = newcomer.get(made.headers["Location"])
    assert (seen.data, seen.headers["ETag"]) == (made.data, made.headers["ETag"])
    (invitation,) = stored(school, Invitation)
    assert ids.encode("usr", invitation.accepted_by) == made.json["user_id"]
    assert newcomer.get(school.url).status_code == 200


def test_a_new_owner_is_told_what_owners_may(school, newcomer):
    made = accepted(newcomer, invited(school, "owner"))

    assert set(made.json["_links"]) == {"self", "edit", "delete"}
    assert newcomer.get(made.headers["Location"]).json == made.json


def test_a_student_record_is_claimed_and_seen_by_its_student(school, newcomer):
    student = a_student(school)
    student_id = ids.encode("stu", student.id)

    made = accepted(newcomer, invited(school, student_id=student_id))

    assert made.json["student_id"] == student_id
    seen = newcomer.get(f"/v1/students/{student_id}")
    assert (seen.status_code, seen.json["member_id"]) == (200, made.json["id"])
    again = invited(school, student_id=student_id)
    assert (again.status_code, again.json["code"]) == (409, "state-conflict")


def test_a_code_serves_once(school, newcomer):
    invitation = invited(school)
    first = accepted(newcomer, invitation)

    second = accepted(school.student, invitation)

    assert (first.status_code, second.status_code) == (201, 422)
    assert len(stored(school, Member)) == 5


def test_every_code_that_opens_nothing_gets_the_same_answer(school, newcomer, http_clock, app):
    archived = a_school(app)
    of_archived = invited(archived)
    archived.owner.delete(archived.url, if_match="*")
    late = invited(school)
    taken_back = invited(school)
    school.owner.delete(url_of(taken_back))
    unknown = {"code": secrets.new_secret(secrets.INVITATION_PREFIX)}
    http_clock.advance(days=14)

    answers = [
        accepted(newcomer, of_archived),
        accepted(newcomer, late),
        accepted(newcomer, taken_back),
        newcomer.post("/v1/invitation-acceptances", unknown),
        newcomer.post("/v1/invitation-acceptances", {"code": "hri_mistyped"}),
        newcomer.post("/v1/invitation-acceptances", {"code": newcomer.token}),
    ]

    assert {answer.status_code for answer in answers} == {422}
    assert len({repr(answer.json["errors"]) for answer in answers}) == 1
    assert len(stored(school, Member)) == 4


def test_a_member_already_keeps_the_invitation_for_somebody_else(school, newcomer):
    invitation = invited(school, "owner")

    refused = accepted(school.registrar, invitation)

    assert (refused.status_code, refused.json["code"]) == (409, "state-conflict")
    assert school.registrar.get(f"{school.url}/members?role=owner").json["items"] != []
    assert accepted(newcomer, invitation).status_code == 201


def test_a_member_already_can_claim_a_student_record_and_keeps_the_role(school):
    student_id = ids.encode("stu", a_student(school).id)
    invitation = invited(school, student_id=student_id)

    refused = accepted(school.student, invitation)
    made = accepted(school.registrar, invitation)

    assert refused.status_code == 409
    assert (made.status_code, made.json["role"]) == (201, "registrar")
    assert made.json["student_id"] == student_id


def test_a_student_who_got_a_login_meanwhile_cannot_be_claimed(school, newcomer):
    student = a_student(school)
    one, two = (invited(school, student_id=ids.encode("stu", student.id)) for _ in range(2))
    accepted(newcomer, one)

    refused = accepted(school.registrar, two)

    assert (refused.status_code, refused.json["code"]) == (409, "state-conflict")
    (claimed,) = [row for row in stored(school, Student) if row.id == student.id]
    assert claimed.member_id is not None
    assert len(stored(school, Member)) == 5


def test_accepting_needs_a_login(school, nobody):
    assert accepted(nobody, invited(school)).status_code == 401


def test_invitations_are_filtered(school):
    invited(school, email="a@b.example")
    invited(school, "owner")

    def found(query):
        answer = school.owner.get(f"{school.url}/invitations?{query}")
        return [item["role"] for item in answer.json["items"]]

    assert found("role=owner") == ["owner"]
    assert found("email=a@b.example") == ["student"]
    assert found("accepted_at__is_null=false") == []
    assert found("sort=-expires_at") == ["owner", "student"]


def test_an_invitation_does_not_exist_for_another_organization(school, app):
    stranger, made = a_school(app).owner, invited(school)

    answers = [
        stranger.get(url_of(made)),
        stranger.delete(url_of(made)),
        stranger.get(f"{school.url}/invitations"),
        stranger.post(f"{school.url}/invitations", {"role": "student"}),
        stranger.get("/v1/invitations/inv_00000000000000000000000000"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len(stored(school, Invitation)) == 1
