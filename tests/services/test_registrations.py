"""Registering: seats, the line, refusals with all reasons, and what the ledger keeps of it."""

import pytest

from api.errors import AlreadyRegistered, ClassFull
from tests.services.school import School


@pytest.fixture
def school(database):
    return School.found(database)


def test_a_free_seat_is_given(school):
    school_class = school.a_class(capacity=2)

    row = school.register(school_class, school.a_student())

    assert (row.state, row.ticket, row.position) == ("enrolled", 1, None)
    assert school.class_now(school_class).seats_taken == 1
    assert school.event_types(school_class) == ["class.created", "registration.enrolled"]
    assert school.audit(school_class).valid


def test_a_full_class_refuses_and_writes_nothing(school):
    school_class = school.a_class(capacity=0)

    with pytest.raises(ClassFull):
        school.register(school_class, school.a_student())

    assert school.states(school_class) == []
    assert school.event_types(school_class) == ["class.created"]


def test_whoever_wishes_to_wait_gets_the_next_place_in_line(school):
    school_class = school.a_class(capacity=1)
    students = school.students(3)

    rows = [school.register(school_class, student, wait=True) for student in students]

    assert [(row.state, row.position) for row in rows] == [
        ("enrolled", None),
        ("waitlisted", 1),
        ("waitlisted", 2),
    ]
    assert school.class_now(school_class).waiting == 2
    assert school.audit(school_class).valid


def test_nobody_registers_twice(school):
    school_class = school.a_class()
    student = school.a_student()
    school.register(school_class, student)

    with pytest.raises(AlreadyRegistered):
        school.register(school_class, student)

    assert school.states(school_class) == ["enrolled"]
