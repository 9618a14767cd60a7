"""Members: who belongs to an organization, in which role; owners decide, everybody may leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.authz.actor import Actor
from api.authz.policy import Action, Policy, Subject
from api.errors import DuplicateName, FieldError, NotFound, ValidationFailed
from api.ids import Ids
from api.models.database import Transaction
from api.models.organization import Member, Organization, Role
from api.models.student import Student
from api.models.user import User
from api.services import memberships, organization_news
from api.services.catalogue import refuse_absent
from api.services.judged import (
    ALLOWED,
    FORBIDDEN,
    LAST_OWNER,
    Judged,
    Listed,
    Verdicts,
    permitted,
)

COLUMNS: tuple[Any, ...] = (
    Member,
    User.username,
    User.display_name,
    Student.id.label("student_id"),
)
SHOWN = (
    select(*COLUMNS)
    .select_from(Member)
    .join(User, User.id == Member.user_id)
    .outerjoin(
        Student,
        and_(Student.organization_id == Member.organization_id, Student.member_id == Member.id),
    )
)
OF_ORGANIZATION = SHOWN.where(Member.organization_id == bindparam("organization_id"))
OWN = OF_ORGANIZATION.where(Member.user_id == bindparam("user_id"))
BY_ID = SHOWN.join(
    Organization,
    and_(Organization.id == Member.organization_id, Organization.archived_at.is_(None)),
).where(Member.id == bindparam("member_id"))
BY_ID_FOR_UPDATE = BY_ID.with_for_update(of=Member)
USER_NAMED = select(User.id).where(User.username == bindparam("username"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The members of an organization; there is always an owner among them."""

    policy: Policy
    ids: Ids

    def list(self, _tx: Transaction, actor: Actor, organization_id: UUID) -> Listed:
        """All members, to those who teach or run the organization; a student sees only themselves.

        Raises:
            NotFound: the caller is no member.
        """
        self.policy.require(actor, Action.MEMBER_LIST, Subject(organization_id))
        sees_all = self.policy.allows(actor, Action.MEMBER_READ, Subject(organization_id))
        own = {} if sees_all else {"user_id": actor.user_id}
        return Listed(
            select=OF_ORGANIZATION if sees_all else OWN,
            parameters={"organization_id": organization_id, **own},
            judge=lambda tx, rows: self._judged(tx, actor, rows),
            verdicts={"create": permitted(self._may_edit(actor, organization_id))},
        )

    def get(self, tx: Transaction, actor: Actor, member_id: UUID) -> Judged:
        """One member.

        Raises:
            NotFound, Forbidden: no such member here, or one whom the caller may not see.
        """
        row = self._found(tx, actor, member_id, Action.MEMBER_READ)
        return self._judged(tx, actor, [row])[0]

    def add(
        self, tx: Transaction, actor: Actor, organization_id: UUID, new: Mapping[str, Any]
    ) -> Judged:
        """Make a user who exists already a member.

        Raises:
            NotFound, Forbidden: the caller is no member, or no owner.
            ValidationFailed: there is no such user.
            DuplicateName: the user is a member already.
        """
        self.policy.require(actor, Action.MEMBER_EDIT, Subject(organization_id))
        user_id = tx.scalar(USER_NAMED, username=new["username"])
        if user_id is None:
            fault = FieldError("not-found", "There is no such user.", "#/username")
            raise ValidationFailed([fault])

        member_id = self.ids.new(organization_id)
        try:
            join(tx, organization_id, member_id, user_id=user_id, role=new["role"])
        except IntegrityError as taken:
            detail = "This user is a member already."
            raise DuplicateName(detail, pointer="#/username") from taken
        organization_news.tell(
            tx,
            organization_id,
            organization_news.member_added(member_id, new["role"], actor.user_id),
        )
        return self._judged(tx, actor, [tx.execute(BY_ID, {"member_id": member_id}).one()])[0]

    def find_for_update(self, tx: Transaction, actor: Actor, member_id: UUID) -> Row[Any]:
        """The row, locked for an owner, and with it the organization whose owners are counted.

        Raises:
            NotFound, Forbidden: no such member here, or the caller is no owner.
        """
        row = self._found(tx, actor, member_id, Action.MEMBER_READ)
        self.policy.require(actor, Action.MEMBER_EDIT, Subject(row.organization_id))
        return _locked(tx, row)

    def update(
        self, tx: Transaction, actor: Actor, row: Row[Any], changes: Mapping[str, Any]
    ) -> Judged:
        """Give a locked member another role.

        Raises:
            LastOwner: the organization would have no owner.
        """
        if not changes:
            return self._judged(tx, actor, [row])[0]
        if row.role == Role.OWNER:
            memberships.require_another_owner(tx, row.organization_id)

        tx.execute(
            update(Member)
            .where(Member.organization_id == row.organization_id, Member.id == row.id)
            .values(**changes, version=row.version + 1, updated_at=tx.now())
        )
        changed = tx.execute(BY_ID, {"member_id": row.id}).one()
        news = organization_news.entry(
            "member.role-changed",
            row.id,
            actor.user_id,
            role=changed.role.value,
            version=changed.version,
        )
        organization_news.tell(tx, row.organization_id, news)
        # Judged as it is from now on: an owner may just have given up that role.
        is_self = changed.user_id == actor.user_id
        may_edit = changed.role == Role.OWNER if is_self else True
        return Judged(changed, verdicts_of(tx, changed, may_edit=may_edit, is_self=is_self))

    def find_for_removal(self, tx: Transaction, actor: Actor, member_id: UUID) -> Row[Any]:
        """The row, locked for an owner or for the member, who may always leave.

        Raises:
            NotFound, Forbidden: no such member here, or the caller is neither.
        """
        return _locked(tx, self._found(tx, actor, member_id, Action.MEMBER_EDIT))

    def remove(self, tx: Transaction, actor: Actor, row: Row[Any]) -> None:
        """Take a locked member out; a student record stays, without a login.

        Raises:
            LastOwner: the organization would have no owner.
        """
        if row.role == Role.OWNER:
            memberships.require_another_owner(tx, row.organization_id)
        memberships.end_membership(tx, row.organization_id, row.id)
        news = organization_news.member_gone(row.id, row.user_id, actor.user_id)
        organization_news.tell(tx, row.organization_id, news)

    def _found(self, tx: Transaction, actor: Actor, member_id: UUID, action: Action) -> Row[Any]:
        row = tx.first(BY_ID, member_id=member_id)
        if row is None:
            refuse_absent(self.policy, actor, action)
        is_self = row.user_id == actor.user_id
        wanted = Action.MEMBER_OWN if is_self else action
        self.policy.require(actor, wanted, Subject(row.organization_id))
        return row

    def _may_edit(self, actor: Actor, organization_id: UUID) -> bool:
        return self.policy.allows(actor, Action.MEMBER_EDIT, Subject(organization_id))

    def _judged(self, tx: Transaction, actor: Actor, rows: Sequence[Row[Any]]) -> Sequence[Judged]:
        if not rows:
            return []
        organization_id = rows[0].organization_id
        may_edit = self._may_edit(actor, organization_id)
        is_alone = _is_alone(tx, rows)
        return [
            Judged(
                row,
                _verdicts(
                    row,
                    may_edit=may_edit,
                    is_self=row.user_id == actor.user_id,
                    is_alone=is_alone,
                ),
            )
            for row in rows
        ]


def join(
    tx: Transaction, organization_id: UUID, member_id: UUID, *, user_id: UUID, role: Role
) -> None:
    """Write a new membership.

    Raises:
        IntegrityError: the user is a member already.
    """
    now = tx.now()
    tx.execute(
        insert(Member).values(
            id=member_id,
            organization_id=organization_id,
            user_id=user_id,
            role=role,
            created_at=now,
            updated_at=now,
            version=1,
        )
    )


def verdicts_of(tx: Transaction, row: Row[Any], *, may_edit: bool, is_self: bool) -> Verdicts:
    """What may be done to one member by an owner, or by the member themselves."""
    return _verdicts(row, may_edit=may_edit, is_self=is_self, is_alone=_is_alone(tx, [row]))


def _locked(tx: Transaction, row: Row[Any]) -> Row[Any]:
    memberships.lock_organization(tx, row.organization_id)
    locked = tx.first(BY_ID_FOR_UPDATE, member_id=row.id)
    if locked is None:
        raise NotFound
    return locked


def _is_alone(tx: Transaction, rows: Sequence[Row[Any]]) -> bool:
    """Whether an owner among the rows is the only one; asked only where there is one."""
    owner = next((row for row in rows if row.role == Role.OWNER), None)
    return owner is not None and not memberships.has_another_owner(tx, owner.organization_id)


def _verdicts(row: Row[Any], *, may_edit: bool, is_self: bool, is_alone: bool) -> Verdicts:
    leave = LAST_OWNER if is_alone and row.role == Role.OWNER else ALLOWED
    return {
        "edit": permitted(may_edit),
        "delete": leave if may_edit or is_self else FORBIDDEN,
    }
