"""What must hold of the members of an organization: there is always an owner."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, delete, exists, func, select, update
from sqlalchemy.orm import aliased

from api.errors import LastOwner
from api.models.database import Transaction
from api.models.locks import LockStep
from api.models.organization import Member, Organization, Role
from api.models.student import Student
from api.models.user import User

ORGANIZATIONS_OF = (
    select(Organization.id, Organization.archived_at)
    .join(Member, Member.organization_id == Organization.id)
    .where(Member.user_id == bindparam("user_id"))
    .order_by(Organization.id)
)
LOCKED = select(Organization.id).where(Organization.id == bindparam("id")).with_for_update()
OWNERS = (
    select(func.count())
    .select_from(Member)
    .where(Member.organization_id == bindparam("organization_id"), Member.role == Role.OWNER)
)
_OTHER = aliased(Member)
IS_LAST_OWNER = exists().where(
    Member.user_id == User.id,
    Member.role == Role.OWNER,
    Organization.id == Member.organization_id,
    Organization.archived_at.is_(None),
    ~exists().where(
        _OTHER.organization_id == Member.organization_id,
        _OTHER.role == Role.OWNER,
        _OTHER.id != Member.id,
    ),
)
"""Whether an organization would have no owner without a user: a column of a select of users."""

MEMBER_OF_FOR_UPDATE = (
    select(Member.id, Member.role)
    .where(
        Member.organization_id == bindparam("organization_id"),
        Member.user_id == bindparam("user_id"),
    )
    .with_for_update()
)


def lock_organization(tx: Transaction, organization_id: UUID) -> None:
    """Lock the row under which members are counted: two owners cannot leave at once."""
    tx.lock(LockStep.ORGANIZATION, organization_id)
    tx.first(LOCKED, id=organization_id)


def require_another_owner(tx: Transaction, organization_id: UUID) -> None:
    """Refuse to lose an owner who is the last. The organization's row is locked.

    Raises:
        LastOwner: there is no other.
    """
    if not has_another_owner(tx, organization_id):
        raise LastOwner


def has_another_owner(tx: Transaction, organization_id: UUID) -> bool:
    """Whether an owner could go and leave an owner behind."""
    return bool(tx.scalar(OWNERS, organization_id=organization_id) > 1)


def end_membership(tx: Transaction, organization_id: UUID, member_id: UUID) -> None:
    """Take a locked member out of an organization; a student record stays, without a login."""
    tx.execute(
        update(Student)
        .where(Student.organization_id == organization_id, Student.member_id == member_id)
        .values(member_id=None)
    )
    tx.execute(
        delete(Member).where(Member.organization_id == organization_id, Member.id == member_id)
    )


class Ended(NamedTuple):
    """A membership that is no more."""

    organization_id: UUID
    member_id: UUID


def end_memberships(tx: Transaction, user_id: UUID) -> list[Ended]:
    """Take a user out of every organization; an archived one may be left without an owner.

    What ended, in the order of the organizations' ids.

    Raises:
        LastOwner: one of them would have no owner.
    """
    ended = []
    for organization in tx.all(ORGANIZATIONS_OF, user_id=user_id):
        lock_organization(tx, organization.id)
        member = tx.first(MEMBER_OF_FOR_UPDATE, organization_id=organization.id, user_id=user_id)
        if member is None:
            continue
        if member.role == Role.OWNER and organization.archived_at is None:
            require_another_owner(tx, organization.id)
        end_membership(tx, organization.id, member.id)
        ended.append(Ended(organization.id, member.id))
    return ended
