"""Registrations over HTTP: the doors, what is answered, and what is refused."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from api import ids
from api.authz.actor import Actor
from api.clock import to_text
from api.models import IdempotencyKey, Organization
from api.services import class_seats
from tests import factories
from tests.apps import a_school


def a_class(school, **given):
    with school.database.write() as tx:
        row = factories.a_class(tx, school.row.id, **given)
        row = class_seats.created(tx, Actor.system(), row)
    return f"/v1/classes/{ids.encode('cls', row.id)}"


def id_of(url):
    return url.rpartition("/")[2]


def student_id(person):
    return ids.encode("stu", person.student.id)


def test_a_student_registers_and_leaves(school):
    url = a_class(school, capacity=1)

    made = school.student.post(f"{url}/registrations", {})

    assert made.status_code == 201, made.json
    document = made.json
    assert document["state"] == "enrolled"
    assert document["student_id"] == student_id(school.student)
    assert made.headers["Location"] == document["_links"]["self"]["href"]
    assert document["_links"]["drop"]["body"] == {"to": "dropped"}
    assert document["_blocked"]["accept"] == [{"code": "state-conflict", "state": "enrolled"}]

    left = school.student.delete(document["_links"]["self"]["href"])
    again = school.student.delete(document["_links"]["self"]["href"])

    assert left.status_code == 204
    assert (again.status_code, again.json["code"], again.json["state"]) == (
        409,
        "state-conflict",
        "dropped",
    )


@pytest.mark.parametrize("door", ["organization", "class", "student"])
def test_three_doors_lead_to_one_registration(school, door):
    url = a_class(school)
    person = school.student
    student_url = f"https://homeroom.test/v1/students/{student_id(person)}"
    path, body = {
        "organization": (school.url, {"class_id": id_of(url), "student_url": student_url}),
        "class": (url, {"student_id": student_id(person)}),
        "student": (student_url, {"class_url": f"https://homeroom.test{url}"}),
    }[door]

    made = school.registrar.post(f"{path}/registrations", body)

    assert made.status_code == 201, made.json
    assert made.json["class_id"] == id_of(url)
    assert made.json["student_id"] == student_id(person)


def test_lists_line_events_and_audit_tell_one_story(school):
    url = a_class(school, capacity=1)
    first, second = school.student, school.another()
    first.post(f"{url}/registrations", {})
    waiting = second.post(f"{url}/registrations", {"on_full": "waitlist"}).json

    line = school.registrar.get(f"{url}/waitlist").json
    listed = school.registrar.get(f"{url}/registrations").json
    events = school.registrar.get(f"{url}/events").json
    audit = school.registrar.get(f"{url}/audit").json

    assert waiting["position"] == 1
    places = [(one["position"], one["length"], one["id"]) for one in line["items"]]
    assert places == [(1, 1, waiting["id"])]
    assert [one["state"] for one in listed["items"]] == ["enrolled", "waitlisted"]
    assert [one["seq"] for one in events["items"]] == [1, 2, 3]
    assert (events["next_after"], events["head_seq"]) == (3, 3)
    assert audit["valid"]
    assert audit["events"] == 3
    assert audit["seats_taken"] == 1


def test_a_dropped_seat_goes_to_the_head_of_the_line_in_the_same_answer(school):
    url = a_class(school, capacity=1, waitlist_mode="auto")
    first, second = school.student, school.another()
    seat = first.post(f"{url}/registrations", {}).json["_links"]["self"]["href"]
    waiting = second.post(f"{url}/registrations", {"on_full": "waitlist"}).json

    first.delete(seat)

    now = second.get(waiting["_links"]["self"]["href"]).json
    history = second.get(waiting["_links"]["transitions"]["href"]).json["items"]
    assert now["state"] == "enrolled"
    assert [(step["from"], step["to"]) for step in history] == [
        (None, "waitlisted"),
        ("waitlisted", "enrolled"),
    ]


def test_an_offer_is_accepted_by_the_link_that_it_shows(school):
    url = a_class(school, capacity=1)
    first, second = school.student, school.another()
    seat = first.post(f"{url}/registrations", {}).json["_links"]["self"]["href"]
    waiting = second.post(f"{url}/registrations", {"on_full": "waitlist"}).json
    first.delete(seat)

    offered = second.get(waiting["_links"]["self"]["href"]).json
    accept = offered["_links"]["accept"]
    accepted = second.post(accept["href"], accept["body"])

    assert offered["state"] == "offered"
    assert accepted.status_code == 200, accepted.json
    assert accepted.json["state"] == "enrolled"
    assert "accept" in accepted.json["_blocked"]


def test_a_dry_run_tells_what_would_be_and_does_nothing(school):
    url = a_class(school, capacity=1)

    dry = school.student.post(f"{url}/registrations?dry_run=true", {})

    assert dry.status_code == 200
    assert dry.json["would"]["state"] == "enrolled"
    assert dry.json["would"]["id"] is None
    assert dry.json["as_of_seq"] == {id_of(url): 1}
    assert school.registrar.get(f"{url}/registrations").json["items"] == []


def test_a_dry_run_of_leaving_tells_how_it_would_end_and_leaves_nothing(school):
    seat = school.student.post(f"{a_class(school)}/registrations", {}).headers["Location"]

    dry = school.student.delete(f"{seat}?dry_run=true")

    assert dry.status_code == 200
    assert dry.json["would"]["state"] == "dropped"
    assert school.student.get(seat).json["state"] == "enrolled"


def test_a_second_registration_is_refused_with_a_link_to_the_first(school):
    url = a_class(school)
    first = school.student.post(f"{url}/registrations", {}).json

    again = school.student.post(f"{url}/registrations", {})

    assert (again.status_code, again.json["code"]) == (409, "already-registered")
    assert again.json["registration_id"] == first["id"]
    assert again.json["_links"]["existing"]["href"] == first["_links"]["self"]["href"]


def test_a_full_class_says_that_one_may_wait_and_how(school):
    url = a_class(school, capacity=0)

    refused = school.student.post(f"{url}/registrations", {})
    link = refused.json["_links"]["waitlist"]
    waiting = school.student.post(link["href"], link["body"])

    assert (refused.status_code, refused.json["code"]) == (409, "class-full")
    assert [block["code"] for block in refused.json["blocks"]] == ["class-full"]
    assert waiting.json["state"] == "waitlisted"


@pytest.mark.parametrize("door", ["class", "student", "organization"])
def test_staff_follows_the_way_into_the_line_for_the_student_it_asked_for(school, door):
    url = a_class(school, capacity=0)
    class_id, student = id_of(url), student_id(school.student)
    path, body = {
        "class": (url, {"student_id": student}),
        "student": (f"/v1/students/{student}", {"class_id": class_id}),
        "organization": (school.url, {"student_id": student, "class_id": class_id}),
    }[door]

    refused = school.registrar.post(f"{path}/registrations", body)
    link = refused.json["_links"]["waitlist"]
    waiting = school.registrar.post(link["href"], link["body"])

    assert link["body"] == {"on_full": "waitlist", "student_id": student}
    assert waiting.status_code == 201, waiting.json
    assert (waiting.json["state"], waiting.json["student_id"]) == ("waitlisted", student)


def test_rules_that_staff_set_aside_are_set_aside_on_the_way_into_the_line(school):
    url = a_class(school, capacity=0)
    student = school.another(status="inactive")
    body = {
        "student_id": student_id(student),
        "overrides": ["student-inactive"],
        "reason_code": "late-fee",
    }

    refused = school.registrar.post(f"{url}/registrations", body)
    link = refused.json["_links"]["waitlist"]
    waiting = school.registrar.post(link["href"], link["body"])

    assert link["body"] == {"on_full": "waitlist", **body}
    assert (waiting.status_code, waiting.json["state"]) == (201, "waitlisted")


def test_no_line_is_offered_to_whoever_stands_in_as_many_as_may_be(school):
    with school.database.write() as tx:
        tx.execute(
            update(Organization)
            .where(Organization.id == school.row.id)
            .values(max_waitlists_per_term=1)
        )
        term = factories.a_term(tx, school.row.id)
    first, second = (a_class(school, capacity=0, term_id=term.id) for _ in range(2))
    school.student.post(f"{first}/registrations", {"on_full": "waitlist"})

    refused = school.student.post(f"{second}/registrations", {})

    assert (refused.status_code, refused.json["code"]) == (409, "class-full")
    assert refused.json["waitlist_open"] is True
    assert "_links" not in refused.json


@pytest.mark.parametrize(
    ("opens", "closes", "code", "words"),
    [
        (1, 2, "not-open-yet", "Registration is not open yet. It opens on"),
        (-2, -1, "registration-closed", "Registration is closed. The deadline was"),
    ],
)
def test_a_window_is_told_by_the_wall_clock_of_the_class(
    school, http_clock, opens, closes, code, words
):
    moments = [http_clock.now() + timedelta(days=days) for days in (opens, closes)]
    names = ("opens_at", "closes_at")
    window = dict(zip(names, map(to_text, moments), strict=True)) | {"audience": None}
    url = a_class(school, windows=[window], timezone="Asia/Tokyo", effective_timezone="Asia/Tokyo")
    local = next(m for m in moments if abs(m - http_clock.now()) == timedelta(days=1))
    shown = local.astimezone(ZoneInfo("Asia/Tokyo")).strftime("%Y-%m-%d %H:%M")

    refused = school.student.post(f"{url}/registrations", {}).json
    blocked = school.student.get(url).json["_blocked"]["register"]

    assert (refused["code"], refused["timezone"]) == (code, "Asia/Tokyo")
    assert refused["detail"] == f"{words} {shown} Asia/Tokyo (UTC+09:00)."
    assert to_text(local) in refused["blocks"][0].values()
    assert refused["blocks"] == blocked


def test_the_end_of_an_offer_and_of_dropping_is_told_by_the_wall_clock_of_the_class(
    school, http_clock
):
    zone = {"timezone": "America/New_York", "effective_timezone": "America/New_York"}
    until = http_clock.now() + timedelta(days=1)
    seat = a_class(school, effective_drop_until=until, drop_until=until, **zone)
    dropping = school.student.post(f"{seat}/registrations", {}).headers["Location"]
    offering = a_class(school, capacity=0, **zone)
    waiting = school.student.post(f"{offering}/registrations", {"on_full": "waitlist"})
    etag = school.registrar.get(offering).headers["ETag"]
    school.registrar.patch(offering, {"capacity": 1}, if_match=etag)
    http_clock.advance(days=3)

    late = school.student.delete(dropping).json
    gone = school.student.post(
        f"{waiting.headers['Location']}/transitions", {"to": "enrolled"}
    ).json

    shown = until.astimezone(ZoneInfo("America/New_York")).strftime("%Y-%m-%d %H:%M")
    assert (late["code"], late["timezone"]) == ("registration-closed", "America/New_York")
    assert f"The deadline was {shown} America/New_York (UTC-04:00)." in late["detail"]
    assert (gone["code"], gone["timezone"]) == ("offer-expired", "America/New_York")
    assert "The offer ended on" in gone["detail"]


def test_a_line_without_room_is_not_offered(school):
    url = a_class(school, capacity=0, waitlist_enabled=False)

    refused = school.student.post(f"{url}/registrations", {"on_full": "waitlist"})

    assert [block["code"] for block in refused.json["blocks"]] == ["class-full", "waitlist-closed"]
    assert "_links" not in refused.json


@pytest.mark.parametrize("member", ["student_id", "class_id"])
def test_what_the_body_names_must_be_there(school, member):
    url = a_class(school)
    body = {"class_id": id_of(url), "student_id": student_id(school.student)}
    strange = ids.encode(body[member][:3], factories.new_id())

    refused = school.registrar.post(f"{school.url}/registrations", {**body, member: strange})

    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == f"#/{member}"
    assert refused.json["errors"][0]["code"] == "not-found"


def test_a_student_who_names_a_class_of_another_school_is_told_that_there_is_none(school, app):
    abroad = id_of(a_class(a_school(app)))
    absent = ids.encode("cls", ids.new_id(0))
    path = f"{school.url}/registrations"

    answers = [school.student.post(path, {"class_id": named}) for named in (abroad, absent)]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert {answer.json["errors"][0]["pointer"] for answer in answers} == {"#/class_id"}
    assert {answer.json["errors"][0]["code"] for answer in answers} == {"not-found"}


def test_a_student_registers_nobody_else(school):
    url = a_class(school)
    other = school.another()

    refused = school.student.post(f"{url}/registrations", {"student_id": student_id(other)})

    assert refused.status_code == 403


def test_the_door_of_a_student_opens_to_nobody_for_whom_the_student_is_not_there(school):
    url, body = a_class(school), {"class_id": ids.encode("cls", ids.new_id(0))}
    door = f"/v1/students/{student_id(school.student)}/registrations"

    stranger = school.another().post(door, body)
    unknown = school.student.post(
        f"/v1/students/{ids.encode('stu', ids.new_id(0))}/registrations", body
    )
    teaches_others = school.instructor.post(door, {"class_id": id_of(url)})

    assert [answer.status_code for answer in (stranger, unknown, teaches_others)] == [404] * 3


def test_whoever_teaches_a_student_is_told_that_only_staff_registers(school):
    teacher = {"member_id": str(school.instructor.member.id), "name": "Who teaches it"}
    url = a_class(school, instructors=[teacher])
    school.student.post(f"{url}/registrations", {})
    door = f"/v1/students/{student_id(school.student)}/registrations"

    assert school.instructor.post(door, {"class_id": id_of(url)}).status_code == 403


def test_a_kept_answer_names_the_event_that_it_came_to(school):
    url = a_class(school)

    first = school.student.post(f"{url}/registrations", {}, key="once")
    again = school.student.post(f"{url}/registrations", {}, key="once")
    gone = school.student.delete(first.headers["Location"], key="twice")

    with school.database.read() as tx:
        kept = tx.all(
            select(IdempotencyKey.event_stream_id, IdempotencyKey.event_seq)
            .where(IdempotencyKey.user_id == school.student.member.user_id)
            .order_by(IdempotencyKey.event_seq)
        )
    class_id = ids.decode("cls", id_of(url))
    assert (again.data, again.headers["Idempotent-Replayed"]) == (first.data, "true")
    assert gone.status_code == 204
    assert [tuple(row) for row in kept] == [(class_id, 2), (class_id, 3)]
