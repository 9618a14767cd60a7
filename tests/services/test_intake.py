import pytest
from sqlalchemy import func, select

from api import ids as public_ids
from api.authz.actor import Actor
from api.authz.policy import Policy
from api.errors import DuplicateName, NotFound
from api.models import Event, Member, Role, Stream, StreamKind, Student, User
from api.services import intake as intake_module
from api.services.intake import Intake
from tests import factories

SYSTEM = Actor.system()


@pytest.fixture
def intake(ids):
    return Intake(policy=Policy(), ids=ids)


def a_person(number, **given):
    return {"given_name": f"G{number}", "family_name": "F", "external_id": f"s{number}", **given}


def test_each_person_becomes_a_student_a_member_and_a_user_without_a_password(
    tx, intake, monkeypatch
):
    monkeypatch.setattr(intake_module, "AT_ONCE", 2)
    organization = factories.an_organization(tx)

    enrolled = list(
        intake.enroll(tx, SYSTEM, organization.id, (a_person(n, groups=["a"]) for n in range(5)))
    )

    assert enrolled == [2, 2, 1]
    rows = tx.all(
        select(Student, Member.role, User.password_hash, User.display_name)
        .join(Member, Member.id == Student.member_id)
        .join(User, User.id == Member.user_id)
        .where(Student.organization_id == organization.id)
        .order_by(Student.id)
    )
    assert [row.external_id for row in rows] == [f"s{n}" for n in range(5)]
    assert {(row.role, row.password_hash) for row in rows} == {(Role.STUDENT, None)}
    assert (rows[0].display_name, rows[0].given_name_fold) == ("G0 F", "g0")
    assert (rows[0].groups, rows[0].status, rows[0].guard_version) == (["a"], "active", 1)


def test_a_cohort_is_told_of_member_by_member_in_the_stream_of_the_organization(
    tx, intake, monkeypatch
):
    monkeypatch.setattr(intake_module, "AT_ONCE", 2)
    organization = factories.an_organization(tx)

    intake.staff(tx, SYSTEM, organization.id, Role.REGISTRAR)
    list(intake.enroll(tx, SYSTEM, organization.id, (a_person(n) for n in range(3))))

    of = {"organization_id": organization.id}
    members = tx.all(select(Member.id).filter_by(**of).order_by(Member.id))
    events = tx.all(select(Event).filter_by(**of, stream_kind=StreamKind.ORG).order_by(Event.seq))
    assert [event.seq for event in events] == [1, 2, 3, 4]
    assert tx.scalar(select(Stream.last_seq).filter_by(**of, id=organization.id)) == 4
    assert {(event.type, event.actor_id) for event in events} == {("member.added", None)}
    assert [event.data["role"] for event in events] == ["registrar", *["student"] * 3]
    assert [event.data["id"] for event in events] == [
        public_ids.encode("mem", member.id) for member in members
    ]


def test_an_external_id_twice_is_refused(tx, intake):
    organization = factories.an_organization(tx)

    with pytest.raises(DuplicateName) as refused:
        list(intake.enroll(tx, SYSTEM, organization.id, [a_person(1), a_person(1)]))

    assert refused.value.members == {"pointer": "#/external_id"}


def test_only_an_operator_takes_in_cohorts(tx, intake):
    member = factories.a_member(tx, role=Role.OWNER)
    stranger = Actor(user_id=member.user_id)

    with pytest.raises(NotFound):
        list(intake.enroll(tx, stranger, member.organization_id, [a_person(1)]))
    with pytest.raises(NotFound):
        intake.staff(tx, stranger, member.organization_id, Role.OWNER)

    students = select(func.count()).where(Student.organization_id == member.organization_id)
    assert tx.scalar(students) == 0
