"""Every rel that is judged, of every representation and list, keeps its word to everybody.

What is judged the operations say themselves: what comes later is asked here without a line, and
fails if the world has nothing of it. The states of seats have a test of their own beside this one.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, update

from api import ids
from api.http.discovery import rels_of
from api.http.links import targets_of
from api.models import ClassSession, Organization, Role, SchoolClass, Student, StudentStatus
from api.models.session import SessionStatus
from api.services.rules_timetable import MAX_EXCEPT_DATES, MAX_SESSIONS
from api.services.timetable import MAX_PATTERNS
from tests import factories
from tests.contract.world import BODIES, PREFIXES, a_world
from tests.fake_clock import START
from tests.resources.kept_word import kept, rolled_back

__all__ = ["rolled_back"]  # a fixture

PERSONAS = (
    *("nobody", "stranger", "classmate", "student"),
    *("colleague", "instructor", "registrar", "owner"),
)
FEW = 2
"""Items of a list that are asked of each persona."""


@dataclass
class Place:
    """A world, and what forms need of it: a class without anybody, a student without a seat."""

    world: object
    targets: dict
    spare: dict
    met: set = field(default_factory=set)
    walks: dict = field(default_factory=dict)

    def walked(self, persona):
        """Every rel whose word is not kept to them: looked for once."""
        if persona not in self.walks:
            person = self.world.personas[persona]
            self.walks[persona] = list(broken(self, person))
        return self.walks[persona]

    def form(self, person):
        """What the body of a call by this person needs."""
        subject = self.spare if person.student is None else {"student_id": person.student.id}
        given = {**self.spare, "student_id": subject["student_id"]}

        def form(link):
            if link.get("method") != "POST":
                return {}
            body = BODIES[link["operation"]](self.world)
            known = {n: ids.encode(PREFIXES[n], id_) for n, id_ in given.items() if n in body}
            return {**body, **known}

        return form

    def reads(self, person):
        """Every address that can be read, with its operation and the ids in it."""
        own = {} if person.member is None else {"user_id": person.member.user_id}
        known = {name: id_ for name, id_ in {**self.world.rows, **own}.items() if name in PREFIXES}
        public = {name: ids.encode(PREFIXES[name], id_) for name, id_ in own.items()}
        for target in self.targets.values():
            if target.method == "GET" and target.served.returns is not None:
                yield target, self.world.path(target.template, **public), known


def as_made(_world, _tx):
    """Whose owner is the only one; nothing but the class is in use."""


def at_the_limits(world, tx):
    """Two owners, a timetable without room, a course and a term in use, somebody erased.

    And a student who may take no seat any more, in a school that shows its classes to everybody.
    """
    of = {"organization_id": world.school.row.id}
    row = tx.execute(
        update(SchoolClass)
        .where(
            SchoolClass.organization_id == of["organization_id"],
            SchoolClass.id == world.rows["class_id"],
        )
        .values(term_id=world.rows["term_id"], course_id=world.rows["course_id"])
        .returning(SchoolClass.id, SchoolClass.organization_id)
    ).one()
    tx.execute(update(Organization).where(Organization.id == row[1]).values(public_catalog=True))
    factories.a_member(tx, of["organization_id"], Role.OWNER)
    gone = [(date(2020, 1, 1) + timedelta(days=n)).isoformat() for n in range(MAX_EXCEPT_DATES)]
    pattern = factories.a_meeting_pattern(tx, row, except_dates=gone)
    for _ in range(MAX_PATTERNS - 2):
        factories.a_meeting_pattern(tx, row)
    first = START + timedelta(days=1)
    follows = factories.a_session(tx, row, starts_at=first, pattern_id=pattern.id)
    world.rows |= {"pattern_id": pattern.id, "session_id": follows.id}
    times = {"created_at": START, "updated_at": START, "version": 1}
    later = [
        {
            **of,
            **times,
            "id": factories.new_id(of["organization_id"]),
            "class_id": row.id,
            "pattern_id": None,
            "starts_at": first + timedelta(days=n),
            "ends_at": first + timedelta(days=n, hours=1),
            "local_start": f"{first + timedelta(days=n):%Y-%m-%dT%H:%M}",
            "status": SessionStatus.SCHEDULED,
        }
        for n in range(1, MAX_SESSIONS - 1)
    ]
    tx.execute(insert(ClassSession), later)
    inactive = world.personas["classmate"].student.id
    tx.execute(
        update(Student)
        .where(Student.organization_id == of["organization_id"], Student.id == inactive)
        .values(status=StudentStatus.INACTIVE)
    )
    erased = factories.a_student(tx, of["organization_id"], status=StudentStatus.ERASED)
    world.rows["student_id"] = erased.id
    world.rows["invitation_id"] = factories.an_invitation(
        tx, of["organization_id"], Role.REGISTRAR, accepted_at=START
    ).id


@pytest.fixture(scope="module", params=[as_made, at_the_limits], ids=lambda state: state.__name__)
def place(request, app, app_clock):
    app_clock.set(START)
    world = a_world(app)
    organization_id = world.school.row.id
    with world.school.database.write() as tx:
        spare = {
            "class_id": factories.a_class(tx, organization_id).id,
            "student_id": factories.a_student(tx, organization_id).id,
        }
        request.param(world, tx)
    return Place(world, targets_of(app), spare)


def broken(place, person):
    """Every rel whose word is not kept to this person; the place is told of those that it met."""
    # What is in a list and has an address of its own is called once.
    asked = {"targets": place.targets, "form": place.form(person), "answered": {}}
    for target, url, path in place.reads(person):
        kind, listing = target.served.returns, target.served.listing
        judged = [rel for rel in kind.rels if rel.judged]
        own = [rel for rel in target.served.rels if rel.judged]
        if not judged and not own:
            continue
        query = {} if listing is None else {"limit": FEW}
        seen = person.get(url, query_string=query)
        if seen.status_code != 200:
            assert seen.status_code in {401, 403, 404}, seen.text
            continue
        documents = [seen.json] if listing is None else seen.json["items"]
        for document in documents:
            place.met.update(judged)
            found = kept(person, judged, seen, document=document, **asked)
            yield from ((target.operation_id, document.get("id"), *how) for how in found)
        place.met.update(own)
        found = kept(person, own, seen, path=path, **asked)
        yield from ((target.operation_id, *how) for how in found)


@pytest.mark.parametrize("persona", PERSONAS)
def test_every_link_is_there_exactly_when_its_call_is_not_refused(place, persona, rolled_back):
    assert place.walked(persona) == []


def test_every_judged_rel_is_met(place, rolled_back):
    declared = {rel for rel in rels_of(place.targets.values()) if rel.judged}

    place.walked("owner")

    assert {(rel.name, rel.operation) for rel in declared - place.met} == set()
