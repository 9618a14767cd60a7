"""A link is there if and only if its call is not refused, for everybody and in every state.

Every call is made and rolled back, so that each finds the school as the representation showed it.
What time alone has changed is settled before: links are judged by what is written down.
"""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from api import ids
from api.authz.actor import Actor
from api.clock import to_text
from api.models import Role
from api.schemas.classes import CLASS
from api.schemas.registrations import REGISTRATION
from api.services import class_seats
from api.services.sweeper import Sweeper
from tests import apps, factories
from tests.fake_clock import START
from tests.resources.kept_word import HOST, id_of, kept, rolled_back

__all__ = ["rolled_back"]  # a fixture

DEEP = {"time-conflict", "term-limit", "waitlist-limit"}
"""What a list leaves to the item, unless it is asked for one student."""

DAY = timedelta(days=1)


class World:
    """A school of seven who look at one class, in which the student may have a place."""

    def __init__(self, app, clock):
        self.app, self.clock = app, clock
        self.school = apps.a_school(app, public_catalog=True, max_live_classes_per_term=2)
        self.student = self.school.student
        self.people = {
            "owner": self.school.owner,
            "registrar": self.school.registrar,
            "instructor of the class": self.school.instructor,
            "other instructor": self.school.another(Role.INSTRUCTOR),
            "student": self.student,
            "other student": self.school.another(),
            "nobody": apps.Client(app.test_client()),
        }
        # Whom nothing but the class itself can keep out.
        self.anybody = self.school.another(groups=["early"])
        self.url = None
        self.registration = None

    def a_class(self, **given):
        teacher = {"member_id": str(self.school.instructor.member.id), "name": "Who teaches it"}
        with self.school.database.write() as tx:
            row = factories.a_class(
                tx, self.school.row.id, instructors=[teacher], **{"waitlist_mode": "auto", **given}
            )
            row = class_seats.created(tx, Actor.system(), row)
        self.url = f"/v1/classes/{ids.encode('cls', row.id)}"
        return row

    def meets(self, row):
        with self.school.database.write() as tx:
            factories.a_session(tx, row, starts_at=START + 100 * DAY)

    def registers(self, person=None, **body):
        """Have staff register somebody; the student's registration is kept."""
        student = (person or self.student).student
        body = {"student_id": ids.encode("stu", student.id), **body}
        made = self.school.registrar.post(f"{self.url}/registrations", body)
        assert made.status_code == 201, made.json
        if person is None:
            self.registration = made.json["_links"]["self"]["href"].removeprefix(HOST)
        return made.json

    def moves(self, to):
        body = {"to": to, "reason_code": "because"}
        moved = self.school.registrar.post(f"{self.registration}/transitions", body)
        assert moved.status_code == 200, moved.json

    def changes(self, **members):
        before = self.school.registrar.get(self.url)
        changed = self.school.registrar.patch(self.url, members, if_match=before.headers["ETag"])
        assert changed.status_code == 200, changed.json

    def fills(self, seats=1):
        for _ in range(seats):
            self.registers(self.school.another())

    def later(self, **by):
        self.clock.advance(**by)
        Sweeper(self.school.database).once()


def a_draft(world):
    world.a_class(status="draft")


def free_seats(world):
    world.a_class(capacity=2)


def no_limit(world):
    world.a_class()


def full_with_a_line(world):
    world.a_class(capacity=1)
    world.fills()


def full_without_a_line(world):
    world.a_class(capacity=0, waitlist_enabled=False)


def full_with_a_full_line(world):
    world.a_class(capacity=0, waitlist_capacity=1)
    world.registers(world.school.another(), on_full="waitlist")


def full_after_promotion(world):
    world.a_class(capacity=0, promotion_ends_at=START)


def a_window_to_come(world):
    world.a_class(windows=[_window(DAY, 2 * DAY)])


def a_window_gone(world):
    world.a_class(windows=[_window(-2 * DAY, -DAY)])


def a_window_for_others(world):
    world.a_class(windows=[_window(-DAY, DAY, "early")])


def closed(world):
    world.a_class(status="closed")


def ended(world):
    world.a_class(status="ended")


def cancelled(world):
    world.a_class(status="cancelled")


def a_clash(world):
    taken, wanted = world.a_class(), None
    world.meets(taken)
    world.registers()
    world.registration = None
    wanted = world.a_class()
    world.meets(wanted)


def too_many_in_the_term(world):
    with world.school.database.write() as tx:
        term = factories.a_term(tx, world.school.row.id)
    for _ in range(2):
        world.a_class(term_id=term.id)
        world.registers()
    world.registration = None
    world.a_class(term_id=term.id)


def enrolled(world):
    world.a_class(capacity=3)
    world.registers()


def enrolled_after_the_drop_deadline(world):
    world.a_class(drop_until=START + DAY, withdraw_until=START + 2 * DAY)
    world.registers()
    world.later(days=1)


def enrolled_after_every_deadline(world):
    world.a_class(drop_until=START + DAY, withdraw_until=START + 2 * DAY)
    world.registers()
    world.later(days=2)


def enrolled_in_a_class_that_ended(world):
    world.a_class()
    world.registers()
    world.changes(status="ended")


def waiting(world):
    full_with_a_line(world)
    world.registers(on_full="waitlist")


def offered(world):
    world.a_class(capacity=0, waitlist_mode="offer")
    world.registers(on_full="waitlist")
    world.changes(capacity=1)


def offered_with_a_clash(world):
    offered(world)
    url, registration = world.url, world.registration
    row = SimpleNamespace(id=id_of(url), organization_id=world.school.row.id)
    world.meets(row)
    other = world.a_class()
    world.meets(other)
    world.registers(overrides=["time-conflict"], reason_code="because")
    world.url, world.registration = url, registration


def an_offer_that_ran_out(world):
    offered(world)
    world.later(days=3)


def requested(world):
    world.a_class(capacity=1, approval_required=True)
    world.registers()


def requested_and_full(world):
    requested(world)
    world.registers(world.anybody, overrides=["class-full"], reason_code="because")
    world.anybody = world.school.another(groups=["early"])


def requested_and_full_without_a_line(world):
    requested_and_full(world)
    world.changes(waitlist={"enabled": False})


def requested_and_closed(world):
    requested(world)
    world.changes(status="closed")


def dropped(world):
    enrolled(world)
    world.moves("dropped")


def removed(world):
    enrolled(world)
    world.moves("removed")


def completed(world):
    enrolled_in_a_class_that_ended(world)
    world.moves("completed")


def cancelled_with_the_class(world):
    enrolled(world)
    world.changes(status="cancelled")


STATES = [
    a_draft,
    free_seats,
    no_limit,
    full_with_a_line,
    full_without_a_line,
    full_with_a_full_line,
    full_after_promotion,
    a_window_to_come,
    a_window_gone,
    a_window_for_others,
    closed,
    ended,
    cancelled,
    a_clash,
    too_many_in_the_term,
    enrolled,
    enrolled_after_the_drop_deadline,
    enrolled_after_every_deadline,
    enrolled_in_a_class_that_ended,
    waiting,
    offered,
    offered_with_a_clash,
    an_offer_that_ran_out,
    requested,
    requested_and_full,
    requested_and_full_without_a_line,
    requested_and_closed,
    dropped,
    removed,
    completed,
    cancelled_with_the_class,
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_a_link_is_there_exactly_when_its_call_is_not_refused(state, app, http_clock, request):
    world = World(app, http_clock)
    state(world)
    request.getfixturevalue("rolled_back")

    for name, person in world.people.items():
        for student in _subjects(world, person):
            found = _broken(world, person, student)
            assert found == [], name


def _broken(world, person, student):
    """Every rel of the class and of the registration whose word is not kept, and how."""
    query = {} if student is None else {"student_id": ids.encode("stu", student.id)}
    wish = student or person.student or world.anybody.student
    seen = person.get(world.url, query_string=query)
    found = []
    if seen.status_code == 200:
        found += _kept(world, person, CLASS, seen, wish)
        found += _as_in_the_list(world, person, seen, query)
    if world.registration is not None:
        seen = person.get(world.registration)
        if seen.status_code == 200:
            found += _kept(world, person, REGISTRATION, seen, wish)
    return found


def _subjects(world, person):
    """For whom `register` is judged: nobody in particular, or the student, where one may ask."""
    is_staff = person.member is not None and person.student is None
    return [None, world.student.student] if is_staff else [None]


def _kept(world, person, kind, seen, wish):
    targets = world.app.extensions["homeroom"].edge.renderer.targets

    def form(link):
        names_a_student = "on_full" in link.get("body", {})
        return {"student_id": ids.encode("stu", wish.id)} if names_a_student else {}

    return kept(person, kind.rels, seen, targets=targets, form=form)


def _as_in_the_list(world, person, seen, query):
    """What a page says otherwise than the item, beyond what it leaves to it."""
    page = person.get(f"{world.school.url}/classes", query_string={**query, "limit": 100}).json
    (item,) = (one for one in page["items"] if one["id"] == seen.json["id"])
    if query or person.student is None:
        if (item["_links"], item.get("_blocked")) != (
            seen.json["_links"],
            seen.json.get("_blocked"),
        ):
            yield "in the list", item
        return
    for rel, blocks in seen.json.get("_blocked", {}).items():
        cheap = [block for block in blocks if block["code"] not in DEEP]
        if item.get("_blocked", {}).get(rel, []) != cheap:
            yield "in the list", rel, item


def _window(opens, closes, audience=None):
    return {
        "audience": audience,
        "opens_at": to_text(START + opens),
        "closes_at": to_text(START + closes),
    }
