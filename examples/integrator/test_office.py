"""What the office's software does with a Homeroom that is really there."""

import httpx
import pytest
from office import Office

FILE = "number,given,family\n1001,Given,One\n1002,Given,Two\n1003,Given,Three\n"


def test_taking_the_same_file_in_twice_makes_nobody_twice(office, homeroom_organization):
    first = office.take_in_students(FILE)

    again = office.take_in_students(FILE)

    listed = homeroom_organization.owner.http.get(f"{homeroom_organization.url}/students").json()
    assert again == first
    assert len(listed["items"]) == 3 + len(homeroom_organization.students)


def test_each_test_begins_with_an_organization_in_which_nothing_happened(homeroom_organization):
    classes = homeroom_organization.owner.http.get(f"{homeroom_organization.url}/classes").json()

    assert classes["items"] == []


def test_a_student_registers_twice_and_has_one_seat(office, homeroom_organization):
    drawing = homeroom_organization.new_class("Drawing", capacity=5)
    (student, *_) = office.take_in_students(FILE).values()

    assert office.register(student, drawing["id"]) == "enrolled"
    assert office.register(student, drawing["id"]) == "enrolled"

    assert office.roll(drawing["id"]) == [student]


def test_who_has_left_a_class_can_register_again(office, homeroom_organization):
    drawing = homeroom_organization.new_class("Drawing", capacity=5)
    (student, *_) = office.take_in_students(FILE).values()
    office.register(student, drawing["id"])
    (seat,) = office.http.get(f"/v1/classes/{drawing['id']}/registrations").json()["items"]
    office.http.delete(f"/v1/registrations/{seat['id']}").raise_for_status()
    assert office.roll(drawing["id"]) == []

    assert office.register(student, drawing["id"]) == "enrolled"

    assert office.roll(drawing["id"]) == [student]


class Losing(httpx.BaseTransport):
    """Sends what it is given, and loses the first answer."""

    def __init__(self, http):
        self.http = http
        self.keys = []

    def handle_request(self, request):
        self.keys.append(request.headers["Idempotency-Key"])
        answer = self.http.post(request.url.path, content=request.read(), headers=request.headers)
        if len(self.keys) == 1:
            raise httpx.ReadError("the answer got lost")
        return httpx.Response(answer.status_code, json=answer.json())


def test_a_wish_whose_answer_got_lost_is_granted_once(office, homeroom_organization):
    drawing = homeroom_organization.new_class("Drawing", capacity=5)
    (student, *_) = office.take_in_students(FILE).values()
    losing = Losing(office.http)
    with httpx.Client(transport=losing, base_url=office.http.base_url) as http:
        unlucky = Office(http, office.url)

        assert unlucky.register(student, drawing["id"]) == "enrolled"

    assert len(losing.keys) == 2
    assert len(set(losing.keys)) == 1


def test_the_roll_is_read_to_its_last_page(office, homeroom_organization):
    drawing = homeroom_organization.new_class("Drawing", capacity=5)
    students = office.take_in_students(FILE)
    for student in students.values():
        office.register(student, drawing["id"])

    assert sorted(office.roll(drawing["id"])) == sorted(students.values())


def test_who_comes_too_late_waits(office, homeroom_organization):
    pottery = homeroom_organization.new_class("Pottery", capacity=1)
    first, second, _ = office.take_in_students(FILE).values()

    assert office.register(first, pottery["id"]) == "enrolled"
    assert office.register(second, pottery["id"]) == "waitlisted"


def test_registration_opens_and_closes_by_the_clock(office, homeroom_organization, homeroom_clock):
    now = homeroom_clock.now
    window = {
        "opens_at": now.replace(month=10).isoformat(),
        "closes_at": now.replace(month=11).isoformat(),
    }
    choir = homeroom_organization.new_class("Choir", windows=[window])
    early, on_time, late = office.take_in_students(FILE).values()

    assert office.register(early, choir["id"]) == "not-open-yet"
    homeroom_clock.move(window["opens_at"])
    assert office.register(on_time, choir["id"]) == "enrolled"
    homeroom_clock.move(window["closes_at"])
    assert office.register(late, choir["id"]) == "registration-closed"


@pytest.mark.homeroom(students=3)
def test_an_offer_that_nobody_takes_goes_to_the_next_in_line(homeroom_organization, homeroom_clock):
    line = {"mode": "offer", "offer_ttl_seconds": 3600}
    pottery = homeroom_organization.new_class("Pottery", capacity=1, waitlist=line)
    seated, first, second = homeroom_organization.students
    for student in (seated, first, second):
        wish = {"on_full": "waitlist"}
        student.http.post(f"/v1/classes/{pottery['id']}/registrations", json=wish)

    def place_of(student):
        address = f"/v1/students/{student.student_id}/registrations"
        (place,) = student.http.get(address).json()["items"]
        return place

    seated.http.delete(f"/v1/registrations/{place_of(seated)['id']}")
    assert [place_of(one)["state"] for one in (first, second)] == ["offered", "waitlisted"]

    homeroom_clock.advance(hours=1)

    assert place_of(first)["state"] == "expired"
    assert place_of(second)["state"] == "offered"


def test_the_fixtures_hold_a_class_for_most_refusals(homeroom):
    classes = homeroom.told["classes"]
    student = homeroom.fixtures.student

    answers = {
        name: student.http.post(f"/v1/classes/{classes[name]}/registrations", json={}).json()
        for name in ("full", "closed", "opens-later")
    }

    assert {name: answer["code"] for name, answer in answers.items()} == {
        "full": "class-full",
        "closed": "class-not-open",
        "opens-later": "not-open-yet",
    }
