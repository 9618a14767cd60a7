"""What lists can be narrowed by beside names and times: ids, seats left, who has a login."""

from datetime import timedelta

from api import ids
from api.authz.actor import Actor
from api.services import class_seats
from tests import factories
from tests.fake_clock import START


def a_class(school, **given):
    with school.database.write() as tx:
        row = factories.a_class(tx, school.row.id, **given)
        class_seats.created(tx, Actor.system(), row)
    return ids.encode("cls", row.id)


def found(person, url, **query):
    answer = person.get(url, query_string=query)
    assert answer.status_code == 200, answer.json
    return {item["id"] for item in answer.json["items"]}


def test_classes_with_seats_left_are_found_and_those_without_a_limit_apart(school):
    full, roomy = a_class(school, capacity=1), a_class(school, capacity=9)
    open_to_all = a_class(school, capacity=None)
    school.student.post(f"/v1/classes/{full}/registrations", {})
    url = f"{school.url}/classes"

    assert found(school.student, url, seats_free__gte=1) == {roomy}
    assert found(school.student, url, seats_free=0) == {full}
    assert found(school.student, url, seats_free__is_null="true") == {open_to_all}


def test_a_class_that_gave_more_seats_than_it_has_has_none_left(school):
    over = a_class(school, capacity=0)
    waived = {"overrides": ["class-full"], "reason_code": "because"}
    student = ids.encode("stu", school.student.student.id)
    school.registrar.post(f"/v1/classes/{over}/registrations", {"student_id": student, **waived})

    assert found(school.student, f"{school.url}/classes", seats_free=0) == {over}
    assert found(school.student, f"{school.url}/classes", seats_free__gte=1) == set()


def test_things_are_fetched_by_their_ids_at_once(school):
    wanted = {a_class(school), a_class(school)}
    a_class(school)

    assert found(school.student, f"{school.url}/classes", id__in=",".join(wanted)) == wanted


def test_classes_whose_line_closes_before_a_moment_are_found(school):
    soon = a_class(school, effective_promotion_ends_at=START + timedelta(days=1))
    a_class(school)
    before = (START + timedelta(days=2)).isoformat().replace("+00:00", "Z")

    url = f"{school.url}/classes"

    assert found(school.student, url, effective_promotion_ends_at__lt=before) == {soon}


def test_students_without_a_login_and_members_who_are_students_are_found(school):
    with school.database.write() as tx:
        paper = factories.a_student(tx, school.row.id)
    student = ids.encode("stu", school.student.student.id)
    member = ids.encode("mem", school.student.member.id)

    students, members = f"{school.url}/students", f"{school.url}/members"

    assert found(school.registrar, students, member_id__is_null="true") == {
        ids.encode("stu", paper.id)
    }
    assert found(school.registrar, members, student_id=student) == {member}
    assert found(school.registrar, members, student_id__is_null="false") == {member}


def test_your_organizations_are_narrowed_and_shown_in_part(school):
    url = "/v1/organizations"

    shown = school.owner.get(url, query_string={"conflict_policy": "block", "fields": "name"}).json

    assert [set(item) - {"_links", "_blocked"} for item in shown["items"]] == [{"id", "name"}]
    assert found(school.owner, url, conflict_policy="ignore") == set()
