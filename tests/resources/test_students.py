import pytest
from sqlalchemy import select

from api import ids
from api.models import (
    Event,
    IdempotencyKey,
    Member,
    PromotionDue,
    Registration,
    RegistrationState,
    SchoolClass,
    StreamKind,
    Student,
)
from api.services import erasure
from tests import factories
from tests.apps import a_school

NEW = {"given_name": "Ada", "family_name": "Byron"}
ALL_OF_IT = {
    **NEW,
    "email": "Ada@Example.org",
    "external_id": "s-1",
    "status": "inactive",
    "groups": ["seniors", "honours"],
}


@pytest.fixture
def made(school):
    return school.registrar.post(f"{school.url}/students", NEW)


def url_of(answer):
    return answer.json["_links"]["self"]["href"]


def names(answer):
    return [item["given_name"] for item in answer.json["items"]]


def stored(school, student_id):
    with school.database.read() as tx:
        statement = select(Student).where(
            Student.organization_id == school.row.id, Student.id == student_id
        )
        return tx.first(statement)


def url_of_student(person):
    return "/v1/students/" + ids.encode("stu", person.student.id)


def taught(school, student, state=RegistrationState.ENROLLED):
    """Let the school's instructor teach a class in which the student has a place."""
    instructor = {"member_id": str(school.instructor.member.id), "name": "Somebody"}
    with school.database.write() as tx:
        school_class = factories.a_class(tx, school.row.id, instructors=[instructor])
        return factories.a_registration(tx, school_class, student, state=state)


def test_a_student_is_made_and_read_back_byte_for_byte(school):
    made = school.registrar.post(f"{school.url}/students", ALL_OF_IT)

    seen = school.registrar.get(made.headers["Location"])

    assert made.status_code == 201
    assert (seen.data, seen.headers["ETag"]) == (made.data, made.headers["ETag"])
    assert {name: made.json[name] for name in ALL_OF_IT} == ALL_OF_IT
    assert (made.json["organization_id"], made.json["member_id"]) == (school.id, None)
    assert made.json["_blocked"] == {"delete": [{"code": "forbidden"}]}


def test_a_student_needs_two_names_and_gets_the_rest_by_default(school, made):
    assert made.json["status"] == "active"
    assert (made.json["email"], made.json["external_id"], made.json["groups"]) == (None, None, [])
    refused = school.registrar.post(f"{school.url}/students", {})
    assert [fault["pointer"] for fault in refused.json["errors"]] == [
        "#/given_name",
        "#/family_name",
    ]


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"given_name": ""}, "#/given_name", "too-short"),
        ({"family_name": "x" * 101}, "#/family_name", "too-long"),
        ({"email": "nobody"}, "#/email", "bad-format"),
        ({"status": "erased"}, "#/status", "not-a-choice"),
        ({"status": "asleep"}, "#/status", "not-a-choice"),
        ({"groups": ["x"] * 51}, "#/groups", "too-long"),
        ({"groups": ["x" * 65]}, "#/groups/0", "too-long"),
        ({"member_id": "mem_00000000000000000000000000"}, "#/member_id", "read-only"),
        ({"guard_version": 9}, "#/guard_version", "unknown-member"),
    ],
)
def test_a_student_that_cannot_be_is_refused_with_a_pointer(school, given, pointer, code):
    refused = school.registrar.post(f"{school.url}/students", {**NEW, **given})

    assert refused.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in refused.json["errors"]] == [
        (pointer, code)
    ]
    assert len(school.registrar.get(f"{school.url}/students").json["items"]) == 1


def test_an_email_is_unique_in_upper_and_lower_case_and_an_external_id_as_it_is(school, app):
    first = {**NEW, "email": "ada@example.org", "external_id": "email"}
    other = a_school(app)
    post, url = school.registrar.post, f"{school.url}/students"

    assert post(url, first).status_code == 201
    same_email = post(url, {**NEW, "email": "ADA@example.org"})
    same_id = post(url, {**NEW, "external_id": "email"})

    assert [
        (answer.status_code, answer.json["code"], answer.json["pointer"])
        for answer in (same_email, same_id)
    ] == [(409, "duplicate-name", "#/email"), (409, "duplicate-name", "#/external_id")]
    assert post(url, {**NEW, "external_id": "Email"}).status_code == 201
    assert other.registrar.post(f"{other.url}/students", first).status_code == 201


def test_an_edit_needs_the_version_that_was_read(school, made):
    url, registrar, etag = url_of(made), school.registrar, made.headers["ETag"]

    changed = registrar.patch(url, {"email": "a@b.example"}, if_match=etag)

    assert (changed.json["email"], changed.json["version"]) == ("a@b.example", 2)
    assert registrar.patch(url, NEW).status_code == 428
    assert registrar.patch(url, NEW, if_match=etag).status_code == 412
    assert registrar.patch(url, {"email": "a@b.example"}, if_match="*").json["version"] == 2


def test_put_takes_what_is_left_out_back_to_its_default(school):
    made = school.registrar.post(f"{school.url}/students", ALL_OF_IT)

    replaced = school.registrar.put(url_of(made), NEW, if_match=made.headers["ETag"])

    assert (replaced.json["email"], replaced.json["status"]) == (None, "active")
    assert replaced.json["groups"] == []


def test_a_taken_email_is_refused_in_an_edit_too(school, made):
    school.registrar.post(f"{school.url}/students", {**NEW, "email": "a@b.example"})

    refused = school.registrar.patch(url_of(made), {"email": "A@b.example"}, if_match="*")

    assert (refused.status_code, refused.json["pointer"]) == (409, "#/email")
    assert school.registrar.get(url_of(made)).json == made.json


@pytest.mark.parametrize(
    ("change", "bumps"),
    [({"groups": ["a", "a"]}, 1), ({"status": "inactive"}, 1), ({"email": "a@b.example"}, 0)],
)
def test_only_what_a_guard_reads_makes_registrations_look_again(school, change, bumps):
    student = school.student.student

    school.registrar.patch(url_of_student(school.student), change, if_match="*")

    after = stored(school, student.id)
    assert after.guard_version == student.guard_version + bumps
    assert after.version == student.version + 1
    assert after.groups == (["a"] if "groups" in change else [])


def test_who_was_passed_over_in_a_line_is_looked_at_again_when_the_cause_may_have_cleared(school):
    waits = RegistrationState.WAITLISTED
    student = school.student.student
    with school.database.write() as tx:
        passed = factories.a_registration(
            tx, factories.a_class(tx, school.row.id), student, state=waits, skip_reason="audience"
        )
        factories.a_registration(tx, factories.a_class(tx, school.row.id), student, state=waits)

    school.registrar.patch(url_of_student(school.student), {"groups": ["a"]}, if_match="*")

    with school.database.read() as tx:
        due = tx.all(
            select(PromotionDue.class_id).where(PromotionDue.organization_id == school.row.id)
        )
    assert [note.class_id for note in due] == [passed.class_id]


def test_another_system_updates_or_makes_a_student_by_its_own_id(school):
    url, registrar = f"{school.url}/students/by-external-id/s%2F1", school.registrar

    made = registrar.put(url, NEW)
    again = registrar.put(url, NEW)
    changed = registrar.put(url, {"given_name": "Augusta"})

    assert [answer.status_code for answer in (made, again, changed)] == [201, 200, 200]
    assert made.json["external_id"] == "s/1"
    assert again.headers["ETag"] == made.headers["ETag"]
    assert (changed.json["given_name"], changed.json["family_name"]) == ("Augusta", "Byron")
    assert registrar.get(url).json == changed.json
    assert registrar.put(f"{url}x", {"given_name": "A"}).status_code == 422
    assert registrar.put(url, NEW, if_match='"v7-0"').status_code == 412
    assert school.student.put(url, NEW).status_code == 403
    assert school.student.get(url).status_code == 404


def test_staff_see_every_student_an_instructor_those_they_teach_a_student_only_themselves(school):
    mine, other = school.student, school.another()
    taught(school, other.student)

    def seen(person):
        answer = person.get(f"{school.url}/students")
        return {item["id"] for item in answer.json["items"]}

    mine_id, other_id = (ids.encode("stu", person.student.id) for person in (mine, other))
    assert seen(school.owner) == seen(school.registrar) == {mine_id, other_id}
    assert seen(school.instructor) == {other_id}
    assert seen(mine) == {mine_id}
    assert [
        person.get(url_of_student(one)).status_code
        for person in (school.registrar, school.instructor, mine)
        for one in (mine, other)
    ] == [200, 200, 404, 200, 200, 404]


def test_who_may_not_see_a_student_is_not_told_of_them_who_may_not_edit_is(school):
    other = school.another()

    assert school.student.patch(url_of_student(other), NEW, if_match="*").status_code == 404
    assert school.student.delete(url_of_student(other), if_match="*").status_code == 404
    assert (
        school.student.patch(url_of_student(school.student), NEW, if_match="*").status_code == 403
    )
    assert school.registrar.delete(url_of_student(other), if_match="*").status_code == 403
    assert school.student.post(f"{school.url}/students", NEW).status_code == 403


def test_a_student_does_not_exist_for_another_organization(school, made, app):
    stranger = a_school(app).owner
    url, by_id = url_of(made), f"{school.url}/students/by-external-id/x"

    answers = [
        stranger.get(url),
        stranger.patch(url, NEW, if_match="*"),
        stranger.delete(url, if_match="*"),
        stranger.get(f"{school.url}/students"),
        stranger.post(f"{school.url}/students", NEW),
        stranger.get(by_id),
        stranger.put(by_id, NEW),
        stranger.get("/v1/students/stu_00000000000000000000000000"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert school.registrar.get(url).json == made.json


def test_students_are_filtered_and_sorted(school):
    for given, family, email in (
        ("Zoë", "Öster", "zoe@example.org"),
        ("Adam", "Berg", None),
        ("Bea", "ÖSTERREICH", "bea@example.org"),
    ):
        school.registrar.put(
            f"{school.url}/students/by-external-id/{given}",
            {"given_name": given, "family_name": family, "email": email},
        )

    def found(query):
        return names(
            school.registrar.get(f"{school.url}/students?external_id__is_null=false&{query}")
        )

    assert found("sort=given_name") == ["Adam", "Bea", "Zoë"]
    assert found("sort=-given_name") == ["Zoë", "Bea", "Adam"]
    assert found("family_name__contains=%C3%B6ster&sort=given_name") == ["Bea", "Zoë"]
    assert found("email__is_null=true") == ["Adam"]
    assert found("email__contains=BEA@") == ["Bea"]
    assert found("given_name=Adam") == ["Adam"]
    assert found("external_id=Bea") == ["Bea"]
    assert found("status=inactive") == []
    assert found("created_at__lt=2020-01-01T00:00:00Z") == []
    assert school.registrar.get(f"{school.url}/students?groups=a").status_code == 400


def test_erasing_forgets_the_person_and_keeps_the_record_for_owners_alone(school):
    person, url = school.student, url_of_student(school.student)
    with school.database.write() as tx:
        factories.an_invitation(
            tx, school.row.id, student_id=person.student.id, email="a@b.example"
        )
    assert school.owner.delete(url).status_code == 428

    erased = school.owner.delete(url, if_match="*")

    assert (erased.status_code, erased.data) == (204, b"")
    seen = school.owner.get(url).json
    assert (seen["status"], seen["given_name"], seen["family_name"]) == ("erased", "", "")
    assert (seen["email"], seen["external_id"], seen["member_id"]) == (None, None, None)
    assert seen["_blocked"]["delete"][0]["code"] == "state-conflict"
    assert school.registrar.get(url).status_code == 404
    assert person.get(url).status_code == person.get(school.url).status_code == 404
    assert names(school.registrar.get(f"{school.url}/students")) == []
    assert names(school.owner.get(f"{school.url}/students?status=erased")) == [""]
    assert stored(school, person.student.id).guard_version > person.student.guard_version


def test_erasing_frees_every_place_and_has_the_lines_looked_at(school):
    student = school.student.student
    with school.database.write() as tx:
        seat, line = (factories.a_class(tx, school.row.id, capacity=1) for _ in range(2))
        factories.a_registration(tx, seat, student)
        factories.a_registration(tx, seat, state=RegistrationState.WAITLISTED)
        factories.a_registration(tx, line, student, state=RegistrationState.WAITLISTED)

    erased = school.owner.delete(url_of_student(school.student), if_match="*")

    assert erased.status_code == 204
    with school.database.read() as tx:
        rows = tx.all(
            select(Registration.state, Registration.class_id).where(
                Registration.organization_id == school.row.id,
                Registration.student_id == student.id,
            )
        )
        after = {
            row.id: row
            for row in tx.all(
                select(SchoolClass).where(SchoolClass.organization_id == school.row.id)
            )
        }
        due = tx.all(
            select(PromotionDue.class_id).where(PromotionDue.organization_id == school.row.id)
        )
        told = tx.all(
            select(Event.type, Event.reason_code).where(
                Event.organization_id == school.row.id, Event.stream_kind == StreamKind.CLASS
            )
        )
    assert {row.state for row in rows} == {RegistrationState.REMOVED}
    assert (after[seat.id].seats_taken, after[seat.id].waiting) == (0, 1)
    assert (after[line.id].seats_taken, after[line.id].waiting) == (0, 0)
    assert after[seat.id].promotion_pending is True
    assert after[line.id].promotion_pending is False
    assert [note.class_id for note in due] == [seat.id]
    assert {(event.type, event.reason_code) for event in told} == {
        ("registration.removed", "erased")
    }


def test_a_student_who_registers_while_being_erased_is_not_erased(school, monkeypatch):
    student = school.student.student
    taught(school, student)
    monkeypatch.setattr(erasure, "open_books", lambda _tx, _row: {})

    refused = school.owner.delete(url_of_student(school.student), if_match="*")

    assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
    assert stored(school, student.id).status == "active"


def test_an_erased_student_cannot_be_changed_nor_erased_again(school):
    url = url_of_student(school.student)
    school.owner.delete(url, if_match="*")

    answers = [
        school.owner.delete(url, if_match="*"),
        school.owner.patch(url, {"given_name": "Back"}, if_match="*"),
    ]

    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [
        (409, "state-conflict")
    ] * 2
    assert answers[0].json["state"] == "erased"
    assert school.registrar.patch(url, NEW, if_match="*").status_code == 404


def test_erasing_deletes_the_answers_kept_of_and_about_the_person(school):
    person = school.student
    made = school.registrar.post(f"{school.url}/students", NEW, key="made")
    kept = school.registrar.post(f"{school.url}/students", NEW, key="kept")
    new = {"name": "Club", "slug": f"club-{school.id[-8:]}", "timezone": "UTC"}
    person.post("/v1/organizations", new, key="own")

    school.owner.delete(url_of(made), if_match="*")
    school.owner.delete(url_of_student(person), if_match="*")

    with school.database.read() as tx:
        keys = tx.all(
            select(IdempotencyKey.key).where(
                IdempotencyKey.user_id.in_([school.registrar.member.user_id, person.member.user_id])
            )
        )
    assert [row.key for row in keys] == ["kept"]
    assert kept.status_code == 201


def test_a_member_of_staff_who_is_a_student_too_stays_staff_when_the_student_is_erased(school):
    with school.database.write() as tx:
        student = factories.a_student(tx, school.row.id, member_id=school.registrar.member.id)
    url = "/v1/students/" + ids.encode("stu", student.id)

    school.owner.delete(url, if_match="*")

    assert school.registrar.get(school.url).status_code == 200
    with school.database.read() as tx:
        members = select(Member.id).where(
            Member.organization_id == school.row.id, Member.id == school.registrar.member.id
        )
        assert tx.first(members) is not None
