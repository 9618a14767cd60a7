"""Rushes for seats on real connections; each with a twin that takes away what makes it safe."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from api.clock import SystemClock
from api.models import Registration, RegistrationState, seats
from api.models.database import Database
from api.services import promotion, registrations, transitions
from api.services.rules_states import MoveFacts
from api.services.rules_verdicts import Enroll
from api.services.sweeper import settle_class
from tests.fake_clock import FakeClock
from tests.races.rush import PATIENCE_SECONDS, Careless, broken, held_up, rush
from tests.services.school import School

SEATS = 5
STUDENTS = 24
ROUNDS = 6
THOUGHT_SECONDS = 0.02
ENROLLED = RegistrationState.ENROLLED


@pytest.fixture
def school(database):
    """A school under the clock of production, so that PostgreSQL reads its own."""
    return School.found(Database(database.engine, database._reads, SystemClock()))


@pytest.fixture
def lawless(fresh_database):
    """A school in a database without the constraint that refuses an oversell."""
    database = Database(fresh_database.engine, fresh_database._reads, SystemClock())
    with database.write() as tx:
        if tx.dialect == "postgresql":
            tx.execute(text("ALTER TABLE classes DROP CONSTRAINT ck_classes_not_oversold"))
        tx.execute(text("DROP INDEX uq_registrations_live"))
    return School.found(database)


@pytest.fixture
def unchecked():
    """Make SQLite's connections of a database forget their CHECK constraints."""

    def forget(database):
        if database.dialect == "sqlite":
            for _ in range(12):
                with database.engine.connect() as connection:
                    connection.exec_driver_sql("PRAGMA ignore_check_constraints=1")

    return forget


def enrolled(school, school_class):
    return school.states(school_class).count("enrolled")


def rush_for(school, school_class, students, **options):
    return rush(
        [
            lambda student=student: school.register(school_class, student, **options)
            for student in students
        ]
    )


@pytest.mark.race(
    "test_twin_without_the_guard_the_database_refuses_the_oversell",
    "test_twin_without_the_guard_and_the_constraint_seats_are_sold_twice",
    "test_twin_a_judgement_that_is_not_tested_under_the_lock_oversells",
    "test_twin_without_a_transaction_only_the_unique_ticket_is_left",
)
def test_the_last_seats_go_to_as_many_as_there_are(school):
    school_class = school.a_class(capacity=SEATS)

    refusals, failures = rush_for(school, school_class, school.students(STUDENTS))

    assert failures == []
    assert refusals == ["class-full"] * (STUDENTS - SEATS)
    assert enrolled(school, school_class) == SEATS
    assert broken(school) == []


@pytest.mark.race(
    "test_twin_a_judgement_that_is_not_tested_under_the_lock_oversells",
    "test_twin_without_a_transaction_only_the_unique_ticket_is_left",
)
def test_who_comes_too_late_waits_in_places_one_to_n(school):
    school_class = school.a_class(capacity=SEATS)

    refusals, failures = rush_for(school, school_class, school.students(STUDENTS), wait=True)

    now = school.class_now(school_class)
    assert (refusals, failures) == ([], [])
    assert (now.seats_taken, now.waiting) == (SEATS, STUDENTS - SEATS)
    assert school.states(school_class)[SEATS:] == ["waitlisted"] * (STUDENTS - SEATS)
    assert broken(school) == []


@pytest.mark.twin
def test_twin_without_the_guard_the_database_refuses_the_oversell(school, monkeypatch):
    blind(monkeypatch)
    school_class = school.a_class(capacity=SEATS)

    _, failures = rush_for(school, school_class, school.students(STUDENTS))

    assert len(failures) == STUDENTS - SEATS
    assert all("not_oversold" in str(failure) for failure in failures)
    assert enrolled(school, school_class) == SEATS


@pytest.mark.twin
def test_twin_without_the_guard_and_the_constraint_seats_are_sold_twice(
    lawless, unchecked, monkeypatch
):
    blind(monkeypatch)
    unchecked(lawless.database)
    school_class = lawless.a_class(capacity=SEATS)

    rush_for(lawless, school_class, lawless.students(STUDENTS))

    assert enrolled(lawless, school_class) > SEATS
    assert 2 in broken(lawless)
    assert not lawless.audit(school_class).valid


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("wait", [False, True])
def test_twin_a_judgement_that_is_not_tested_under_the_lock_oversells(lawless, monkeypatch, wait):
    kept = registrations._conditions
    monkeypatch.setattr(registrations, "_conditions", lambda *of: {**kept(*of), "wanted": "any"})
    thoughtful(monkeypatch)
    school_class = lawless.a_class(capacity=SEATS)

    rush_for(lawless, school_class, lawless.students(STUDENTS), wait=wait)

    assert enrolled(lawless, school_class) > SEATS
    assert {2, 4} <= set(broken(lawless))


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("wait", [False, True])
def test_twin_without_a_transaction_only_the_unique_ticket_is_left(lawless, monkeypatch, wait):
    thoughtful(monkeypatch)
    school_class = lawless.a_class(capacity=SEATS)
    students = lawless.students(STUDENTS)
    careless = Careless(lawless.database)

    school = replace(lawless, database=careless)
    _, failures = rush_for(school, school_class, students, wait=wait)
    careless.close()

    assert failures != []
    assert all("registrations.ticket" in str(failure) for failure in failures)


@pytest.mark.race(
    "test_twin_without_the_version_of_the_student_both_are_given",
    "test_twin_without_a_transaction_both_are_given",
)
def test_one_student_never_sits_in_two_classes_at_once(school):
    pairs = overlapping(school)

    refusals, failures = rush_for_both(school, pairs)

    assert failures == []
    assert refusals == ["time-conflict"] * ROUNDS
    assert broken(school) == []


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_without_the_version_of_the_student_both_are_given(school, monkeypatch):
    careless = seats.SEAT_SQL.replace(
        "s.guard_version = :guard_version", "(s.guard_version = :guard_version OR true)"
    )
    monkeypatch.setattr(seats, "TAKE", seats.statement(careless))
    thoughtful(monkeypatch)
    pairs = overlapping(school)

    rush_for_both(school, pairs)

    assert 11 in broken(school)


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_twin_without_a_transaction_both_are_given(lawless, monkeypatch):
    thoughtful(monkeypatch)
    pairs = overlapping(lawless)
    careless = Careless(lawless.database)
    monkeypatch.setattr(registrations.SeatBook, "require_unchanged", lambda *_: None)

    rush_for_both(replace(lawless, database=careless), pairs)
    careless.close()

    assert 11 in broken(lawless)


@pytest.mark.race(
    "test_twin_without_the_guard_the_index_refuses_the_second_form",
    "test_twin_without_guard_and_index_the_student_is_there_twice",
)
def test_a_form_sent_many_times_registers_once(school):
    school_class, student = school.a_class(), school.a_student()

    refusals, failures = rush_for(school, school_class, [student] * 8)

    assert failures == []
    assert refusals == ["already-registered"] * 7
    assert school.states(school_class) == ["enrolled"]
    assert broken(school) == []


@pytest.mark.twin
def test_twin_without_the_guard_the_index_refuses_the_second_form(school, monkeypatch):
    blind(monkeypatch)
    school_class, student = school.a_class(), school.a_student()

    _, failures = rush_for(school, school_class, [student] * 8)

    # PostgreSQL asks again, because the student has changed, and is then refused by the index.
    assert len(failures) == 7
    assert school.states(school_class) == ["enrolled"]


@pytest.mark.twin
def test_twin_without_guard_and_index_the_student_is_there_twice(lawless, monkeypatch):
    blind(monkeypatch)
    school_class, student = lawless.a_class(), lawless.a_student()

    rush_for(lawless, school_class, [student] * 8)

    assert enrolled(lawless, school_class) > 1
    assert 6 in broken(lawless)


@pytest.mark.race("test_twin_without_promotion_a_seat_is_idle_while_others_wait")
def test_drops_and_registrations_at_once_leave_no_seat_idle(school):
    school_class = school.a_class(capacity=SEATS, waitlist_mode="auto")
    seated = [school.register(school_class, student) for student in school.students(SEATS)]
    newcomers = school.students(STUDENTS - SEATS)

    refusals, failures = rush(mixed(school, school_class, seated, newcomers))

    assert (refusals, failures) == ([], [])
    assert enrolled(school, school_class) == SEATS
    assert broken(school) == []


@pytest.mark.twin
def test_twin_without_promotion_a_seat_is_idle_while_others_wait(school, monkeypatch):
    school_class = school.a_class(capacity=SEATS, waitlist_mode="auto")
    seated = [school.register(school_class, student) for student in school.students(SEATS)]
    rush_for(school, school_class, school.students(3), wait=True)
    monkeypatch.setattr(promotion, "promote", lambda *_, **__: None)

    rush([lambda row=row: school.leave(row) for row in seated])

    assert 7 in broken(school)


@pytest.mark.race("test_twin_without_the_clock_an_offer_is_accepted_after_its_end")
def test_accepting_and_expiring_at_once_has_one_outcome(database):
    outcomes = [at_the_last_moment(database) for _ in range(ROUNDS)]

    for school, offer, final in outcomes:
        times = [
            event.at
            for event in school.events(offer.school_class)
            if event.type == "registration.accepted"
        ]
        assert final in {"enrolled", "expired"}
        assert len(times) == (final == "enrolled")
        assert all(moment < offer.expires_at for moment in times)
        assert broken(school) == []


@pytest.mark.twin
def test_twin_without_the_clock_an_offer_is_accepted_after_its_end(database, monkeypatch):
    monkeypatch.setattr(MoveFacts, "offer_has_expired_at", lambda *_: False)

    school, _, final = at_the_last_moment(database, monkeypatch)

    assert final == "enrolled"
    assert 19 in broken(school)


def blind(monkeypatch):
    """Take the guards away, and what tests them under the lock."""
    monkeypatch.setattr(registrations, "verdict", lambda *_, **__: Enroll())
    monkeypatch.setattr(
        registrations,
        "_conditions",
        lambda *_: {"wanted": "any", "line_is_over": False, "line_is_waived": False},
    )


def thoughtful(monkeypatch):
    """Let everybody think between judging and writing, so that others come between."""
    decided = registrations._decided

    def slowly(*of):
        outcome = decided(*of)
        time.sleep(THOUGHT_SECONDS)
        return outcome

    monkeypatch.setattr(registrations, "_decided", slowly)


def overlapping(school):
    """Pairs of classes that meet at the same time, with a student who wants both."""
    pairs = []
    for student in school.students(ROUNDS):
        classes = [school.a_class() for _ in range(2)]
        for school_class in classes:
            school.a_session(school_class, school.database.clock.now() + timedelta(days=9))
        pairs.append((student, classes))
    return pairs


def rush_for_both(school, pairs):
    refusals, failures = [], []
    for student, classes in pairs:
        refused, failed = rush(
            [lambda wanted=wanted, who=student: school.register(wanted, who) for wanted in classes]
        )
        refusals += refused
        failures += failed
    return refusals, failures


def mixed(school, school_class, seated, newcomers):
    leaving = [lambda row=row: school.leave(row) for row in seated]
    coming = [lambda who=who: school.register(school_class, who, wait=True) for who in newcomers]
    return [act for pair in zip(leaving, coming, strict=False) for act in pair] + coming[SEATS:]


class Offer:
    """A class whose one seat is offered, and until when."""

    def __init__(self, school_class, registration, expires_at):
        self.school_class = school_class
        self.registration = registration
        self.expires_at = expires_at


def an_offer(school):
    school_class = school.a_class(capacity=1, waitlist_offer_ttl_seconds=3600)
    first, second = school.students(2)
    seat = school.register(school_class, first)
    waiting = school.register(school_class, second, wait=True)
    school.leave(seat)
    with school.database.read() as tx:
        expires_at = tx.scalar(
            select(Registration.offer_expires_at).where(
                Registration.organization_id == school.organization.id,
                Registration.id == waiting.id,
            )
        )
    return Offer(school_class, waiting, expires_at)


def at_the_last_moment(database, monkeypatch=None):
    """One accepts while time runs out and another sweeps; give what came of it.

    With `monkeypatch` time is up when the class is asked for, and nothing overdue is settled.
    """
    clock = FakeClock()
    school = School.found(Database(database.engine, database._reads, clock))
    offer = an_offer(school)
    clock.set(offer.expires_at - timedelta(milliseconds=1))
    ticked, is_locked = threading.Event(), threading.Event()
    if monkeypatch is None:
        is_locked.set()
    else:
        accept_too_late(monkeypatch, ticked, is_locked)

    def accept():
        ticked.wait(0.001)
        school.move(offer.registration, ENROLLED)

    def sweep():
        clock.advance(milliseconds=1)
        ticked.set()
        is_locked.wait(PATIENCE_SECONDS)
        with school.database.write() as tx:
            settle_class(tx, offer.school_class.id)

    _, failures = rush([accept, sweep])
    assert failures == []
    # The pass of a moment ago left a class alone that somebody else was holding.
    with school.database.write() as tx:
        settle_class(tx, offer.school_class.id)
    states = school.states(offer.school_class)
    assert (len(states), states[0]) == (2, "dropped")
    return school, offer, states[1]


def accept_too_late(monkeypatch, ticked, is_locked):
    """Between an offer's being seen and the lock of its class, let time run out."""
    lock = transitions.locked_class

    def late(*of):
        ticked.wait(PATIENCE_SECONDS)
        row = lock(*of)
        is_locked.set()
        return row

    monkeypatch.setattr(transitions, "locked_class", late)
    monkeypatch.setattr(transitions.promotion, "settle_if_due", lambda *_: None)


def is_free_while_held(school, held, free):
    """Whether the row `free` is, when the one statement waits for the row `held`."""
    school_class, student = school.a_class(), school.a_student()
    ids = {"classes": school_class.id, "students": student.id}
    lock = "SELECT 1 FROM {} WHERE id = :id AND organization_id IS NOT NULL FOR UPDATE SKIP LOCKED"

    waiting = threading.Thread(target=lambda: school.register(school_class, student))
    with school.database.write() as holder:
        holder.execute(text(lock.format(held)), {"id": ids[held]})
        waiting.start()
        held_up(school.database, waiting)
        with school.database.engine.connect() as another:
            is_free = another.scalar(text(lock.format(free)), {"id": ids[free]}) is not None
    waiting.join()

    assert school.states(school_class) == ["enrolled"]
    return is_free


@pytest.mark.race("test_twin_a_statement_that_asks_for_the_student_first_locks_it_first")
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_the_one_statement_locks_the_class_and_then_the_student(school):
    assert is_free_while_held(school, "classes", "students")
    assert not is_free_while_held(school, "students", "classes")


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_a_statement_that_asks_for_the_student_first_locks_it_first(school, monkeypatch):
    first = """early AS MATERIALIZED (SELECT id FROM students WHERE id = :student_id FOR UPDATE),
        held AS MATERIALIZED ("""
    careless = seats.SEAT_SQL.replace("held AS MATERIALIZED (", first)
    careless = careless.replace("CROSS JOIN moment", "CROSS JOIN moment CROSS JOIN early")
    monkeypatch.setattr(seats, "TAKE", seats.statement(careless))

    assert not is_free_while_held(school, "classes", "students")
    assert is_free_while_held(school, "students", "classes")
