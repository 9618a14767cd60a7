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
from api.models import Invitation, Member, Role, Student
from api.models.base import Instant
from api.models.student import StudentStatus
from api.services import invitations as invitations_module
from api.services import memberships
from api.services.invitations import Invitations
from api.services.members import Members
from tests import factories

SYSTEM = Actor.system()
SOON = 0.3


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
def a_user_who_is_a_member(database):
    with database.write() as tx:
        user = factories.a_user(tx)
        return user, factories.a_member(tx, role=Role.STUDENT, user_id=user.id)


@pytest.fixture
def users(database):
    with database.write() as tx:
        return [factories.a_user(tx) for _ in range(2)]


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
        thread.join(SOON)
    thread.join()
    return fared[0]


def test_of_two_owners_who_leave_at_once_one_stays(database, members, owners):
    fared = both(database, lambda tx, owner: leave(members, tx, owner), *owners)

    assert fared is LastOwner
    assert count(database, owners[0].organization_id, Member.role == Role.OWNER) == 1


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_without_the_lock_of_the_organization_no_owner_is_left(
    database, members, owners, monkeypatch
):
    unlocked = memberships.LOCKED.with_for_update(read=True, key_share=True)
    monkeypatch.setattr(memberships, "LOCKED", unlocked)

    fared = both(database, lambda tx, owner: leave(members, tx, owner), *owners)

    assert fared is None
    assert count(database, owners[0].organization_id, Member.role == Role.OWNER) == 0


def test_a_member_whom_two_remove_at_once_is_gone_for_the_second(database, members, owners):
    fared = both(database, lambda tx, owner: leave(members, tx, owner), owners[0], owners[0])

    assert fared is NotFound
    assert count(database, owners[0].organization_id) == 1


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


def test_who_sends_two_codes_at_once_becomes_a_member_once(database, invitations, users):
    invitation, code = an_invitation(database)
    _, other = an_invitation(database, invitation.organization_id)

    fared = both(database, lambda tx, sent: accept(invitations, tx, users[0], sent), code, other)

    assert fared is StateConflict
    assert count(database, invitation.organization_id) == 1


def test_a_member_who_sends_two_codes_at_once_claims_one_record(
    database, invitations, a_user_who_is_a_member
):
    user, member = a_user_who_is_a_member
    (first, code), (second, other) = (a_claim(database, member.organization_id) for _ in range(2))

    fared = both(database, lambda tx, sent: accept(invitations, tx, user, sent), code, other)

    assert fared is StateConflict
    assert (login_of(database, first), login_of(database, second)) == (member.id, None)


@pytest.mark.parametrize("leaves_first", [True, False])
@pytest.mark.parametrize("deletes_account", [True, False])
def test_who_leaves_while_claiming_a_record_has_none(
    database, members, invitations, a_user_who_is_a_member, leaves_first, deletes_account
):
    user, member = a_user_who_is_a_member
    student, code = a_claim(database, member.organization_id)

    def go(tx):
        if deletes_account:
            memberships.end_memberships(tx, user.id)
        else:
            leave(members, tx, member)

    def claim(tx):
        accept(invitations, tx, user, code)

    fared = both(database, lambda tx, act: act(tx), *((go, claim) if leaves_first else (claim, go)))

    # Whoever claims after having left has come again.
    assert fared is None
    assert (login_of(database, student) is not None) == leaves_first
    assert login_of(database, student) != member.id


def test_a_record_that_was_erased_meanwhile_is_nobodys_to_claim(database, invitations, users):
    with database.write() as tx:
        organization = factories.an_organization(tx)
    student, code = a_claim(database, organization.id, status=StudentStatus.ERASED)

    with pytest.raises(ValidationFailed), database.write() as tx:
        accept(invitations, tx, users[0], code)

    assert login_of(database, student) is None
