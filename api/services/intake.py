"""Whole cohorts at once: students, each with a login that has no password, for an operator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from api import ids as public_ids
from api.authz.actor import Actor
from api.authz.policy import Action, Policy, Subject
from api.ids import Ids
from api.models.database import Transaction
from api.models.organization import Member, Role
from api.models.student import Student, StudentStatus
from api.models.user import User
from api.services import organization_news
from api.services.external_ids import name_taken
from api.services.students import UNIQUE, columns_of

AT_ONCE = 1000
"""Rows of one statement: few round trips, and little to hold in memory."""

_DEFAULTS: Mapping[str, Any] = {
    "email": None,
    "external_id": None,
    "status": StudentStatus.ACTIVE,
    "groups": [],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Logins without a password: only an operator makes them, and issues tokens for them."""

    policy: Policy
    ids: Ids

    def enroll(
        self,
        tx: Transaction,
        actor: Actor,
        organization_id: UUID,
        people: Iterable[Mapping[str, Any]],
    ) -> Iterator[int]:
        """Make a student, a user and a membership of each; yield how many after every thousand.

        `people` are students as the schema of students loads them. Nothing is done before the
        iterator is read to its end, and nothing is kept if the transaction is rolled back.

        Raises:
            NotFound, Forbidden: anybody but an operator asks.
            DuplicateName: an external id or an email is taken.
        """
        self.policy.require(actor, Action.DEPLOYMENT_OPERATE, Subject(organization_id))
        remaining = iter(people)
        while batch := list(islice(remaining, AT_ONCE)):
            self._write(tx, actor, organization_id, batch)
            yield len(batch)

    def staff(self, tx: Transaction, actor: Actor, organization_id: UUID, role: Role) -> UUID:
        """Make a user without a password, who is a member in this role; the user's id.

        Raises:
            NotFound, Forbidden: anybody but an operator asks.
        """
        self.policy.require(actor, Action.DEPLOYMENT_OPERATE, Subject(organization_id))
        user, member = self._login(tx, organization_id, role, display_name=role.value.title())
        tx.execute(insert(User).values(user))
        tx.execute(insert(Member).values(member))
        _tell(tx, actor, organization_id, [member])
        user_id: UUID = user["id"]
        return user_id

    def _write(
        self,
        tx: Transaction,
        actor: Actor,
        organization_id: UUID,
        batch: Sequence[Mapping[str, Any]],
    ) -> None:
        users, members, students = [], [], []
        for person in batch:
            name = f"{person['given_name']} {person['family_name']}"
            user, member = self._login(tx, organization_id, Role.STUDENT, display_name=name)
            users.append(user)
            members.append(member)
            students.append(
                {
                    **columns_of({**_DEFAULTS, **person}),
                    **{name: member[name] for name in ("organization_id", *_STAMPS)},
                    "id": self.ids.new(organization_id),
                    "member_id": member["id"],
                }
            )
        tx.execute(insert(User), users)
        tx.execute(insert(Member), members)
        try:
            tx.execute(insert(Student), students)
        except IntegrityError as error:
            raise name_taken(error, *UNIQUE) from error
        _tell(tx, actor, organization_id, members)

    def _login(
        self, tx: Transaction, organization_id: UUID, role: Role, *, display_name: str
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        now = tx.now()
        stamps = {"created_at": now, "updated_at": now, "version": 1}
        user_id = self.ids.new()
        user = {
            "id": user_id,
            # Unique without asking: nobody types it.
            "username": public_ids.encode("usr", user_id),
            "display_name": display_name,
            "email": None,
            "password_hash": None,
            **stamps,
        }
        member = {
            "id": self.ids.new(organization_id),
            "organization_id": organization_id,
            "user_id": user_id,
            "role": role,
            **stamps,
        }
        return user, member


def _tell(
    tx: Transaction, actor: Actor, organization_id: UUID, members: Iterable[Mapping[str, Any]]
) -> None:
    added = organization_news.member_added
    entries = [added(member["id"], member["role"], actor.user_id) for member in members]
    organization_news.tell(tx, organization_id, *entries)


_STAMPS = ("created_at", "updated_at", "version")
