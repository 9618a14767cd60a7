"""What may be done with registrations: those that share verdicts are judged as each is alone."""

from datetime import timedelta
from itertools import product
from types import SimpleNamespace

import pytest

from api.authz.actor import Actor
from api.authz.policy import Policy
from api.models import RegistrationState, Role, registration_reads
from api.models.school_class import ClassStatus
from api.services import registration_affordances
from tests import factories
from tests.services.school import School, actor_of

HANGING = {"pending", "offered", "expired"}
CALLERS = ["own student", "another student", "registrar", "teacher", "instructor", "system"]


@pytest.fixture
def school(database):
    return School.found(database)


def callers_of(school):
    student, own = school.a_student_with_login()
    _, other = school.a_student_with_login()
    with school.database.write() as tx:
        teacher = factories.a_member(tx, school.organization.id, Role.INSTRUCTOR)
        colleague = factories.a_member(tx, school.organization.id, Role.INSTRUCTOR)
    actors = (own, other, school.registrar, actor_of(teacher), actor_of(colleague))
    return student, teacher, dict(zip(CALLERS, (*actors, Actor.system()), strict=True))


def every_kind_of(row, now):
    """The row in each state, in classes of each status, before, at and after the deadlines."""
    instants = [None, now - timedelta(hours=1), now, now + timedelta(hours=1)]
    kinds = product(RegistrationState, ClassStatus, instants, instants)
    for state, status, drop_until, withdraw_until in kinds:
        changed = {
            "state": state,
            "class_status": status,
            "class_effective_drop_until": drop_until,
            "class_effective_withdraw_until": withdraw_until,
        }
        yield SimpleNamespace(**{**row._asdict(), **changed})


@pytest.mark.parametrize("caller", CALLERS)
def test_registrations_that_are_alike_are_judged_as_each_is_alone(school, caller, monkeypatch):
    student, teacher, actors = callers_of(school)
    school_class = school.a_class(
        instructors=[{"name": "A. Turing", "role": "instructor", "member_id": str(teacher.id)}]
    )
    placed = school.register(school_class, student)
    with school.database.read() as tx:
        row = tx.first(
            registration_reads.ITEM,
            registration_id=placed.id,
            organization_id=school.organization.id,
            clock_now=school.database.clock.now(),
        )
    rows = list(every_kind_of(row, row.clock_now))

    judge = registration_affordances.judge(Policy(), actors[caller])
    together = judge(None, rows)
    # Without likeness to any other, each is looked at for itself.
    monkeypatch.setattr(registration_affordances, "likeness", lambda *_: None)
    alone = judge(None, rows)

    assert {one.row.state.value for one in together if not one.is_shared} == HANGING
    assert not any(one.is_shared for one in alone)
    for one, other in zip(together, alone, strict=True):
        assert one.verdicts == other.verdicts


def test_students_with_a_seat_of_their_own_in_the_same_class_share_one_object(school):
    school_class = school.a_class()
    judged = []

    for _ in range(2):
        student, actor = school.a_student_with_login()
        placed = school.register(school_class, student, actor=actor)
        with school.database.read() as tx:
            judged.append(school.transitions.get(tx, actor, placed.id))

    assert judged[0].verdicts is judged[1].verdicts
    assert judged[0].verdicts["drop"] == ()
