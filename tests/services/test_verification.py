"""Each invariant is broken by hand, under the eyes of a verification that must name it."""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from threading import Event as Signal
from threading import Thread

import pytest
from sqlalchemy import delete, insert, text, update

from api import clock as clocks
from api import ids as public_ids
from api.models import (
    ClassSession,
    Event,
    IdempotencyKey,
    Organization,
    Registration,
    SchoolClass,
    Stream,
    StreamKind,
    Student,
    streams,
)
from api.models.streams import Entry
from api.services import verification
from tests import factories
from tests.services.school import School


@dataclass
class World:
    """A class of two seats with two in line, and one who has left; all as it should be."""

    school: School
    lecture: object
    enrolled: list
    waiting: list
    gone: object

    @property
    def organization_id(self):
        return self.school.organization.id

    @property
    def name(self):
        return public_ids.encode("cls", self.lecture.id)

    def of_class(self, table, *more):
        if table is SchoolClass:
            return update(table).where(table.id == self.lecture.id, *more)
        if table is Event:
            return update(table).where(table.stream_id == self.lecture.id, *more)
        return update(table).where(table.class_id == self.lecture.id, *more)


@pytest.fixture
def world(database):
    school = School.found(database)
    lecture = school.a_class(capacity=2, waitlist_mode="auto")
    people = [school.register(lecture, one, wait=True) for one in school.students(5)]
    school.leave(people[0])
    return World(school, lecture, people[1:3], people[3:], people[0])


@contextmanager
def tampering(world, lifted=()):
    """Give a transaction that forgets what was done in it, without the constraints named."""
    with world.school.database.write() as tx:
        if tx.dialect == "sqlite":
            tx.connection.exec_driver_sql("PRAGMA ignore_check_constraints = 1")
            tx.connection.exec_driver_sql("PRAGMA defer_foreign_keys = 1")
        for table, constraint in lifted if tx.dialect == "postgresql" else ():
            tx.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"))
        try:
            yield tx
        finally:
            tx.discard()
            if tx.dialect == "sqlite":
                tx.connection.exec_driver_sql("PRAGMA ignore_check_constraints = 0")


def broken(tx, organization_id):
    verdicts = verification.verify(tx, organization_id=organization_id)
    return {verdict.number: verdict.offenders for verdict in verdicts if not verdict.holds}


def found(world, *names):
    return [public_ids.encode(prefix, row.id) for prefix, row in names]


def test_what_the_use_cases_wrote_breaks_nothing(world):
    with world.school.database.snapshot() as tx:
        told = verification.verify(tx, organization_id=world.organization_id)

    assert [verdict.number for verdict in told] == list(verification.CLAIMS)
    assert all(verdict.holds for verdict in told), told


def test_a_seat_counter_that_is_off_is_named(world):
    with tampering(world) as tx:
        tx.execute(world.of_class(SchoolClass).values(seats_taken=1, capacity=1))

        assert broken(tx, world.organization_id) == {1: [world.name], 5: [world.name]}


def test_a_waiting_counter_that_is_off_is_named(world):
    with tampering(world) as tx:
        tx.execute(world.of_class(SchoolClass).values(waiting=9))

        assert broken(tx, world.organization_id) == {1: [world.name]}


def test_a_class_over_its_capacity_is_named(world):
    with tampering(world, [("classes", "ck_classes_not_oversold")]) as tx:
        tx.execute(world.of_class(SchoolClass).values(capacity=1))

        assert broken(tx, world.organization_id) == {2: [world.name], 3: [world.name]}


def test_an_allowance_that_nothing_explains_is_named(world):
    with tampering(world) as tx:
        tx.execute(world.of_class(SchoolClass).values(over_allowance=1))

        assert broken(tx, world.organization_id) == {3: [world.name]}


def test_an_oversell_of_the_past_is_named_with_its_event(world):
    with tampering(world) as tx:
        tx.execute(world.of_class(Event, Event.seq == 3).values(capacity_after=1))

        told = broken(tx, world.organization_id)

    assert told == {4: [f"{world.name}#3"], 14: [f"{world.name}#3"]}


def test_a_state_that_the_ledger_does_not_know_is_named(world):
    with tampering(world) as tx:
        tx.execute(
            update(Registration).where(Registration.id == world.gone.id).values(state="withdrawn")
        )

        told = broken(tx, world.organization_id)

    assert told == {5: found(world, ("reg", world.gone))}


def test_an_event_about_nobody_is_named(world):
    with tampering(world) as tx:
        last = Event.registration_id == world.waiting[1].id
        tx.execute(world.of_class(Event, last).values(registration_id=factories.new_id()))

        told = broken(tx, world.organization_id)

    assert told[5] == [*found(world, ("reg", world.waiting[1])), f"{world.name}#6"]


def test_a_second_live_place_is_named(world):
    with tampering(world) as tx:
        tx.execute(text("DROP INDEX uq_registrations_live"))
        student = Student(id=world.waiting[0].student_id)
        factories.a_registration(tx, world.lecture, student, state="waitlisted")

        told = broken(tx, world.organization_id)

    assert told[6] == [world.name]


def test_an_idle_seat_is_named(world):
    with tampering(world) as tx:
        tx.execute(world.of_class(SchoolClass).values(capacity=3))

        assert broken(tx, world.organization_id) == {7: [world.name]}


def test_a_newcomer_who_was_seated_past_the_line_is_named(world):
    database, newcomer = world.school.database, world.school.a_student()
    with database.write() as tx:
        tx.execute(world.of_class(SchoolClass).values(capacity=3, eligible_waiting=0, waiting=0))
    world.school.register(world.lecture, newcomer)
    with database.write() as tx:
        tx.execute(world.of_class(SchoolClass).values(eligible_waiting=2, waiting=2))

    with database.snapshot() as tx:
        assert broken(tx, world.organization_id) == {8: [f"{world.name}#9"]}


def test_a_gap_in_the_tickets_is_named(world):
    with tampering(world) as tx:
        last = Registration.id == world.waiting[1].id
        tx.execute(update(Registration).where(last).values(ticket=40))

        assert broken(tx, world.organization_id) == {9: [world.name]}


@pytest.fixture
def clash(world):
    """The same student in a second class at the same hour, of which nobody has been told yet."""
    student = Student(id=world.enrolled[0].student_id)
    other = world.school.a_class()
    world.school.register(other, student)
    at = world.school.database.clock.now() + timedelta(days=60)
    for one in (world.lecture, other):
        world.school.a_session(one, at)
    return found(world, ("stu", student))


def test_a_student_in_two_places_at_once_is_named(world, clash):
    with world.school.database.snapshot() as tx:
        assert broken(tx, world.organization_id) == {11: clash}


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (Organization, {"conflict_policy": "warn"}),
        (Organization, {"updated_at": clocks.from_text("2099-01-01T00:00:00.000Z")}),
        (ClassSession, {"updated_at": clocks.from_text("2099-01-01T00:00:00.000Z")}),
        (ClassSession, {"status": "cancelled"}),
        (Registration, {"conflict_override": True}),
    ],
)
def test_a_clash_that_was_allowed_or_came_later_breaks_nothing(world, clash, table, values):
    mine = table.id if table is Organization else table.organization_id
    with tampering(world) as tx:
        tx.execute(update(table).where(mine == world.organization_id).values(**values))

        assert broken(tx, world.organization_id) == {}


def test_a_gap_in_a_ledger_is_named(world):
    with tampering(world) as tx:
        tx.execute(world.of_class(SchoolClass).values(last_seq=SchoolClass.last_seq + 1))

        assert broken(tx, world.organization_id) == {12: [world.name]}


def test_a_gap_in_another_stream_is_named(world):
    with tampering(world) as tx:
        stream = {"kind": StreamKind.USER, "id": factories.new_id(), "last_seq": 3, "floor_seq": 1}
        tx.execute(insert(Stream), {**stream, "organization_id": world.organization_id})

        told = broken(tx, world.organization_id)

    assert told == {12: [public_ids.encode("usr", stream["id"])]}


@pytest.mark.parametrize(("kind", "prefix"), [(StreamKind.ORG, "org"), (StreamKind.USER, "usr")])
def test_a_stream_that_lost_an_event_or_its_counter_is_named(world, kind, prefix):
    stream_id, of = factories.new_id(), {"organization_id": world.organization_id}
    news = [Entry(type="term.deleted", actor_id=None, data={})] * 3
    for gone in (
        delete(Event).where(Event.stream_id == stream_id, Event.seq == 2),
        delete(Event).where(Event.stream_id == stream_id, Event.seq == 3),
        delete(Stream).where(Stream.id == stream_id),
    ):
        with tampering(world) as tx:
            streams.append(tx, kind, stream_id, news, **of)
            assert broken(tx, world.organization_id) == {}
            tx.execute(gone)

            told = broken(tx, world.organization_id)

        assert told == {12: [public_ids.encode(prefix, stream_id)]}


def test_an_event_that_was_changed_is_named_and_no_other(world):
    with tampering(world) as tx:
        tx.execute(world.of_class(Event, Event.seq == 2).values(reason_code="forged"))

        assert broken(tx, world.organization_id) == {14: [f"{world.name}#2"]}


def test_a_ledger_whose_end_was_cut_off_is_named(world):
    with tampering(world) as tx:
        tx.execute(world.of_class(SchoolClass).values(head_hash=bytes(32)))

        assert broken(tx, world.organization_id) == {14: [f"{world.name}#8"]}


def test_a_kept_answer_without_its_effect_is_named(world):
    user_id = world.school.registrar.user_id
    with tampering(world) as tx:
        tx.execute(
            insert(IdempotencyKey),
            {
                "user_id": user_id,
                "method": "POST",
                "path": "/v1/here",
                "key": "k-1",
                "fingerprint": b"",
                "status": 201,
                "body": b"",
                "event_stream_kind": StreamKind.CLASS,
                "event_stream_id": world.lecture.id,
                "event_seq": 99,
                "created_at": tx.now(),
                "expires_at": tx.now(),
            },
        )

        told = broken(tx, world.organization_id)

    assert told == {16: [f"{public_ids.encode('usr', user_id)}#k-1"]}


def test_an_end_of_no_offer_is_named(world):
    one = world.enrolled[0]
    with tampering(world, [("registrations", "ck_registrations_offers_expire")]) as tx:
        mine = update(Registration).where(Registration.id == one.id)
        tx.execute(mine.values(offer_expires_at=tx.now()))

        assert broken(tx, world.organization_id) == {19: found(world, ("reg", one))}


def test_who_came_while_no_window_was_open_is_named(world):
    before = {"opens_at": "2020-01-01T00:00:00.000Z", "closes_at": "2020-01-02T00:00:00.000Z"}
    with tampering(world) as tx:
        tx.execute(world.of_class(SchoolClass).values(windows=[{"audience": None, **before}]))

        told = broken(tx, world.organization_id)

    assert told == {20: [f"{world.name}#{seq}" for seq in range(2, 7)]}


def test_a_student_of_another_organization_is_named(world):
    one = world.enrolled[0]
    lifted = [("registrations", "fk_registrations_organization_id_student_id")]
    with tampering(world, lifted) as tx:
        stranger = factories.an_organization(tx)
        mine = update(Student).where(Student.id == one.student_id)
        tx.execute(mine.values(organization_id=stranger.id))

        assert broken(tx, world.organization_id) == {23: found(world, ("reg", one))}


def test_a_cancelled_class_with_students_is_named(world):
    with tampering(world) as tx:
        tx.execute(world.of_class(SchoolClass).values(status="cancelled"))

        assert broken(tx, world.organization_id) == {25: [world.name]}


def test_all_offenders_are_counted_and_the_first_are_named(world):
    with tampering(world) as tx:
        for _ in range(verification.MOST_NAMED + 2):
            factories.a_class(tx, world.organization_id, last_seq=1)

        verdicts = verification.verify(tx, organization_id=world.organization_id)

    counted = next(verdict for verdict in verdicts if verdict.number == 12)
    assert counted.count == verification.MOST_NAMED + 2
    assert len(counted.offenders) == verification.MOST_NAMED


def test_what_is_told_of_progress_adds_up_to_the_size(world):
    steps = []
    with world.school.database.snapshot() as tx:
        total = verification.size(tx, world.organization_id)
        verification.verify(tx, organization_id=world.organization_id, on_progress=steps.append)

    assert sum(steps) == total


def test_a_verification_is_exact_while_others_register(world):
    students = world.school.students(60)
    done = Signal()

    def rush():
        try:
            for student in students:
                world.school.leave(world.school.register(world.lecture, student, wait=True))
        finally:
            done.set()

    worker = Thread(target=rush)
    worker.start()
    rounds = []
    while not done.is_set() or not rounds:
        with world.school.database.snapshot() as tx:
            rounds.append(broken(tx, world.organization_id))
    worker.join()

    assert [told for told in rounds if told] == []
