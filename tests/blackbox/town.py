"""A little school with something in every list, and places in every state, made through its API."""

import time
from datetime import UTC, datetime, timedelta

ROLES = ("stranger", "student", "instructor", "registrar", "owner")
MOST = 2
"""Links of one kind that each person follows; each kind once before any of them twice."""
PATIENCE_SECONDS = 60
"""For a job to end."""


def ended(person, url):
    """The job once it has ended, looked at each second."""
    for _ in range(PATIENCE_SECONDS):
        job = person.get(url)
        assert job.status_code == 200, job.text
        if job.json()["state"] not in {"queued", "running"}:
            return job.json()
        time.sleep(1)
    raise AssertionError(f"after {PATIENCE_SECONDS} s the job is still {job.json()['state']}")


def furnished(town):
    for role in ROLES:
        assert town.people[role]
    term = town.a_term().json()
    owner = town.owner
    course = owner.post(f"{town.url}/courses", {"code": "MATH 1", "title": "Mathematics"})
    assert course.status_code == 201, course.text
    links = {"term_id": term["id"], "course_id": course.json()["id"]}
    full = town.a_class(title="Full", capacity=1, **links).json()
    town.a_class(title="Open")
    town.a_class(title="Draft", status="draft")
    pattern = {
        "weekdays": ["mo"],
        "start_local": "09:00",
        "duration_minutes": 60,
        "from_date": "2027-10-04",
        "to_date": "2027-10-31",
    }
    made = owner.post(full["_links"]["meeting-patterns"]["href"], pattern)
    assert made.status_code == 201, made.text
    town.classmate = owner.post(
        f"{town.url}/students", {"given_name": "Ben", "family_name": "Classmate"}
    ).json()
    seats = full["_links"]["registrations"]["href"]
    taken = owner.post(seats, {"student_id": town.classmate["id"]})
    assert taken.status_code == 201, taken.text
    waiting = town.student.post(seats, {"on_full": "waitlist"})
    assert waiting.status_code == 201, waiting.text
    for number in range(6):
        seats = town.a_class(title=f"More {number}").json()["_links"]["registrations"]["href"]
        assert owner.post(seats, {"student_id": town.classmate["id"]}).status_code == 201
        if number < 3:
            assert town.student.post(seats, {}).status_code == 201
    # A line that never moves: each of those who may do so lets somebody leave it.
    line = town.a_class(title="Line", capacity=0).json()["_links"]["registrations"]["href"]
    for _ in range(2 * MOST):
        new = {"given_name": "Cleo", "family_name": "Waiting"}
        waiting = owner.post(f"{town.url}/students", new).json()["id"]
        place = owner.post(line, {"student_id": waiting, "on_full": "waitlist"})
        assert place.status_code == 201, place.text
    to_be_decided(town)
    job = owner.post(f"{town.url}/exports", {})
    assert job.status_code == 202, job.text
    assert ended(owner, job.headers["Location"])["state"] == "succeeded"
    town.a_term("Unused")
    owner.post(f"{town.url}/courses", {"code": "NONE", "title": "Unused"})
    town.people["hostess"] = town.signed_up("hostess")
    return town


def to_be_decided(town):
    """Places in every state from which somebody may take them further: the student's, and others.

    Of the others there are enough for an owner and a registrar to go each way from each state, in
    several classes: whoever comes first also calls off as many as they went to, perhaps others.
    """
    (me,) = town.student.get("/v1/me").json()["students"]
    own = [[me["id"]]] * MOST

    def groups(size):
        return [[town.a_student() for _ in range(size)] for _ in range(MOST + 2)]

    def register(school_class, students, **more):
        seats = school_class["_links"]["registrations"]["href"]
        made = [town.owner.post(seats, {"student_id": each, **more}) for each in students]
        assert {answer.status_code for answer in made} == {201}, made[-1].text
        return [answer.json()["_links"] for answer in made]

    for asking in groups(2 * MOST):
        asked = town.a_class(title="Asked", approval_required=True, capacity=None).json()
        register(asked, asking)
    for waiting in (*own, *groups(2 * MOST)):
        offered = {"capacity": len(waiting), "waitlist": {"mode": "offer"}}
        school_class = town.a_class(title="Offered", **offered).json()
        seats = register(school_class, [town.a_student() for _ in waiting])
        register(school_class, waiting, on_full="waitlist")
        for links in seats:
            assert town.owner.post(links["drop"]["href"], links["drop"]["body"]).is_success
    in_a_year = (datetime.now(UTC) + timedelta(days=365)).strftime("%Y-%m-%dT00:00:00.000Z")
    late = {"drop_until": "2020-01-01T00:00:00.000Z", "withdraw_until": in_a_year}
    for registered in (*own, *groups(MOST)):
        register(town.a_class(title="Late", capacity=None, **late).json(), registered)
    for registered in groups(MOST):
        over = town.a_class(title="Ended", capacity=None).json()
        register(over, registered)
        end = over["_links"]["self"]["href"]
        assert town.owner.open("PATCH", end, json={"status": "ended"}, if_match="*").is_success
