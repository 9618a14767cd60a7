"""A student is erased while others wait: what counts, and what chains, still adds up."""

from sqlalchemy import select

from api import ids
from api.models import PromotionDue
from api.services.sweeper import settle_class
from api.services.verification import verify
from tests.apps import a_school


def a_class(school):
    made = school.registrar.post(
        f"{school.url}/classes",
        {
            "title": "Algebra",
            "capacity": 1,
            "status": "open",
            "waitlist": {"enabled": True, "mode": "auto"},
        },
    )
    assert made.status_code == 201, made.json
    return made.json


def register(person, school_class):
    url = f"/v1/classes/{school_class['id']}/registrations"
    return person.post(url, {"on_full": "waitlist"})


def broken(school):
    with school.database.snapshot() as tx:
        verdicts = verify(tx, organization_id=school.row.id)
    return [verdict.claim for verdict in verdicts if not verdict.holds]


def sweep(school):
    """What the sweeper does within a second."""
    with school.database.read() as tx:
        due = tx.all(
            select(PromotionDue.class_id).where(PromotionDue.organization_id == school.row.id)
        )
    for note in due:
        with school.database.write() as tx:
            settle_class(tx, note.class_id)


def states(school, school_class):
    url = f"/v1/classes/{school_class['id']}/registrations?sort=created_at"
    return [item["state"] for item in school.registrar.get(url).json["items"]]


def test_the_ledgers_of_an_erased_student_verify_and_who_waited_moves_up(app, http_clock):
    school = a_school(app)
    leaver, waiter = school.student, school.another()
    classes = [a_class(school) for _ in range(3)]
    for school_class in classes[:2]:
        register(leaver, school_class)
        register(waiter, school_class)
    register(waiter, classes[2])
    register(leaver, classes[2])
    url = "/v1/students/" + ids.encode("stu", leaver.student.id)

    erased = school.owner.delete(url, if_match="*")

    assert erased.status_code == 204
    assert broken(school) == []
    sweep(school)
    assert broken(school) == []
    assert [states(school, one) for one in classes] == [
        ["removed", "enrolled"],
        ["removed", "enrolled"],
        ["enrolled", "removed"],
    ]
    seen = school.owner.get(url).json
    assert (seen["status"], seen["family_name"]) == ("erased", "")


def test_nobody_newly_come_takes_the_seat_before_who_waits(app, http_clock):
    school = a_school(app)
    leaver, waiter, newcomer = school.student, school.another(), school.another()
    school_class = a_class(school)
    register(leaver, school_class)
    register(waiter, school_class)
    school.owner.delete("/v1/students/" + ids.encode("stu", leaver.student.id), if_match="*")

    came = register(newcomer, school_class)

    assert came.json["state"] == "waitlisted"
    sweep(school)
    assert states(school, school_class) == ["removed", "enrolled", "waitlisted"]
    assert broken(school) == []
