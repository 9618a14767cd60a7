"""What an organization's stream says of changes made over HTTP, each in its own transaction."""

import pytest
from sqlalchemy import select

from api import ids
from api.models import Event, Organization, Role, Stream, StreamKind
from tests import factories
from tests.apps import Client, a_school, a_token

TERM = {"name": "Autumn", "starts_on": "2026-10-01", "ends_on": "2027-01-31"}
COURSE = {"code": "MATH 1", "title": "Algebra"}
PATTERN = {
    "weekdays": ["mo"],
    "start_local": "10:00",
    "duration_minutes": 60,
    "from_date": "2026-10-05",
    "to_date": "2026-10-19",
}
FIRST, SECOND = (f"2026-10-{day}T00:00:00.000Z" for day in ("10", "20"))


def of_stream(school, kind=StreamKind.ORG, stream_id=None):
    """The events of a stream, whose numbers are 1 to n, as its counter says."""
    of, stream_id = {"organization_id": school.row.id}, stream_id or school.row.id
    events = select(Event).filter_by(**of, stream_kind=kind, stream_id=stream_id)
    counter = select(Stream.last_seq).filter_by(**of, kind=kind, id=stream_id)
    with school.database.read() as tx:
        events, head = tx.all(events.order_by(Event.seq)), tx.scalar(counter)
    assert [event.seq for event in events] == list(range(1, (head or 0) + 1))
    return events


def told(school):
    """Type and contents of every event; each by somebody, at the clock, and of ids alone."""
    events = of_stream(school)
    for event in events:
        assert event.data.keys() <= {"id", "version", "role"}
        assert event.at == school.database.clock.now()
        assert event.hash is None
    return [(event.type, event.data) for event in events]


def actors(school):
    return [event.actor_id for event in of_stream(school)]


def url_of(answer):
    return answer.json["_links"]["self"]["href"]


def made(school, kind, body):
    answer = school.registrar.post(f"{school.url}/{kind}", body)
    assert answer.status_code == 201, answer.json
    return answer


def changed(person, answer, body, method="PATCH"):
    url = url_of(answer)
    tag = person.get(url).headers["ETag"]
    if method == "DELETE":
        return person.delete(url, if_match=tag)
    return person.open(method, url, json=body, if_match=tag)


@pytest.mark.parametrize(
    ("kind", "noun", "body", "other"),
    [("terms", "term", TERM, {"name": "Spring"}), ("courses", "course", COURSE, {"title": "Sets"})],
)
def test_terms_and_courses_are_told_of_when_made_changed_and_deleted(
    school, kind, noun, body, other
):
    one = made(school, kind, body)
    # Neither what changes nothing nor what is refused is news.
    assert changed(school.registrar, one, body).status_code == 200
    assert changed(school.student, one, other).status_code == 403
    assert changed(school.registrar, one, other).status_code == 200
    assert changed(school.registrar, one, body, "PUT").status_code == 200
    assert changed(school.registrar, one, None, "DELETE").status_code == 204

    this = {"id": one.json["id"]}
    assert told(school) == [
        (f"{noun}.created", {**this, "version": 1}),
        (f"{noun}.updated", {**this, "version": 2}),
        (f"{noun}.updated", {**this, "version": 3}),
        (f"{noun}.deleted", this),
    ]
    assert set(actors(school)) == {school.registrar.member.user_id}


@pytest.mark.parametrize(
    ("kind", "noun", "body", "other"),
    [("terms", "term", TERM, {"name": "Spring"}), ("courses", "course", COURSE, {"title": "Sets"})],
)
def test_a_put_by_external_id_is_told_of_when_it_changes_something(school, kind, noun, body, other):
    url = f"{school.url}/{kind}/by-external-id/x-1"
    answers = [school.registrar.put(url, sent) for sent in (body, body, other)]

    assert [answer.status_code for answer in answers] == [201, 200, 200]
    this = {"id": answers[0].json["id"]}
    assert told(school) == [
        (f"{noun}.created", {**this, "version": 1}),
        (f"{noun}.updated", {**this, "version": 2}),
    ]


def test_a_class_is_told_of_when_described_otherwise_or_deleted_and_its_seats_are_not(school):
    one = made(school, "classes", {"title": "Algebra", "capacity": 3})
    for body in (
        {"status": "open"},
        {"capacity": 4},
        {"description": "Of rings."},
        {"title": "Rings", "capacity": 5, "status": "closed"},
        {"approval_required": True},
    ):
        assert changed(school.registrar, one, body).status_code == 200
    assert changed(school.registrar, one, None, "DELETE").status_code == 204

    this = {"id": one.json["id"]}
    assert told(school) == [
        ("class.updated", {**this, "version": 4}),
        ("class.updated", {**this, "version": 5}),
        ("class.updated", {**this, "version": 6}),
        ("class.deleted", this),
    ]


def test_a_class_put_by_external_id_is_told_of_when_it_changes(school):
    url = f"{school.url}/classes/by-external-id/x-1"
    bodies = {"title": "Algebra"}, {"title": "Algebra"}, {"title": "Rings"}
    answers = [school.registrar.put(url, body) for body in bodies]

    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert told(school) == [("class.updated", {"id": answers[0].json["id"], "version": 2})]


def test_a_dry_run_tells_nobody(school):
    one = made(school, "classes", {"title": "Algebra", "capacity": 3})
    url, tag = url_of(one), one.headers["ETag"]
    tried = {"title": "Rings", "capacity": 4}

    answer = school.registrar.patch(f"{url}?dry_run=true", tried, if_match=tag)

    assert answer.json["would"]["title"] == "Rings"
    assert told(school) == []


def test_every_change_of_a_timetable_is_told_of_the_class(school):
    one = made(school, "classes", {"title": "Algebra"})
    pattern = school.registrar.post(f"{url_of(one)}/meeting-patterns", PATTERN)
    session = school.registrar.post(
        f"{url_of(one)}/sessions", {"local_start": "2026-10-31T10:00", "duration_minutes": 60}
    )
    assert (pattern.status_code, session.status_code) == (201, 201)
    for part, body in ((pattern, {"start_local": "11:00"}), (session, {"status": "cancelled"})):
        assert (
            school.registrar.patch(url_of(part), body, if_match=part.headers["ETag"]).status_code
            == 200
        )
        assert school.registrar.delete(url_of(part)).status_code == 204

    versions = [data["version"] for kind, data in told(school) if kind == "class.updated"]
    assert versions == [2, 3, 4, 5, 6, 7]
    assert school.registrar.get(url_of(one)).json["version"] == 7


def test_the_classes_that_follow_a_term_are_told_of_after_it(school):
    term = made(school, "terms", {**TERM, "drop_until": FIRST})
    heir = made(school, "classes", {"title": "Algebra", "term_id": term.json["id"]})
    made(school, "classes", {"title": "Own", "term_id": term.json["id"], "drop_until": FIRST})
    made(school, "classes", {"title": "Elsewhere"})
    before = len(told(school))

    assert changed(school.registrar, term, {"drop_until": SECOND}).status_code == 200

    types = [kind for kind, _ in told(school)[before:]]
    assert types[0] == "term.updated"
    assert ("class.updated", {"id": heir.json["id"], "version": 2}) in told(school)[before:]
    assert_versions_are_told(school)


def test_the_classes_that_follow_the_zone_are_told_of_after_the_organization(school):
    term = made(school, "terms", {**TERM, "drop_until": FIRST})
    heirs = [
        made(school, "classes", {"title": "Algebra", "term_id": term.json["id"]}),
        made(school, "classes", {"title": "Sets"}),
    ]
    school.registrar.post(f"{url_of(heirs[1])}/meeting-patterns", PATTERN)
    made(school, "classes", {"title": "Own zone", "timezone": "Asia/Tokyo"})
    before = len(told(school))

    tag = school.owner.get(school.url).headers["ETag"]
    zone = {"timezone": "America/Lima", "conflict_policy": "warn"}
    assert school.owner.patch(school.url, zone, if_match=tag).status_code == 200

    news = told(school)[before:]
    assert news[0] == ("organization.updated", {"id": school.id, "version": 2})
    assert [data["id"] for _, data in news[1:]] == [heir.json["id"] for heir in heirs]
    assert_versions_are_told(school)


def assert_versions_are_told(school):
    """Whoever follows the stream knows the version of every class that is not as it was made."""
    known = {data["id"]: data.get("version") for _, data in told(school)}
    for item in school.registrar.get(f"{school.url}/classes").json["items"]:
        assert item["version"] == known.get(item["id"], 1)


def test_an_organization_is_told_of_from_its_first_owner_to_its_end(school):
    person = school.student
    new = {"name": "Elm School", "slug": f"elm-{school.id[-8:]}", "timezone": "Europe/Vienna"}
    answer = person.post("/v1/organizations", new)
    elm = type(school)(school.app, stored_organization(school, answer))
    (owner,) = person.get(f"{elm.url}/members").json["items"]
    for body in ({"name": "Elm"}, {"name": "Elm"}):
        assert changed(person, answer, body).status_code == 200
    assert changed(person, answer, None, "DELETE").status_code == 204

    assert told(elm) == [
        ("organization.created", {"id": elm.id, "version": 1}),
        ("member.added", {"id": owner["id"], "role": "owner", "version": 1}),
        ("organization.updated", {"id": elm.id, "version": 2}),
        ("organization.archived", {"id": elm.id, "version": 3}),
    ]
    assert set(actors(elm)) == {person.member.user_id}


def stored_organization(school, answer):
    with school.database.read() as tx:
        organization_id = ids.decode("org", answer.json["id"])
        return tx.first(select(Organization).where(Organization.id == organization_id))


def a_newcomer(school, username=None):
    with school.database.write() as tx:
        user = factories.a_user(tx, **({} if username is None else {"username": username}))
        return user, Client(school.app.test_client(), a_token(tx, user.id))


def test_members_are_told_of_when_added_given_another_role_gone_and_removed(school):
    user, newcomer = a_newcomer(school)
    new = {"username": user.username, "role": "instructor"}
    url = f"{school.url}/members"
    member = school.owner.post(url, new)
    assert school.owner.post(url, new).status_code == 409
    assert changed(school.owner, member, {"role": "registrar"}).status_code == 200
    assert changed(school.owner, member, {"role": "registrar"}).status_code == 200
    assert newcomer.delete(url_of(member)).status_code == 204
    again = school.owner.post(url, new)
    assert school.owner.delete(url_of(again)).status_code == 204

    first, second = {"id": member.json["id"]}, {"id": again.json["id"]}
    assert told(school) == [
        ("member.added", {**first, "role": "instructor", "version": 1}),
        ("member.role-changed", {**first, "role": "registrar", "version": 2}),
        ("member.left", first),
        ("member.added", {**second, "role": "instructor", "version": 1}),
        ("member.removed", second),
    ]
    owner = school.owner.member.user_id
    assert actors(school) == [owner, owner, user.id, owner, owner]


def test_an_accepted_invitation_adds_a_member_and_one_who_is_there_already_is_no_news(school):
    user, newcomer = a_newcomer(school)
    with school.database.write() as tx:
        student = ids.encode("stu", factories.a_student(tx, school.row.id).id)
    codes = [
        school.owner.post(f"{school.url}/invitations", body).json["code"]
        for body in ({"role": "instructor"}, {"role": "student", "student_id": student})
    ]

    accepted = [newcomer.post("/v1/invitation-acceptances", {"code": code}) for code in codes]

    assert [answer.status_code for answer in accepted] == [201, 201]
    this = {"id": accepted[0].json["id"], "role": "instructor", "version": 1}
    assert told(school) == [("member.added", this)]
    assert actors(school) == [user.id]


def test_who_deletes_the_account_leaves_every_organization(school, app):
    schools = [school, a_school(app)]
    user, newcomer = a_newcomer(school)
    for one in schools:
        one.owner.post(f"{one.url}/members", {"username": user.username, "role": "registrar"})

    assert newcomer.delete(f"/v1/users/{ids.encode('usr', user.id)}").status_code == 204

    for one in schools:
        added, left = told(one)
        assert left == ("member.left", {"id": added[1]["id"]})
        assert actors(one)[1] == user.id


def test_an_erased_student_is_removed_as_a_member_and_a_teacher_who_studied_stays(school):
    student = f"/v1/students/{ids.encode('stu', school.student.student.id)}"
    with school.database.write() as tx:
        teacher = school.instructor.member
        other = factories.a_student(tx, school.row.id, member_id=teacher.id)
    teaching = f"/v1/students/{ids.encode('stu', other.id)}"

    for url in (student, teaching):
        tag = school.owner.get(url).headers["ETag"]
        assert school.owner.delete(url, if_match=tag).status_code == 204

    gone = {"id": ids.encode("mem", school.student.member.id)}
    assert told(school) == [("member.removed", gone)]
    assert actors(school) == [school.owner.member.user_id]


def test_registering_waiting_dropping_and_moving_up_write_nothing_here(school):
    one = made(school, "classes", {"title": "Algebra", "capacity": 1, "status": "open"})
    url = f"{url_of(one)}/registrations"
    seated = school.student.post(url, {})
    waiting = school.another(Role.STUDENT).post(url, {"on_full": "waitlist"})
    assert (seated.json["state"], waiting.json["state"]) == ("enrolled", "waitlisted")
    assert school.student.delete(url_of(seated)).status_code == 204

    assert of_stream(school) == []


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_nobody_who_registers_waits_for_the_stream_of_the_organization(school):
    one = made(school, "classes", {"title": "Algebra", "status": "open"})
    made(school, "courses", COURSE)
    with school.database.write() as tx:
        tx.execute(select(Stream).where(Stream.id == school.row.id).with_for_update())

        seated = school.student.post(f"{url_of(one)}/registrations", {})
        left = school.student.delete(url_of(seated))

    assert (seated.status_code, left.status_code) == (201, 204)


def test_an_edit_that_lets_somebody_move_up_tells_the_organization_and_then_the_student(school):
    one = made(
        school,
        "classes",
        {"title": "Algebra", "capacity": 1, "status": "open", "waitlist": {"mode": "auto"}},
    )
    url, waiter = f"{url_of(one)}/registrations", school.another(Role.STUDENT)
    for person in (school.student, waiter):
        assert person.post(url, {"on_full": "waitlist"}).status_code == 201

    answer = changed(school.registrar, one, {"title": "Rings", "capacity": 2})

    assert answer.json["seats_taken"] == 2
    assert told(school) == [("class.updated", {"id": one.json["id"], "version": 2})]
    (news,) = of_stream(school, StreamKind.USER, waiter.member.user_id)
    assert news.type == "registration.enrolled"
