from datetime import UTC, datetime

import pytest

from api import ids
from api.models import Role
from tests import factories
from tests.apps import a_school

WINDOW = {
    "audience": "seniors",
    "opens_at": "2026-09-01T00:00:00.000Z",
    "closes_at": "2026-09-08T00:00:00.000Z",
}


def a_class(school, **given):
    return school.registrar.post(f"{school.url}/classes", {"title": "Algebra", **given})


def url_of(answer):
    return answer.json["_links"]["self"]["href"]


def edited(person, answer, changes, query=""):
    return person.patch(url_of(answer) + query, changes, if_match=answer.headers["ETag"])


def test_a_class_needs_only_a_title(school):
    made = a_class(school)

    seen = school.registrar.get(made.headers["Location"])
    assert made.status_code == 201
    assert (seen.data, seen.headers["ETag"]) == (made.data, made.headers["ETag"])
    expected = {
        "title": "Algebra",
        "status": "draft",
        "capacity": None,
        "seats_free": None,
        "seats_taken": 0,
        "waitlist_length": 0,
        "windows": [],
        "instructors": [],
        "prices": [],
        "waitlist": {
            "enabled": True,
            "capacity": None,
            "mode": "offer",
            "offer_ttl_seconds": 172_800,
        },
        "effective_timezone": "Europe/Vienna",
        "effective_drop_until": None,
        "effective_promotion_ends_at": None,
        "version": 1,
    }
    assert {name: made.json[name] for name in expected} == expected


def test_a_class_shows_everything_that_it_was_made_with(school):
    term = school.registrar.post(
        f"{school.url}/terms",
        {"name": "Fall", "starts_on": "2026-10-01", "ends_on": "2027-01-31"},
    )
    course = school.registrar.post(f"{school.url}/courses", {"code": "M", "title": "Math"})
    given = {
        "term_id": term.json["id"],
        "course_id": course.json["id"],
        "external_id": "m-1",
        "section": "A",
        "description": "Groups\nand rings",
        "location": "Hall 1",
        "instructors": [
            {"member_id": ids.encode("mem", school.instructor.member.id), "name": "Ada"},
            {"member_id": None, "name": "A guest"},
        ],
        "prices": [{"amount_minor": 900, "currency": "EUR", "until": "2026-09-02T00:00:00.000Z"}],
        "roster_visible_to_students": True,
        "status": "open",
        "windows": [WINDOW],
        "approval_required": True,
        "timezone": "America/New_York",
        "drop_until": "2026-10-01T00:00:00.000Z",
        "withdraw_until": "2026-11-01T00:00:00.000Z",
        "promotion_ends_at": "2026-09-30T00:00:00.000Z",
        "waitlist": {"enabled": False, "capacity": 5, "mode": "auto", "offer_ttl_seconds": 300},
        "capacity": 30,
    }

    made = a_class(school, **given)

    assert made.status_code == 201
    assert {name: made.json[name] for name in given} == given
    assert made.json["effective_timezone"] == "America/New_York"
    assert made.json["seats_free"] == 30
    replaced = school.registrar.put(
        url_of(made),
        {k: v for k, v in made.json.items() if k[0] != "_"},
        if_match=made.headers["ETag"],
    )
    assert (replaced.status_code, replaced.json) == (200, made.json)


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"title": ""}, "#/title", "too-short"),
        ({"capacity": -1}, "#/capacity", "out-of-range"),
        ({"capacity": 100_001}, "#/capacity", "out-of-range"),
        ({"status": "closed"}, "#/status", "not-a-choice"),
        ({"seats_taken": 3}, "#/seats_taken", "read-only"),
        ({"timezone": "Mars/Base"}, "#/timezone", "not-a-choice"),
        (
            {"windows": [{**WINDOW, "closes_at": WINDOW["opens_at"]}]},
            "#/windows/0/closes_at",
            "out-of-range",
        ),
        ({"windows": [{"opens_at": WINDOW["opens_at"]}]}, "#/windows/0/closes_at", "required"),
        ({"windows": [WINDOW] * 21}, "#/windows", "too-long"),
        ({"instructors": [{}]}, "#/instructors/0/name", "required"),
        ({"waitlist": {"offer_ttl_seconds": 1}}, "#/waitlist/offer_ttl_seconds", "out-of-range"),
        ({"waitlist": {"size": 1}}, "#/waitlist/size", "unknown-member"),
        (
            {"prices": [{"amount_minor": 1, "currency": "euro"}]},
            "#/prices/0/currency",
            "bad-format",
        ),
        (
            {"drop_until": "2026-10-02T00:00:00Z", "withdraw_until": "2026-10-01T00:00:00Z"},
            "#/withdraw_until",
            "out-of-range",
        ),
        ({"term_id": "trm_00000000000000000000000000"}, "#/term_id", "not-found"),
        ({"course_id": "crs_00000000000000000000000000"}, "#/course_id", "not-found"),
        (
            {"instructors": [{"name": "A", "member_id": "mem_00000000000000000000000000"}]},
            "#/instructors/0/member_id",
            "not-found",
        ),
    ],
)
def test_a_class_that_cannot_be_is_refused_with_a_pointer(school, given, pointer, code):
    refused = a_class(school, **given)

    assert refused.status_code == 422
    found = [(fault["pointer"], fault["code"]) for fault in refused.json["errors"]]
    assert found == [(pointer, code)]
    assert school.registrar.get(f"{school.url}/classes").json["items"] == []


def test_a_class_cannot_name_what_another_organization_has(school, app):
    other = a_school(app)
    with other.database.write() as tx:
        term, course = factories.a_term(tx, other.row.id), factories.a_course(tx, other.row.id)

    refused = a_class(
        school,
        term_id=ids.encode("trm", term.id),
        course_id=ids.encode("crs", course.id),
        instructors=[{"name": "A", "member_id": ids.encode("mem", other.owner.member.id)}],
    )

    assert refused.status_code == 422
    assert {fault["pointer"] for fault in refused.json["errors"]} == {
        "#/term_id",
        "#/course_id",
        "#/instructors/0/member_id",
    }


def test_an_edit_bumps_the_version_and_writes_only_what_was_sent(school):
    made = a_class(school, capacity=5, section="A")

    changed = edited(school.registrar, made, {"title": "Rings", "waitlist": {"capacity": 2}})

    assert (changed.status_code, changed.json["version"]) == (200, 2)
    assert changed.json["waitlist"] == {**made.json["waitlist"], "capacity": 2}
    assert (changed.json["section"], changed.json["capacity"]) == ("A", 5)
    same = edited(school.registrar, changed, {"title": "Rings"})
    assert same.headers["ETag"] == changed.headers["ETag"]
    assert edited(school.registrar, made, {"title": "Fields"}).status_code == 412


def test_an_edit_that_cannot_be_changes_nothing(school):
    made = a_class(school, drop_until="2026-10-01T00:00:00Z")
    nowhere = {"term_id": "trm_00000000000000000000000000"}

    disordered = edited(school.registrar, made, {"withdraw_until": "2026-09-01T00:00:00Z"})
    unknown = edited(school.registrar, made, nowhere)

    assert (disordered.status_code, unknown.status_code) == (422, 422)
    assert school.registrar.get(url_of(made)).json == made.json


@pytest.mark.parametrize(
    ("way", "last"),
    [
        (["open", "closed", "open", "ended"], 200),
        (["open", "closed", "cancelled"], 200),
        (["cancelled"], 200),
        (["closed"], 409),
        (["ended"], 409),
        (["open", "draft"], 409),
        (["cancelled", "open"], 409),
        (["open", "ended", "open"], 409),
    ],
)
def test_a_class_moves_from_status_to_status_as_it_may(school, way, last):
    answer = a_class(school)

    for status in way[:-1]:
        answer = edited(school.registrar, answer, {"status": status})
        assert answer.json["status"] == status
    moved = edited(school.registrar, answer, {"status": way[-1]})

    assert moved.status_code == last
    seen = school.registrar.get(url_of(answer)).json["status"]
    assert seen == (way[-1] if last == 200 else answer.json["status"])
    if last == 409:
        assert moved.json["code"] == "state-conflict"


def test_capacity_below_the_seats_taken_needs_a_word_on_who_has_them(school):
    made = a_class(school, status="open", capacity=3)
    with school.database.write() as tx:
        row = tx.first(factories.select(factories.SchoolClass).where(id_is(made)))
        for _ in range(3):
            factories.a_registration(tx, row)

    refused = edited(school.registrar, made, {"capacity": 1})
    dry = edited(school.registrar, made, {"capacity": 1}, "?shrink=keep&dry_run=true")
    kept = edited(school.registrar, made, {"capacity": 1}, "?shrink=keep")

    assert (refused.status_code, refused.json["code"]) == (409, "capacity-below-taken")
    assert (dry.status_code, dry.json["would"]["capacity"]) == (200, 1)
    assert (kept.json["capacity"], kept.json["seats_taken"], kept.json["seats_free"]) == (1, 3, 0)
    assert kept.json["over_allowance"] == 2
    assert school.registrar.get(url_of(made)).json["version"] == 2


def test_the_last_who_came_go_to_the_line_if_the_edit_says_so(school):
    made = a_class(school, status="open", capacity=3)
    with school.database.write() as tx:
        row = tx.first(factories.select(factories.SchoolClass).where(id_is(made)))
        for _ in range(3):
            factories.a_registration(tx, row)

    cut = edited(school.registrar, made, {"capacity": 1}, "?shrink=displace_last")

    shown = ("capacity", "seats_taken", "waitlist_length", "over_allowance")
    assert [cut.json[name] for name in shown] == [1, 1, 2, 0]


def id_is(answer):
    return factories.SchoolClass.id == ids.decode("cls", answer.json["id"])


def test_a_class_in_which_nobody_registered_is_removed_with_its_timetable(school):
    made = a_class(school)
    at = {"local_start": "2026-10-05T09:00", "duration_minutes": 60}
    session = school.registrar.post(f"{url_of(made)}/sessions", at)

    etag = school.registrar.get(url_of(made)).headers["ETag"]
    removed = school.registrar.delete(url_of(made), if_match=etag)

    assert removed.status_code == 204
    assert school.registrar.get(url_of(made)).status_code == 404
    assert school.registrar.get(url_of(session)).status_code == 404


def test_a_class_that_had_a_registration_is_never_removed(school):
    made = a_class(school, status="open")
    with school.database.write() as tx:
        row = tx.first(factories.select(factories.SchoolClass).where(id_is(made)))
        factories.a_registration(tx, row, state="dropped")

    refused = school.registrar.delete(url_of(made), if_match=made.headers["ETag"])

    assert (refused.status_code, refused.json["code"]) == (409, "resource-in-use")
    assert refused.json["counts"] == {"registrations": 1}
    assert school.registrar.get(url_of(made)).status_code == 200
    link = refused.json["_links"]["cancel"]
    cancelled = school.registrar.open(
        link["method"],
        link["href"],
        json=link["body"],
        content_type=link["type"],
        if_match=made.headers["ETag"],
    )
    assert (cancelled.status_code, cancelled.json["status"]) == (200, "cancelled")


@pytest.mark.parametrize("status", ["ended", "cancelled"])
def test_nothing_leads_on_from_a_class_that_is_over_and_had_a_registration(school, status):
    made = a_class(school, status="open")
    with school.database.write() as tx:
        row = tx.first(factories.select(factories.SchoolClass).where(id_is(made)))
        factories.a_registration(tx, row, state="dropped")
    over = school.registrar.patch(url_of(made), {"status": status}, if_match=made.headers["ETag"])

    refused = school.registrar.delete(url_of(made), if_match=over.headers["ETag"])

    assert (refused.status_code, refused.json["code"]) == (409, "resource-in-use")
    assert "_links" not in refused.json


def test_a_term_and_a_course_with_classes_are_in_use(school):
    registrar = school.registrar
    term = registrar.post(
        f"{school.url}/terms", {"name": "F", "starts_on": "2026-10-01", "ends_on": "2026-10-31"}
    )
    course = registrar.post(f"{school.url}/courses", {"code": "M", "title": "Math"})
    a_class(school, term_id=term.json["id"], course_id=course.json["id"])

    for made in (term, course):
        seen = registrar.get(url_of(made))
        refused = registrar.delete(url_of(made), if_match=made.headers["ETag"])

        assert seen.json["_blocked"]["delete"] == [{"code": "resource-in-use"}]
        assert (refused.status_code, refused.json["counts"]) == (409, {"classes": 1})


def test_another_system_updates_or_makes_a_class_by_its_own_id(school):
    url = f"{school.url}/classes/by-external-id/m-1"
    registrar = school.registrar

    made = registrar.put(url, {"title": "Algebra", "windows": [WINDOW], "capacity": 9})
    again = registrar.put(url, {"title": "Algebra", "windows": [WINDOW], "capacity": 9})
    changed = registrar.put(url, {"waitlist": {"mode": "auto"}, "status": "open"})

    assert [answer.status_code for answer in (made, again, changed)] == [201, 200, 200]
    assert again.headers["ETag"] == made.headers["ETag"]
    assert changed.json["waitlist"] == {**made.json["waitlist"], "mode": "auto"}
    assert (changed.json["capacity"], changed.json["windows"]) == (9, [WINDOW])
    assert registrar.get(url).json == changed.json
    assert registrar.put(url, {"instructors": [{}]}).status_code == 422
    assert registrar.put(f"{url}x", {"capacity": 1}).status_code == 422
    assert registrar.get(f"{url}x").status_code == 404


def test_a_taken_external_id_is_a_duplicate_name(school):
    a_class(school, external_id="m-1")
    other = a_class(school)

    made = a_class(school, external_id="m-1")
    moved = edited(school.registrar, other, {"external_id": "m-1"})

    assert [(a.status_code, a.json["pointer"]) for a in (made, moved)] == [
        (409, "#/external_id")
    ] * 2


def test_classes_are_filtered_and_sorted(school):
    for title, capacity, status in (
        ("Élan", 5, "open"),
        ("Rings", None, "draft"),
        ("été", 9, "open"),
    ):
        a_class(school, title=title, capacity=capacity, status=status)

    def titles(query):
        answer = school.registrar.get(f"{school.url}/classes?{query}")
        return [item["title"] for item in answer.json["items"]]

    assert titles("sort=-title") == ["été", "Élan", "Rings"]
    assert titles("title__contains=%C3%89T") == ["été"]
    assert titles("capacity__gte=5&capacity__lt=9") == ["Élan"]
    assert titles("capacity__is_null=true") == ["Rings"]
    assert titles("status__ne=open") == ["Rings"]
    assert titles("term_id__is_null=false") == []
    assert titles("limit=1&sort=seats_taken,-title") == ["été"]


def test_a_class_does_not_exist_for_another_organization(school, app):
    made = a_class(school, status="open")
    stranger = a_school(app).owner
    url, by_id = url_of(made), f"{school.url}/classes/by-external-id/x"

    answers = [
        stranger.get(url),
        stranger.patch(url, {"title": "Mine"}, if_match="*"),
        stranger.put(url, {"title": "Mine"}, if_match="*"),
        stranger.delete(url, if_match="*"),
        stranger.get(f"{school.url}/classes"),
        stranger.post(f"{school.url}/classes", {"title": "Mine"}),
        stranger.get(by_id),
        stranger.put(by_id, {"title": "Mine"}),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert school.registrar.get(url).json == made.json


def test_drafts_are_seen_by_staff_and_by_who_teaches_them(school, app):
    teacher = {"member_id": ids.encode("mem", school.instructor.member.id), "name": "Ada"}
    draft = a_class(school, instructors=[teacher])
    published = a_class(school, status="open")
    colleague = school.another(Role.INSTRUCTOR)

    def seen_by(person):
        answer = person.get(f"{school.url}/classes")
        return {item["id"] for item in answer.json["items"]}, person.get(url_of(draft)).status_code

    both, one = {draft.json["id"], published.json["id"]}, {published.json["id"]}
    assert seen_by(school.owner) == seen_by(school.registrar) == (both, 200)
    assert seen_by(school.instructor) == (both, 200)
    assert seen_by(colleague) == seen_by(school.student) == (one, 404)


def test_a_name_that_looks_like_a_member_is_no_instructor(school):
    draft = a_class(school, instructors=[{"name": str(school.instructor.member.id)}])

    assert school.instructor.get(f"{school.url}/classes").json["items"] == []
    assert school.instructor.get(url_of(draft)).status_code == 404


def test_an_instructor_of_the_class_edits_description_and_location_only(school):
    teacher = {"member_id": ids.encode("mem", school.instructor.member.id), "name": "Ada"}
    made = a_class(school, status="open", instructors=[teacher])
    colleague = school.another(Role.INSTRUCTOR)

    described = edited(school.instructor, made, {"description": "Groups", "location": "Hall"})
    renamed = edited(school.instructor, described, {"title": "Mine", "location": "Attic"})

    assert (described.status_code, described.json["location"]) == (200, "Hall")
    assert renamed.status_code == 403
    assert edited(colleague, described, {"location": "Attic"}).status_code == 403
    assert edited(school.student, described, {"location": "Attic"}).status_code == 403
    assert school.instructor.delete(url_of(made)).status_code == 403
    assert school.student.post(f"{school.url}/classes", {"title": "Mine"}).status_code == 403
    assert school.registrar.get(url_of(made)).json["location"] == "Hall"


def test_published_classes_of_a_public_catalogue_are_read_without_a_token(school, nobody, app):
    public = a_school(app, public_catalog=True)
    published = a_class(public, status="open", external_id="p")
    draft = a_class(public)
    private = a_class(school, status="open")

    listed = nobody.get(f"{public.url}/classes")

    assert [item["id"] for item in listed.json["items"]] == [published.json["id"]]
    assert nobody.get(url_of(published)).json["title"] == "Algebra"
    assert nobody.get(f"{public.url}/classes/by-external-id/p").status_code == 200
    assert nobody.get(f"{url_of(published)}/sessions").status_code == 200
    unseen = [nobody.get(url_of(made)) for made in (draft, private)]
    unseen += [nobody.get("/v1/classes/cls_00000000000000000000000000")]
    unseen += [nobody.get(f"{school.url}/classes"), nobody.get(f"{url_of(draft)}/sessions")]
    assert {answer.status_code for answer in unseen} == {401}


def test_the_public_catalogue_of_an_archived_organization_is_gone(nobody, app):
    public = a_school(app, public_catalog=True)
    published = a_class(public, status="open")
    session = public.registrar.post(
        f"{url_of(published)}/sessions",
        {"local_start": "2026-10-05T09:00", "duration_minutes": 60},
    )

    public.owner.delete(public.url, if_match="*")

    urls = [f"{public.url}/classes", url_of(published), url_of(session)]
    assert {nobody.get(url).status_code for url in urls} == {401}
    assert {public.owner.get(url).status_code for url in urls} == {404}


def test_a_class_is_judged_for_the_student_that_is_named(school, app):
    made = a_class(school, status="open")
    own = ids.encode("stu", school.student.student.id)
    other = ids.encode("stu", school.another().student.id)
    stranger = ids.encode("stu", a_school(app).student.student.id)

    for url in (url_of(made), f"{school.url}/classes"):
        assert school.student.get(f"{url}?student_id={own}").status_code == 200
        assert school.registrar.get(f"{url}?student_id={other}").status_code == 200
        assert school.student.get(f"{url}?student_id={other}").status_code == 404
    assert school.registrar.get(f"{url_of(made)}?student_id={stranger}").status_code == 404
    assert school.registrar.get(f"{url_of(made)}?student_id=me").status_code == 400


def test_an_instant_is_stored_in_utc_whatever_its_offset(school):
    made = a_class(school, drop_until="2026-10-01T02:00:00+02:00")

    with school.database.read() as tx:
        row = tx.first(
            factories.select(factories.SchoolClass).where(
                id_is(made), factories.SchoolClass.organization_id == school.row.id
            )
        )

    assert row.drop_until == datetime(2026, 10, 1, tzinfo=UTC)
    assert made.json["effective_drop_until"] == "2026-10-01T00:00:00.000Z"
