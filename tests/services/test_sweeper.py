"""The sweeper: what falls due by the clock is done without anybody asking."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from api.errors import Busy, Unavailable
from api.models import IdempotencyKey, PromotionDue, Token
from api.services import sweeper as sweeper_module
from api.services.due_notes import note_due
from api.services.sweeper import Sweeper, settle_class
from tests import factories
from tests.services.school import School


@pytest.fixture
def school(database):
    return School.found(database)


@pytest.fixture
def sweeper(database):
    return Sweeper(database)


def sweep(school, school_class):
    """What a pass does to this class; a whole pass would settle other tests' classes too."""
    with school.database.write() as tx:
        return settle_class(tx, school_class.id)


def test_an_offer_that_ran_out_goes_to_the_next_in_line(school, clock):
    school_class = school.a_class(capacity=1, waitlist_offer_ttl_seconds=3600)
    first, second, third = school.students(3)
    seat = school.register(school_class, first)
    for student in (second, third):
        school.register(school_class, student, wait=True)
    school.leave(seat)
    assert school.states(school_class) == ["dropped", "offered", "waitlisted"]

    clock.advance(hours=1)
    sweep(school, school_class)

    assert school.states(school_class) == ["dropped", "expired", "offered"]
    assert school.audit(school_class).valid


def test_an_offer_stands_until_the_very_moment_of_its_end(school, clock):
    school_class = school.a_class(capacity=1, waitlist_offer_ttl_seconds=3600)
    first, second = school.students(2)
    seat = school.register(school_class, first)
    school.register(school_class, second, wait=True)
    school.leave(seat)

    clock.advance(hours=1, milliseconds=-1)
    sweep(school, school_class)

    assert school.states(school_class) == ["dropped", "offered"]


def test_the_line_dissolves_when_promotion_ends(school, clock):
    ends_at = clock.now() + timedelta(days=1)
    school_class = school.a_class(capacity=1, promotion_ends_at=ends_at)
    for student in school.students(3):
        school.register(school_class, student, wait=True)
    assert school.class_now(school_class).next_due_at == ends_at

    clock.set(ends_at)
    sweep(school, school_class)

    now = school.class_now(school_class)
    assert school.states(school_class) == ["enrolled", "expired", "expired"]
    assert (now.waiting, now.eligible_waiting, now.next_due_at) == (0, 0, None)


def test_a_class_ends_the_day_after_its_term_in_its_own_zone(school, clock):
    with school.database.write() as tx:
        term = factories.a_term(tx, school.organization.id)
    school_class = school.a_class(
        term_id=term.id, timezone="America/New_York", capacity=1, waitlist_mode="auto"
    )
    for student in school.students(2):
        school.register(school_class, student, wait=True)

    due_at = school.class_now(school_class).next_due_at
    clock.set(due_at)
    sweep(school, school_class)

    now = school.class_now(school_class)
    assert due_at.isoformat() == "2027-02-01T05:00:00+00:00"
    assert (now.status, now.version) == ("ended", 2)
    assert school.states(school_class) == ["enrolled", "expired"]
    assert school.event_types(school_class)[-2:] == ["class.ended", "registration.expired"]


def test_a_note_is_served_once_and_thrown_away(school):
    school_class = school.a_class()
    with school.database.write() as tx:
        note_due(tx, school.organization.id, [school_class.id])

    assert sweep(school, school_class)

    with school.database.read() as tx:
        notes = tx.scalar(
            select(func.count())
            .select_from(PromotionDue)
            .where(PromotionDue.class_id == school_class.id)
        )
    assert notes == 0


def test_a_pass_takes_what_is_noted_and_what_is_overdue(fresh_database, clock):
    school = School.found(fresh_database)
    noted = school.a_class()
    overdue = school.a_class(capacity=1, promotion_ends_at=clock.now() + timedelta(hours=1))
    school.a_class()
    for student in school.students(2):
        school.register(overdue, student, wait=True)
    with school.database.write() as tx:
        note_due(tx, school.organization.id, [noted.id])
    clock.advance(hours=2)

    swept = Sweeper(fresh_database).once()
    again = Sweeper(fresh_database).once()

    assert (swept.classes, again.classes) == (2, 0)
    assert school.states(overdue) == ["enrolled", "expired"]


def test_old_records_are_thrown_away_and_new_ones_kept(fresh_database, clock):
    with fresh_database.write() as tx:
        user = factories.a_user(tx)
        kept = factories.a_token(tx, user.id, expires_at=clock.now() - timedelta(days=29))
        factories.a_token(tx, user.id, expires_at=clock.now() - timedelta(days=31))
        factories.an_invitation(tx, expires_at=clock.now() - timedelta(days=1))

    swept = Sweeper(fresh_database).once()

    with fresh_database.read() as tx:
        tokens = [row.id for row in tx.all(select(Token.id))]
        assert tx.scalar(select(func.count()).select_from(IdempotencyKey)) == 0
    assert swept.records == 2
    assert tokens == [kept.id]


def test_the_thread_sweeps_until_it_is_told_to_stop(fresh_database, clock):
    school = School.found(fresh_database)
    school_class = school.a_class(capacity=1, promotion_ends_at=clock.now() + timedelta(hours=1))
    for student in school.students(2):
        school.register(school_class, student, wait=True)
    clock.advance(hours=2)
    sweeper = Sweeper(fresh_database)

    sweeper.start()
    sweeper._rounds._stopping.wait(2)
    sweeper.stop()

    assert school.states(school_class) == ["enrolled", "expired"]


@pytest.mark.parametrize(
    ("failure", "told"),
    [(RuntimeError("a fault of ours"), "a pass failed"), (Busy("taken"), "given up: taken")],
)
def test_a_failed_pass_does_not_end_the_thread(sweeper, caplog, failure, told):
    def fail():
        raise failure

    sweeper._rounds._guarded(fail)

    assert told in caplog.text


def test_a_class_that_cannot_be_settled_holds_no_other_up(fresh_database, monkeypatch, caplog):
    school = School.found(fresh_database)
    broken, sound = school.a_class(), school.a_class()
    for school_class in (broken, sound):
        with school.database.write() as tx:
            note_due(tx, school.organization.id, [school_class.id])

    def settle(tx, class_id):
        if class_id == broken.id:
            raise RuntimeError("a fault of ours")
        return settle_class(tx, class_id)

    monkeypatch.setattr(sweeper_module, "settle_class", settle)

    assert Sweeper(fresh_database).once().classes == 1
    assert str(broken.id) in caplog.text


def test_a_database_that_went_away_ends_the_pass_and_is_no_fault_of_a_class(
    fresh_database, monkeypatch
):
    school = School.found(fresh_database)
    school_class = school.a_class()
    with school.database.write() as tx:
        note_due(tx, school.organization.id, [school_class.id])

    def settle(tx, class_id):
        raise Unavailable

    monkeypatch.setattr(sweeper_module, "settle_class", settle)

    with pytest.raises(Unavailable):
        Sweeper(fresh_database).once()


def test_a_pass_ends_before_the_next_class_when_it_is_told_to_stop(fresh_database):
    school = School.found(fresh_database)
    with fresh_database.write() as tx:
        note_due(tx, school.organization.id, [factories.a_class(tx, school.organization.id).id])
    sweeper = Sweeper(fresh_database)
    sweeper.stop()

    assert sweeper.once().classes == 0


def test_a_note_about_a_class_that_is_gone_is_thrown_away(school):
    with school.database.write() as tx:
        note_due(tx, school.organization.id, [factories.new_id()])
        (class_id,) = [
            row.class_id
            for row in tx.all(
                select(PromotionDue.class_id).where(
                    PromotionDue.organization_id == school.organization.id
                )
            )
        ]

    with school.database.write() as tx:
        settled = settle_class(tx, class_id)

    with school.database.read() as tx:
        left = tx.all(select(PromotionDue.id).where(PromotionDue.class_id == class_id))
    assert (settled, left) == (False, [])
