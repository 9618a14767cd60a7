"""Two people do at once what only one of them can."""

import threading

import pytest
from sqlalchemy import and_, bindparam, func, select, update

from api.authz import secrets
from api.authz.actor import Actor
from api.authz.policy import Policy
from api.clock import epoch_ms
from api.errors import LastOwner, NotFound, Refusal, StateConflict, ValidationFailed
from api.ids import Ids
from api.models import Event, Invitation, Member, Role, StreamKind, Student
from api.models.base import Identifier, Instant
from api.services import invitations as invitations_module
from api.services import members as members_module
from api.services import memberships
from api.services.invitations import Invitations
from api.services.members import Members
from api.services.students import Students
from tests import factories
from tests.races.rush import held_up, unlocked

SYSTEM = Actor.system()
UNLOCKED = memberships.LOCKED.with_for_update(read=True, key_share=True)


@pytest.fixture
def members(database):
    return Members(policy=Policy(), ids=Ids(lambda: epoch_ms(database.clock.now())))


@pytest.fixture
def invitations(database):
    return Invitations(policy=Policy(), ids=Ids(lambda: epoch_ms(database.clock.now())))


@pytest.fixture
def owners(database):
    with database.write() as tx:
        organization = factories.an_organization(tx)
        return [factories.a_member(tx, organization.id, Role.OWNER) for _ in range(2)]


@pytest.fixture
def users(database):
    with database.write() as tx:
        return [factories.a_user(tx) for _ in range(2)]


@pytest.fixture
def students(database):
    return Students(policy=Policy(), ids=Ids(lambda: epoch_ms(database.clock.now())))


def a_user_who_is_a_member(database):
    with database.write() as tx:
        user = factories.a_user(tx)
        return user, factories.a_member(tx, role=Role.STUDENT, user_id=user.id)


def an_invitation(database, organization_id=None, **given):
    """An invitation, and its code."""
    code = secrets.new_secret(secrets.INVITATION_PREFIX)
    with database.write() as tx:
        row = factories.an_invitation(tx, organization_id, code_hash=secrets.hash_of(code), **given)
    return row, code


def a_claim(database, organization_id, **given):
    """A student record without a login, and the code that gives it to somebody."""
    with database.write() as tx:
        student = factories.a_student(tx, organization_id, **given)
    _, code = an_invitation(database, organization_id, role=Role.STUDENT, student_id=student.id)
    return student, code


def login_of(database, student):
    with database.read() as tx:
        return tx.scalar(
            select(Student.member_id).where(
                Student.organization_id == student.organization_id, Student.id == student.id
            )
        )


def count(database, organization_id, *conditions):
    with database.read() as tx:
        statement = select(func.count()).select_from(Member)
        return tx.scalar(statement.where(Member.organization_id == organization_id, *conditions))


def told(database, organization_id):
    """The types of the events that the organization was told of, in their order."""
    with database.read() as tx:
        statement = select(Event.type).filter_by(
            organization_id=organization_id, stream_kind=StreamKind.ORG
        )
        return [row.type for row in tx.all(statement.order_by(Event.seq))]


def leave(members, tx, member):
    members.remove(tx, SYSTEM, members.find_for_removal(tx, SYSTEM, member.id))


def accept(invitations, tx, user, code):
    invitations.accept(tx, Actor(user_id=user.id), code)


def both(database, act, first, second):
    """`act` for the first, and for the second before that is committed; how the second fared."""
    fared = []

    def late():
        try:
            with database.write() as tx:
                act(tx, second)
        except Refusal as refusal:
            fared.append(type(refusal))
        else:
            fared.append(None)

    thread = threading.Thread(target=late)
    with database.write() as tx:
        act(tx, first)
        thread.start()
        held_up(database, thread)
    thread.join()
    return fared[0]


@pytest.mark.race("test_twin_without_the_lock_of_the_organization_no_owner_is_left")
def test_of_two_owners_who_leave_at_once_one_stays(database, members, owners):
    fared = both(database, lambda tx, owner: leave(members, tx, owner), *owners)

    assert fared is LastOwner
    assert count(database, owners[0].organization_id, Member.role == Role.OWNER) == 1


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_without_the_lock_of_the_organization_no_owner_is_left(
    database, members, owners, monkeypatch
):
    monkeypatch.setattr(memberships, "LOCKED", UNLOCKED)

    fared = both(database, lambda tx, owner: leave(members, tx, owner), *owners)

    assert fared is None
    assert count(database, owners[0].organization_id, Member.role == Role.OWNER) == 0


@pytest.mark.race("test_twin_a_member_who_is_not_locked_is_removed_twice")
def test_a_member_whom_two_remove_at_once_is_gone_for_the_second(database, members, owners):
    fared = both(database, lambda tx, owner: leave(members, tx, owner), owners[0], owners[0])

    assert fared is NotFound
    assert count(database, owners[0].organization_id) == 1
    assert told(database, owners[0].organization_id) == ["member.removed"]


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_a_member_who_is_not_locked_is_removed_twice(database, members, owners, monkeypatch):
    monkeypatch.setattr(memberships, "LOCKED", UNLOCKED)
    monkeypatch.setattr(members_module, "BY_ID_FOR_UPDATE", members_module.BY_ID)

    fared = both(database, lambda tx, owner: leave(members, tx, owner), owners[0], owners[0])

    assert fared is None
    assert told(database, owners[0].organization_id) == ["member.removed"] * 2


@pytest.mark.race("test_twin_a_code_that_is_not_looked_at_again_under_its_lock_serves_both")
def test_a_code_that_two_send_at_once_serves_one(database, invitations, users):
    invitation, code = an_invitation(database)

    fared = both(database, lambda tx, user: accept(invitations, tx, user, code), *users)

    assert fared is ValidationFailed
    assert count(database, invitation.organization_id) == 1


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_a_code_that_is_not_looked_at_again_under_its_lock_serves_both(
    database, invitations, users, monkeypatch
):
    careless = (
        update(Invitation)
        .where(
            and_(
                Invitation.organization_id == bindparam("organization"),
                Invitation.id == bindparam("invitation_id"),
            )
        )
        .values(accepted_at=bindparam("at", type_=Instant), accepted_by=bindparam("taker"))
        .returning(Invitation.id)
    )
    monkeypatch.setattr(invitations_module, "TAKE", careless)
    invitation, code = an_invitation(database)

    fared = both(database, lambda tx, user: accept(invitations, tx, user, code), *users)

    assert fared is None
    assert count(database, invitation.organization_id) == 2


def two_codes_for_one(database, invitations):
    """How the second of two codes fares that one user sends at once, and in how many places."""
    with database.write() as tx:
        user = factories.a_user(tx)
    invitation, code = an_invitation(database)
    _, other = an_invitation(database, invitation.organization_id)

    fared = both(database, lambda tx, sent: accept(invitations, tx, user, sent), code, other)
    return fared, count(database, invitation.organization_id)


@pytest.mark.race("test_twin_without_the_constraint_who_sends_two_codes_is_a_member_twice")
def test_who_sends_two_codes_at_once_becomes_a_member_once(database, invitations):
    assert two_codes_for_one(database, invitations) == (StateConflict, 1)


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_without_the_constraint_who_sends_two_codes_is_a_member_twice(without, invitations):
    database = without(members=["uq_members_organization_id_user_id"])

    assert two_codes_for_one(database, invitations) == (None, 2)


def two_claims_of_one(database, invitations):
    """How the second of two claims fares that one member makes at once, and whose records are."""
    user, member = a_user_who_is_a_member(database)
    (first, code), (second, other) = (a_claim(database, member.organization_id) for _ in range(2))

    fared = both(database, lambda tx, sent: accept(invitations, tx, user, sent), code, other)
    return fared, [login_of(database, one) == member.id for one in (first, second)]


@pytest.mark.race("test_twin_without_the_constraint_a_member_claims_two_records")
def test_a_member_who_sends_two_codes_at_once_claims_one_record(database, invitations):
    assert two_claims_of_one(database, invitations) == (StateConflict, [True, False])


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_without_the_constraint_a_member_claims_two_records(without, invitations, monkeypatch):
    database = without(students=["uq_students_organization_id_member_id"])
    # With two records a member is two rows.
    monkeypatch.setattr(members_module, "BY_ID", members_module.BY_ID.limit(1))

    assert two_claims_of_one(database, invitations) == (None, [True, True])


def gone_while_claiming(database, members, invitations, *, leaves_first, deletes_account):
    """How the second of leaving and claiming fares; the member, and whose the record then is."""
    user, member = a_user_who_is_a_member(database)
    student, code = a_claim(database, member.organization_id)

    def go(tx):
        if deletes_account:
            memberships.end_memberships(tx, user.id)
        else:
            leave(members, tx, member)

    def claim(tx):
        accept(invitations, tx, user, code)

    fared = both(database, lambda tx, act: act(tx), *((go, claim) if leaves_first else (claim, go)))
    return fared, member.id, login_of(database, student)


@pytest.mark.race("test_twin_a_member_who_is_not_kept_leaves_the_record_to_nobody_who_is_there")
@pytest.mark.parametrize("leaves_first", [True, False])
@pytest.mark.parametrize("deletes_account", [True, False])
def test_who_leaves_while_claiming_a_record_has_none(
    database, members, invitations, leaves_first, deletes_account
):
    order = {"leaves_first": leaves_first, "deletes_account": deletes_account}

    fared, member, login = gone_while_claiming(database, members, invitations, **order)

    # Whoever claims after having left has come again.
    assert fared is None
    assert (login is not None) == leaves_first
    assert login != member


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("leaves_first", [True, False])
@pytest.mark.parametrize("deletes_account", [True, False])
def test_twin_a_member_who_is_not_kept_leaves_the_record_to_nobody_who_is_there(
    without, members, invitations, leaves_first, deletes_account, monkeypatch
):
    seen = unlocked(invitations_module.MEMBER_OF_FOR_UPDATE)
    monkeypatch.setattr(invitations_module, "MEMBER_OF_FOR_UPDATE", seen)
    database = without(students=["fk_students_organization_id_member_id"])
    order = {"leaves_first": leaves_first, "deletes_account": deletes_account}

    _, member, login = gone_while_claiming(database, members, invitations, **order)

    assert login == member


def erased_before_the_claim(database, students, invitations, user):
    """How a claim fares of a record that is being erased; and whose the record then is."""
    with database.write() as tx:
        organization = factories.an_organization(tx)
    student, code = a_claim(database, organization.id)

    def erase(tx):
        students.erase(tx, SYSTEM, student.id, lambda _row: None)

    def claim(tx):
        accept(invitations, tx, user, code)

    return both(database, lambda tx, act: act(tx), erase, claim), login_of(database, student)


@pytest.mark.race(
    "test_twin_a_record_that_is_not_locked_before_its_invitation_is_claimed_after_all"
)
def test_a_record_that_is_erased_meanwhile_is_nobodys_to_claim(
    database, students, invitations, users
):
    fared, login = erased_before_the_claim(database, students, invitations, users[0])

    assert (fared, login) == (ValidationFailed, None)


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_a_record_that_is_not_locked_before_its_invitation_is_claimed_after_all(
    database, students, invitations, users, monkeypatch
):
    monkeypatch.setattr(invitations_module, "STUDENT_FOR_UPDATE", invitations_module.STUDENT)
    # The invitation goes with the record: that it is looked at again would be enough.
    monkeypatch.setattr(
        invitations_module, "TAKE", select(bindparam("invitation_id", type_=Identifier))
    )

    fared, login = erased_before_the_claim(database, students, invitations, users[0])

    assert fared is None
    assert login is not None
