"""What classes take from their term and their organization, seen over HTTP."""

import pytest

from api.models import RegistrationState
from api.services.sweeper import settle_class
from tests.factories import SchoolClass, a_registration, select

TERM = {"name": "Fall", "starts_on": "2026-10-01", "ends_on": "2027-01-31"}
FIRST, SECOND, THIRD = (f"2026-10-{day}T00:00:00.000Z" for day in ("10", "20", "30"))


@pytest.fixture
def term(school):
    return school.registrar.post(f"{school.url}/terms", {**TERM, "drop_until": SECOND})


def a_class(school, **given):
    return school.registrar.post(f"{school.url}/classes", {"title": "Algebra", **given})


def url_of(answer):
    return answer.json["_links"]["self"]["href"]


def edited(school, answer, changes):
    url = url_of(answer)
    person = school.owner
    return person.patch(url, changes, if_match=person.get(url).headers["ETag"])


def seen(school, answer):
    return school.registrar.get(url_of(answer)).json


def test_a_class_takes_the_deadlines_of_its_term_unless_it_has_its_own(school, term):
    heir = a_class(school, term_id=term.json["id"])
    own = a_class(school, term_id=term.json["id"], drop_until=FIRST)

    assert (heir.json["drop_until"], heir.json["effective_drop_until"]) == (None, SECOND)
    assert (own.json["drop_until"], own.json["effective_drop_until"]) == (FIRST, FIRST)
    assert heir.json["effective_promotion_ends_at"] == SECOND


def test_a_changed_deadline_of_a_term_reaches_the_classes_that_inherit_it(school, term):
    heir = a_class(school, term_id=term.json["id"])
    own = a_class(school, term_id=term.json["id"], drop_until=FIRST, promotion_ends_at=FIRST)
    elsewhere = a_class(school)

    edited(school, term, {"drop_until": THIRD, "withdraw_until": THIRD})

    assert seen(school, heir)["effective_drop_until"] == THIRD
    assert seen(school, heir)["version"] == 2
    assert seen(school, own)["effective_drop_until"] == FIRST
    assert seen(school, own)["effective_withdraw_until"] == THIRD
    assert seen(school, elsewhere) == elsewhere.json


def test_a_change_of_a_term_that_no_class_takes_over_touches_none(school, term):
    heir = a_class(school, term_id=term.json["id"])

    edited(school, term, {"name": "Autumn", "ends_on": "2027-02-28"})

    assert seen(school, heir) == heir.json


def test_a_class_that_moves_to_another_term_takes_its_deadlines(school, term):
    other = school.registrar.post(f"{school.url}/terms", {**TERM, "drop_until": THIRD})
    heir = a_class(school, term_id=term.json["id"])

    moved = edited(school, heir, {"term_id": other.json["id"]})
    alone = edited(school, heir, {"term_id": None})

    assert (moved.json["effective_drop_until"], moved.json["version"]) == (THIRD, 2)
    assert (alone.json["effective_drop_until"], alone.json["version"]) == (None, 3)


def test_a_term_that_ends_promotion_lets_the_line_of_its_classes_expire(school, term):
    heir = a_class(school, term_id=term.json["id"], status="open", capacity=0)
    with school.database.write() as tx:
        row = tx.first(select(SchoolClass).where(SchoolClass.organization_id == school.row.id))
        a_registration(tx, row, state=RegistrationState.WAITLISTED)
    assert seen(school, heir)["waitlist_length"] == 1

    edited(school, term, {"promotion_ends_at": "2026-08-01T00:00:00Z"})
    with school.database.write() as tx:
        settle_class(tx, row.id)

    assert seen(school, heir)["waitlist_length"] == 0


def test_the_zone_of_an_organization_is_that_of_classes_without_one(school):
    heir, own = a_class(school), a_class(school, timezone="Asia/Tokyo")
    at_nine = {"local_start": "2026-10-12T09:00", "duration_minutes": 60}
    for made in (heir, own):
        school.registrar.post(f"{url_of(made)}/sessions", at_nine)

    changed = school.owner.patch(school.url, {"timezone": "America/New_York"}, if_match="*")

    def session(made):
        item = school.registrar.get(f"{url_of(made)}/sessions").json["items"][0]
        return item["local_start"], item["starts_at"], item["duration_minutes"]

    assert changed.status_code == 200
    assert seen(school, heir)["effective_timezone"] == "America/New_York"
    assert seen(school, heir)["effective_promotion_ends_at"] == "2026-10-12T13:00:00.000Z"
    assert session(heir) == ("2026-10-12T09:00", "2026-10-12T13:00:00.000Z", 60)
    assert seen(school, own)["effective_timezone"] == "Asia/Tokyo"
    assert session(own) == ("2026-10-12T09:00", "2026-10-12T00:00:00.000Z", 60)


def test_a_class_that_moves_to_another_zone_keeps_its_wall_clock(school, http_clock):
    made = a_class(school)
    for day in ("2026-09-01", "2026-10-12"):
        at = {"local_start": f"{day}T09:00", "duration_minutes": 60}
        school.registrar.post(f"{url_of(made)}/sessions", at)
    http_clock.advance(days=7)

    moved = edited(school, made, {"timezone": "Australia/Sydney"})

    past, to_come = school.registrar.get(f"{url_of(made)}/sessions").json["items"]
    assert moved.json["effective_timezone"] == "Australia/Sydney"
    assert past["starts_at"] == "2026-09-01T07:00:00.000Z"
    assert to_come["starts_at"] == "2026-10-11T22:00:00.000Z"
    assert edited(school, a_class(school), {"timezone": "Asia/Tokyo"}).json["version"] == 2
    back = edited(school, made, {"timezone": None})
    assert back.json["effective_timezone"] == "Europe/Vienna"


def test_a_changed_line_of_a_class_is_settled_at_once(school):
    made = a_class(school, status="open", capacity=0)
    with school.database.write() as tx:
        row = tx.first(select(SchoolClass).where(SchoolClass.organization_id == school.row.id))
        a_registration(tx, row, state=RegistrationState.WAITLISTED)

    ended = edited(school, made, {"promotion_ends_at": "2026-08-01T00:00:00Z"})

    assert (ended.json["waitlist_length"], ended.json["version"]) == (0, 2)
