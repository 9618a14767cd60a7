"""The links of a class to its seats: for whom they are there, and why not."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from api import ids
from api.authz.actor import Actor
from api.models import Organization
from api.models.school_class import ClassStatus
from api.services import class_seats
from tests import factories


def a_class(school, **given):
    with school.database.write() as tx:
        row = factories.a_class(tx, school.row.id, **given)
        return class_seats.created(tx, Actor.system(), row)


def url_of(school_class):
    return f"/v1/classes/{ids.encode('cls', school_class.id)}"


def a_session(school, school_class, starts_at):
    with school.database.write() as tx:
        factories.a_session(tx, school_class, starts_at=starts_at)


def codes(document, rel):
    return [block["code"] for block in document["_blocked"][rel]]


def test_a_student_sees_how_to_register_and_does(school):
    url = url_of(a_class(school))

    document = school.student.get(url).json
    link = document["_links"]["register"]
    made = school.student.post(link["href"], link["body"])
    after = school.student.get(url).json

    assert made.status_code == 201
    assert codes(after, "register") == ["already-registered"]
    assert codes(after, "edit") == ["forbidden"]
    assert codes(after, "events") == ["forbidden"]
    assert "join-waitlist" not in document["_links"]


def test_a_full_class_shows_the_line(school):
    url = url_of(a_class(school, capacity=0))

    document = school.student.get(url).json
    link = document["_links"]["join-waitlist"]
    made = school.student.post(link["href"], link["body"])

    assert codes(document, "register") == ["class-full"]
    assert (made.json["state"], made.json["position"]) == ("waitlisted", 1)


def test_an_item_names_the_clash_and_a_page_does_so_for_a_named_student(school, http_clock):
    starts_at = http_clock.now() + timedelta(days=9)
    taken, wanted = a_class(school), a_class(school)
    for one in (taken, wanted):
        a_session(school, one, starts_at)
    school.student.post(f"{url_of(taken)}/registrations", {})
    student = ids.encode("stu", school.student.student.id)

    item = school.student.get(url_of(wanted)).json
    cheap = page_item(school.student.get(f"{school.url}/classes").json, wanted)
    full = page_item(
        school.registrar.get(f"{school.url}/classes?student_id={student}").json, wanted
    )

    assert codes(item, "register") == ["time-conflict"]
    assert "register" in cheap["_links"]
    assert codes(full, "register") == ["time-conflict"]


def page_item(page, school_class):
    wanted = ids.encode("cls", school_class.id)
    return next(item for item in page["items"] if item["id"] == wanted)


def test_staff_without_a_subject_sees_what_lies_with_the_class(school):
    url = url_of(a_class(school, capacity=0, waitlist_enabled=False))

    document = school.registrar.get(url).json

    assert codes(document, "register") == ["class-full"]
    assert codes(document, "join-waitlist") == ["class-full", "waitlist-closed"]
    assert {"close", "cancel", "delete", "edit", "events", "audit"} <= document["_links"].keys()
    assert document["_blocked"]["open"] == [
        {"code": "state-conflict", "state": "open", "allowed": ["cancelled", "closed", "ended"]}
    ]


def test_what_was_registered_for_is_cancelled_and_not_deleted(school):
    url = url_of(a_class(school))
    school.student.post(f"{url}/registrations", {})

    open_class = school.registrar.get(url).json
    link = open_class["_links"]["cancel"]
    cancelled = school.registrar.patch(
        link["href"],
        link["body"],
        if_match=f'"v{open_class["version"]}"',
        headers={"Content-Type": link["type"]},
    )

    assert codes(open_class, "delete") == ["resource-in-use"]
    assert cancelled.status_code == 200, cancelled.json
    assert cancelled.json["status"] == "cancelled"
    assert cancelled.json["seats_taken"] == 0
    assert codes(cancelled.json, "open") == ["state-conflict"]


@pytest.mark.parametrize(
    ("media_type", "patch"),
    [
        ("application/merge-patch+json", {"status": "open"}),
        ("application/json", {"status": "open"}),
        (
            "application/json-patch+json",
            [
                {"op": "test", "path": "/title", "value": "Algebra"},
                {"op": "replace", "path": "/status", "value": "open"},
            ],
        ),
    ],
)
def test_nobody_opens_what_is_open(school, media_type, patch):
    url = url_of(a_class(school, title="Algebra"))
    seen = school.registrar.get(url)

    refused = school.registrar.open(
        "PATCH", url, json=patch, content_type=media_type, if_match=seen.headers["ETag"]
    )
    blocks = [{"code": refused.json["code"], **part(refused.json, "state", "allowed")}]

    assert refused.status_code == 409
    assert seen.json["_blocked"]["open"] == blocks
    assert school.registrar.get(url).data == seen.data


@pytest.mark.parametrize(
    "patch", [{"status": "open", "title": "Botany"}, {"title": "Botany"}, {"title": "Algebra"}, {}]
)
def test_a_status_may_come_along_with_other_members(school, patch):
    url = url_of(a_class(school, title="Algebra"))
    seen = school.registrar.get(url)

    whole = school.registrar.patch(url, seen.json, if_match="*")
    replaced = school.registrar.put(url, seen.json, if_match="*")
    changed = school.registrar.patch(url, patch, if_match="*")

    assert (whole.status_code, replaced.status_code, changed.status_code) == (200, 200, 200)
    assert whole.headers["ETag"] == replaced.headers["ETag"] == seen.headers["ETag"]
    assert changed.json["title"] == patch.get("title", "Algebra")


def test_who_may_not_open_a_class_is_told_so_of_an_open_one(school):
    teacher = {"member_id": str(school.instructor.member.id), "name": "Who teaches it"}
    url = url_of(a_class(school, instructors=[teacher]))

    for person in (school.student, school.instructor):
        seen = person.get(url)
        refused = person.patch(url, {"status": "open"}, if_match=seen.headers["ETag"])

        assert codes(seen.json, "open") == ["forbidden"]
        assert (refused.status_code, refused.json["code"]) == (403, "forbidden")


def part(document, *names):
    return {name: document[name] for name in names}


def test_a_reason_reads_alike_in_the_links_in_the_blocks_and_in_the_problem(school):
    url = url_of(a_class(school, status=ClassStatus.CLOSED))

    shown = school.student.get(url).json["_blocked"]["register"]
    refused = school.student.post(f"{url}/registrations", {}).json

    assert shown == [{"code": "class-not-open", "state": "closed"}]
    assert refused["blocks"] == shown
    assert (refused["status"], refused["state"]) == (409, "closed")


def test_nobody_reads_a_public_class_and_registers_for_nothing(school, nobody):
    with school.database.write() as tx:
        tx.execute(
            update(Organization).where(Organization.id == school.row.id).values(public_catalog=True)
        )
    url = url_of(a_class(school))

    document = nobody.get(url).json

    assert codes(document, "register") == ["forbidden"]
    assert codes(document, "registrations") == ["forbidden"]


@pytest.mark.parametrize("path", ["events", "audit"])
def test_a_student_may_not_read_the_ledger(school, path):
    url = url_of(a_class(school))

    refused = school.student.get(f"{url}/{path}")

    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
