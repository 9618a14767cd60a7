"""What must hold of the members of an organization: there is always an owner."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import bindparam, delete, func, select, update

from api.errors import LastOwner
from api.models.database import Transaction
from api.models.locks import LockStep
from api.models.organization import Member, Organization, Role
from api.models.student import Student

ORGANIZATIONS_OF = (
    select(Organization.id)
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
IS_OWNER = select(Member.id).where(
    Member.organization_id == bindparam("organization_id"),
    Member.user_id == bindparam("user_id"),
    Member.role == Role.OWNER,
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
    if tx.scalar(OWNERS, organization_id=organization_id) <= 1:
        raise LastOwner


def end_memberships(tx: Transaction, user_id: UUID) -> None:
    """Take a user out of every organization; student records stay, without a login.

    Raises:
        LastOwner: one of them would have no owner.
    """
    for organization_id in [row.id for row in tx.all(ORGANIZATIONS_OF, user_id=user_id)]:
        lock_organization(tx, organization_id)
        if tx.first(IS_OWNER, organization_id=organization_id, user_id=user_id) is not None:
            require_another_owner(tx, organization_id)
        mine = (Member.organization_id == organization_id, Member.user_id == user_id)
        tx.execute(
            update(Student)
            .where(
                Student.organization_id == organization_id,
                Student.member_id.in_(select(Member.id).where(*mine)),
            )
            .values(member_id=None)
        )
        tx.execute(delete(Member).where(*mine))
