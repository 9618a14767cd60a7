"""A class is cut, raised, closed or cancelled while somebody registers, or answers, or goes."""

import threading
from itertools import product

import pytest

from api.authz.actor import Actor
from api.authz.policy import Policy
from api.clock import SystemClock
from api.errors import Refusal
from api.models import ClassStatus, RegistrationState, places, seats
from api.models.database import Database
from api.services import registrations
from api.services.classes import Classes
from api.services.rules_waitlist import Shrink
from tests.races.rush import broken, held_up, unlocked
from tests.services.school import School

SYSTEM = Actor.system()
CHANGES = {
    "raised": {"capacity": 3},
    "cut": {"capacity": 1},
    "closed": {"status": ClassStatus.CLOSED},
    "cancelled": {"status": ClassStatus.CANCELLED},
}
REFUSED = {"cut": "class-full", "closed": "class-not-open", "cancelled": "class-not-open"}
VIOLATED = {"cut": [2], "closed": [], "cancelled": [25]}
ACTS = {
    "drop": lambda school, seat, _offer: school.leave(seat),
    "accept": lambda school, _seat, offer: school.move(offer, RegistrationState.ENROLLED),
    "decline": lambda school, _seat, offer: school.move(offer, RegistrationState.DECLINED),
}


@pytest.fixture
def school(database):
    return a_school(database)


def a_school(database):
    """A school under the clock of production, so that PostgreSQL reads its own."""
    return School.found(Database(database.engine, database._reads, SystemClock()))


def changed(school, tx, school_class, change):
    """Let a registrar change the class, within a transaction."""
    classes = Classes(policy=Policy(), ids=school.registrations.ids)
    row = classes.find_for_update(tx, SYSTEM, school_class.id)
    classes.update(tx, SYSTEM, row, CHANGES[change], shrink=Shrink.DISPLACE_LAST)


def registered_while(school, change, monkeypatch):
    """How somebody fares who is judged, and enters after the class has changed; and the class."""
    school_class = school.a_class(capacity=2)
    school.register(school_class, school.a_student())
    decided, threads = registrations._decided, []

    def change_it():
        with school.database.write() as tx:
            changed(school, tx, school_class, change)

    def late(*of):
        outcome = decided(*of)
        if not threads:
            threads.append(threading.Thread(target=change_it))
            threads[0].start()
            held_up(school.database, threads[0])
        return outcome

    monkeypatch.setattr(registrations, "_decided", late)
    fared = attempted(lambda: school.register(school_class, school.a_student()))
    threads[0].join()
    return fared, school_class


def attempted(act):
    """The code of the refusal, if it was refused."""
    try:
        act()
    except Refusal as refusal:
        return refusal.code
    return None


@pytest.mark.race("test_twin_a_class_that_is_not_judged_as_it_is_under_the_lock_lets_everybody_in")
@pytest.mark.parametrize("change", REFUSED)
def test_who_was_judged_before_a_change_is_judged_again_after_it(school, change, monkeypatch):
    fared, school_class = registered_while(school, change, monkeypatch)

    # On SQLite the change waits, and then meets whoever has registered.
    assert fared == (REFUSED[change] if school.database.dialect == "postgresql" else None)
    assert broken(school) == []
    assert school.audit(school_class).valid


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("change", REFUSED)
def test_twin_a_class_that_is_not_judged_as_it_is_under_the_lock_lets_everybody_in(
    without, change, monkeypatch
):
    school = a_school(without(classes=["ck_classes_not_oversold"]))
    kept = registrations._conditions
    monkeypatch.setattr(registrations, "_conditions", lambda *of: {**kept(*of), "wanted": "any"})
    careless = seats.SEAT_SQL.replace("c.version = :version", "(c.version = :version OR true)")
    monkeypatch.setattr(seats, "TAKE", seats.statement(careless))

    fared, school_class = registered_while(school, change, monkeypatch)

    assert fared is None
    # After the event of the change: of a closed class nothing else would tell.
    assert school.event_types(school_class)[-1] == "registration.enrolled"
    assert [one for one in broken(school) if one in {2, 25}] == VIOLATED[change]


def moved_while(school, change, act):
    """Let somebody drop a seat, or answer an offer, while the class is changed."""
    school_class = school.a_class(capacity=2, waitlist_mode="offer")
    first, second, third, fourth = school.students(4)
    gone, seat = (school.register(school_class, who) for who in (first, second))
    offer, _waiting = (school.register(school_class, who, wait=True) for who in (third, fourth))
    school.leave(gone)

    thread = threading.Thread(target=lambda: attempted(lambda: ACTS[act](school, seat, offer)))
    with school.database.write() as tx:
        changed(school, tx, school_class, change)
        thread.start()
        held_up(school.database, thread)
    thread.join()
    return school_class


@pytest.mark.race("test_twin_without_the_lock_of_the_class_one_forgets_what_the_other_wrote")
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_place_and_its_class_change_one_after_the_other(school, change, act):
    school_class = moved_while(school, change, act)

    assert broken(school) == []
    assert school.audit(school_class).valid


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_without_the_lock_of_the_class_one_forgets_what_the_other_wrote(without, monkeypatch):
    monkeypatch.setattr(seats, "LOCKED_CLASS", unlocked(seats.LOCKED_CLASS))
    monkeypatch.setattr(places, "ONE_LOCKED", unlocked(places.ONE_LOCKED))
    database = without(events=["pk_events"])

    for change, act in product(CHANGES, ACTS):
        if (change, act) == ("cancelled", "accept"):
            # The version of the student, which every move raises, still refuses it.
            continue
        school = a_school(database)
        school_class = moved_while(school, change, act)
        assert 12 in broken(school), (change, act)
        assert not school.audit(school_class).valid
