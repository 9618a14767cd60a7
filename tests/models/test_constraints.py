import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from api.models import (
    LIVE,
    MOVES,
    SEATED,
    Member,
    Organization,
    RegistrationState,
    Role,
    SchoolClass,
    Student,
)
from tests import factories


def test_a_class_cannot_hold_more_seats_than_capacity_and_allowance(tx):
    school_class = factories.a_class(tx, capacity=1, seats_taken=1)

    with pytest.raises(IntegrityError, match="not_oversold"):
        tx.execute(
            update(SchoolClass).where(SchoolClass.id == school_class.id).values(seats_taken=2)
        )


def test_capacity_zero_means_full_and_null_means_no_limit(tx):
    factories.a_class(tx, capacity=None, seats_taken=1_000_000)

    with pytest.raises(IntegrityError, match="not_oversold"):
        factories.a_class(tx, capacity=0, seats_taken=1)


def test_a_student_has_one_live_registration_of_a_class(tx):
    registration = factories.a_registration(tx)
    school_class, student = registration.class_id, registration.student_id

    with pytest.raises(IntegrityError):
        factories.a_registration(
            tx,
            _found(tx, SchoolClass, school_class),
            _found(tx, Student, student),
            state=RegistrationState.WAITLISTED,
        )


def test_a_student_may_come_back_after_leaving(tx):
    first = factories.a_registration(tx, state=RegistrationState.DROPPED)

    second = factories.a_registration(
        tx, _found(tx, SchoolClass, first.class_id), _found(tx, Student, first.student_id)
    )

    assert (first.ticket, second.ticket) == (1, 2)


def test_a_ticket_is_given_once_in_a_class(tx):
    first = factories.a_registration(tx)

    with pytest.raises(IntegrityError):
        factories.a_registration(tx, _found(tx, SchoolClass, first.class_id), ticket=first.ticket)


@pytest.mark.parametrize("state", ["offered", "enrolled"])
def test_only_an_offer_expires(tx, clock, state):
    expires = None if state == "offered" else clock.now()

    with pytest.raises(IntegrityError, match="offers_expire"):
        factories.a_registration(tx, state=RegistrationState(state), offer_expires_at=expires)


def test_a_row_cannot_refer_to_a_row_of_another_organization(tx):
    ours, theirs = factories.an_organization(tx), factories.an_organization(tx)
    course = factories.a_course(tx, theirs.id)

    with pytest.raises(IntegrityError):
        factories.a_class(tx, ours.id, course_id=course.id)


def test_a_state_outside_the_enum_is_refused_by_the_database(tx):
    registration = factories.a_registration(tx)

    with pytest.raises(IntegrityError, match="state_known"):
        tx.connection.exec_driver_sql("UPDATE registrations SET state = 'sold'")
    assert registration.state is RegistrationState.ENROLLED


def test_an_email_is_taken_whatever_its_case(tx):
    student = factories.a_student(tx, email="Ada@School.example")

    with pytest.raises(IntegrityError):
        factories.a_student(tx, student.organization_id, email="ada@school.EXAMPLE")


def test_rows_read_back_as_what_was_written(tx, clock):
    row = factories.a_class(
        tx, windows=[{"audience": None, "opens_at": None}], drop_until=clock.now()
    )

    read = _found(tx, SchoolClass, row.id)

    assert read == row
    assert read.windows == [{"audience": None, "opens_at": None}]
    assert read.drop_until == clock.now()
    assert read.head_hash == bytes(32)


def test_deleting_a_member_that_a_student_refers_to_is_refused(tx):
    student = factories.a_student_with_login(tx)

    with pytest.raises(IntegrityError):
        tx.execute(delete(Member).where(Member.id == student.member_id))


def test_the_transaction_of_a_test_leaves_nothing_behind(database):
    with database.write() as tx:
        organization = factories.an_organization(tx)
        tx.discard()

    with database.read() as tx:
        assert tx.scalar(_how_many(Organization, organization.id)) == 0


def test_every_state_has_its_moves_and_only_live_ones_move():
    assert set(MOVES) == set(RegistrationState)
    assert {state for state, following in MOVES.items() if following} == LIVE
    assert SEATED < LIVE


def test_roles_are_those_of_the_contract():
    assert [role.value for role in Role] == ["owner", "registrar", "instructor", "student"]


def _found(tx, table, row_id):
    return tx.first(select(table.__table__).where(table.id == row_id))


def _how_many(table, row_id):
    return select(func.count()).select_from(table).where(table.id == row_id)
