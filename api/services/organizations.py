"""Organizations: made by any user, edited and archived by their owners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.authz.actor import Actor
from api.authz.policy import Action, Policy, Subject
from api.errors import Busy, DuplicateName, NotFound
from api.ids import Ids
from api.models.base import fold
from api.models.database import Transaction
from api.models.locks import LockStep
from api.models.organization import Member, Organization, Role
from api.services import inheritance, job_queue, organization_news
from api.services.judged import ALLOWED, Judged, Listed, permitted

BY_ID = select(Organization).where(
    Organization.id == bindparam("organization_id"), Organization.archived_at.is_(None)
)
# Classes refer to the row: an edit of settings must not wait for who holds a class, which it locks.
BY_ID_FOR_UPDATE = BY_ID.with_for_update(key_share=True)
OF_USER = (
    select(Organization)
    .join(Member, Member.organization_id == Organization.id)
    .where(Member.user_id == bindparam("user_id"), Organization.archived_at.is_(None))
)

OF_MEMBERS = ("members", "invitations", "students", "registrations", "exports")
"""Lists that are there for members alone, public catalogue or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organizations:
    """The organizations of a deployment, each closed to all others."""

    policy: Policy
    ids: Ids

    def mine(self, _tx: Transaction, actor: Actor) -> Listed:
        """The organizations in which the caller is a member."""
        user_id = self.policy.require_user(actor, Action.ORGANIZATION_LIST)
        return Listed(
            select=OF_USER,
            parameters={"user_id": user_id},
            judge=lambda _tx, rows: self._judged(actor, rows),
            verdicts={"create": ALLOWED},
        )

    def get(self, tx: Transaction, actor: Actor, organization_id: UUID) -> Judged:
        """One organization.

        Raises:
            NotFound: no such organization, or the caller is no member and it is not public.
        """
        row = tx.first(BY_ID, organization_id=organization_id)
        return self._judged(
            actor, [self._passed(actor, Action.ORGANIZATION_READ, organization_id, row)]
        )[0]

    def create(self, tx: Transaction, actor: Actor, new: Mapping[str, Any]) -> Judged:
        """Make an organization of which the caller is the first owner.

        Raises:
            DuplicateName: the slug is taken.
            Busy: the caller's account is deleted at this moment.
        """
        user_id = self.policy.require_user(actor, Action.ORGANIZATION_CREATE)
        now = tx.now()

        organization_id = self.ids.new()
        # An organization's own id gives the shard bits to everything that it will hold.
        stamps = {"created_at": now, "updated_at": now, "version": 1}
        columns = {**new, "id": organization_id, "name_fold": fold(new["name"]), **stamps}
        try:
            row = tx.execute(insert(Organization).values(**columns).returning(Organization)).one()
        except IntegrityError as taken:
            raise _slug_taken(new["slug"]) from taken
        member_id = self.ids.new(organization_id)
        owner = {
            "id": member_id,
            "organization_id": organization_id,
            "user_id": user_id,
            "role": Role.OWNER,
            **stamps,
        }
        try:
            tx.execute(insert(Member).values(**owner))
        except IntegrityError as gone:
            raise Busy("The account is being deleted at this moment.") from gone
        organization_news.begin(tx, organization_id)
        organization_news.tell(
            tx,
            organization_id,
            organization_news.entry("organization.created", organization_id, user_id, version=1),
            organization_news.member_added(member_id, Role.OWNER, user_id),
        )
        return Judged(row, _verdicts(is_owner=True, is_member=True))

    def find_for_update(self, tx: Transaction, actor: Actor, organization_id: UUID) -> Row[Any]:
        """The row, locked for an edit by an owner.

        Raises:
            NotFound, Forbidden: the caller is no member, or no owner.
        """
        tx.lock(LockStep.ORGANIZATION, organization_id)
        row = tx.first(BY_ID_FOR_UPDATE, organization_id=organization_id)
        return self._passed(actor, Action.ORGANIZATION_EDIT, organization_id, row)

    def update(
        self, tx: Transaction, actor: Actor, row: Row[Any], changes: Mapping[str, Any]
    ) -> Judged:
        """Change settings; nothing is written if nothing differs.

        Locks the classes, by id, if the zone changes: those without one of their own follow.

        Raises:
            DuplicateName: the slug is taken.
        """
        if not changes:
            return Judged(row, _verdicts(is_owner=True, is_member=True))
        columns = {**changes, "version": row.version + 1, "updated_at": tx.now()}
        if "name" in changes:
            columns["name_fold"] = fold(changes["name"])
        statement = update(Organization).where(Organization.id == row.id).values(**columns)
        try:
            changed = tx.execute(statement.returning(Organization)).one()
        except IntegrityError as taken:
            raise _slug_taken(changes["slug"]) from taken
        heirs = (
            inheritance.follow_zone(tx, row.id, changed.timezone) if "timezone" in changes else []
        )
        organization_news.tell(
            tx,
            row.id,
            organization_news.entry(
                "organization.updated", row.id, actor.user_id, version=changed.version
            ),
            *(organization_news.class_updated(*heir, actor.user_id) for heir in heirs),
        )
        return Judged(changed, _verdicts(is_owner=True, is_member=True))

    def archive(self, tx: Transaction, actor: Actor, row: Row[Any]) -> None:
        """Put the organization away: everything in it is gone for everybody, nothing is lost.

        Jobs that are not done are cancelled.
        """
        tx.execute(
            update(Organization)
            .where(Organization.id == row.id)
            .values(archived_at=tx.now(), version=row.version + 1, updated_at=tx.now())
        )
        job_queue.cancel_all(tx, row.id)
        organization_news.note(
            tx, row.id, "organization.archived", row.id, actor.user_id, version=row.version + 1
        )

    def _passed(
        self, actor: Actor, action: Action, organization_id: UUID, row: Row[Any] | None
    ) -> Row[Any]:
        is_public = row is not None and row.public_catalog
        self.policy.require(actor, action, Subject(organization_id, is_public=is_public))
        if row is None:
            raise NotFound
        return row

    def _judged(self, actor: Actor, rows: Sequence[Row[Any]]) -> list[Judged]:
        return [
            Judged(
                row,
                _verdicts(
                    is_owner=self.policy.allows(actor, Action.ORGANIZATION_EDIT, Subject(row.id)),
                    is_member=actor.membership(row.id) is not None,
                ),
            )
            for row in rows
        ]


def _verdicts(*, is_owner: bool, is_member: bool) -> dict[str, Any]:
    return {
        "edit": permitted(is_owner),
        "delete": permitted(is_owner),
        **dict.fromkeys(OF_MEMBERS, permitted(is_member)),
    }


def _slug_taken(slug: str) -> DuplicateName:
    return DuplicateName(f"The slug {slug} is taken.", pointer="#/slug")
