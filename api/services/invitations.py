"""Invitations: a code that makes whoever has it a member, once, within two weeks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, delete, false, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.authz import secrets
from api.authz.actor import Actor
from api.authz.policy import Action, Policy, Subject
from api.errors import FieldError, StateConflict, ValidationFailed
from api.ids import Ids
from api.models.base import Instant
from api.models.database import Transaction
from api.models.locks import LockStep
from api.models.organization import Invitation, Member, Organization, Role
from api.models.student import Student, StudentStatus
from api.services import members, organization_news
from api.services.catalogue import refuse_absent
from api.services.judged import Judged, Listed, permitted

LIFETIME = dt.timedelta(days=14)

_IN_LIVING = and_(Organization.id == Invitation.organization_id, Organization.archived_at.is_(None))
OF_ORGANIZATION = select(Invitation).where(
    Invitation.organization_id == bindparam("organization_id")
)
NONE_AT_ALL = OF_ORGANIZATION.where(false())
BY_ID = (
    select(Invitation)
    .join(Organization, _IN_LIVING)
    .where(Invitation.id == bindparam("invitation_id"))
)
OPEN = and_(
    Invitation.accepted_at.is_(None), Invitation.expires_at > bindparam("at", type_=Instant)
)
"""Whether an invitation can be accepted, as far as the invitation knows."""

BY_CODE = (
    select(Invitation.id, Invitation.organization_id, Invitation.role, Invitation.student_id)
    .join(Organization, _IN_LIVING)
    .where(Invitation.code_hash == bindparam("hash"), OPEN)
)
TAKE = (
    update(Invitation)
    .where(
        Invitation.organization_id == bindparam("organization"),
        Invitation.id == bindparam("invitation_id"),
        OPEN,
    )
    .values(accepted_at=bindparam("at", type_=Instant), accepted_by=bindparam("taker"))
    .returning(Invitation.id)
)
STUDENT = select(Student.member_id, Student.status).where(
    Student.organization_id == bindparam("organization_id"),
    Student.id == bindparam("student_id"),
)
STUDENT_FOR_UPDATE = STUDENT.with_for_update()
MEMBER_OF_FOR_UPDATE = (
    select(Member.id, Student.id.label("student_id"))
    .outerjoin(
        Student,
        and_(Student.organization_id == Member.organization_id, Student.member_id == Member.id),
    )
    .where(
        Member.organization_id == bindparam("organization_id"),
        Member.user_id == bindparam("user_id"),
    )
    # Or they could leave before the student record is theirs.
    .with_for_update(of=Member)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitations:
    """How people come into an organization: owners invite to any role, registrars students."""

    policy: Policy
    ids: Ids

    def list(self, _tx: Transaction, actor: Actor, organization_id: UUID) -> Listed:
        """The invitations, to staff; to other members the list is empty.

        Raises:
            NotFound: the caller is no member.
        """
        subject = Subject(organization_id)
        self.policy.require(actor, Action.INVITATION_LIST, subject)
        sees_all = self.policy.allows(actor, Action.INVITATION_READ, subject)
        may_invite = self.policy.allows(actor, Action.INVITATION_EDIT, subject)
        return Listed(
            select=OF_ORGANIZATION if sees_all else NONE_AT_ALL,
            parameters={"organization_id": organization_id},
            judge=lambda _tx, rows: [self._judged(actor, row) for row in rows],
            verdicts={"create": permitted(may_invite)},
        )

    def get(self, tx: Transaction, actor: Actor, invitation_id: UUID) -> Judged:
        """One invitation, without its code.

        Raises:
            NotFound, Forbidden: no such invitation here, or the caller is not staff.
        """
        return self._judged(actor, self._found(tx, actor, invitation_id))

    def create(
        self, tx: Transaction, actor: Actor, organization_id: UUID, new: Mapping[str, Any]
    ) -> Judged:
        """Invite somebody; the code is in this answer alone.

        Raises:
            NotFound, Forbidden: the caller is no member, or may not invite to this role.
            ValidationFailed: there is no such student.
            StateConflict: the student has a login.
        """
        self.policy.require(actor, _editing(new["role"]), Subject(organization_id))
        student_id = new.get("student_id")
        if student_id is not None:
            named = {"organization_id": organization_id, "student_id": student_id}
            student = tx.first(STUDENT, **named)
            if student is None or student.status == StudentStatus.ERASED:
                fault = FieldError("not-found", "There is no such student.", "#/student_id")
                raise ValidationFailed([fault])
            _refuse_claimed(student)

        code, now = secrets.new_secret(secrets.INVITATION_PREFIX), tx.now()
        columns = {
            **new,
            "id": self.ids.new(organization_id),
            "organization_id": organization_id,
            "code_hash": secrets.hash_of(code),
            "created_by": actor.user_id,
            "created_at": now,
            "expires_at": now + LIFETIME,
        }
        row = tx.execute(insert(Invitation).values(**columns).returning(Invitation)).one()
        issued = SimpleNamespace(**row._asdict(), code=code)
        return Judged(issued, self._judged(actor, row).verdicts)

    def revoke(self, tx: Transaction, actor: Actor, invitation_id: UUID) -> None:
        """Remove an invitation: its code is worth nothing from now on.

        Raises:
            NotFound, Forbidden: no such invitation here, or the caller may not invite to its role.
        """
        row = self._found(tx, actor, invitation_id)
        self.policy.require(actor, _editing(row.role), Subject(row.organization_id))
        tx.execute(
            delete(Invitation).where(
                Invitation.organization_id == row.organization_id, Invitation.id == row.id
            )
        )

    def accept(self, tx: Transaction, actor: Actor, code: str) -> Judged:
        """Make the caller a member, and give them the student record that the invitation names.

        Locks that student. A member already can only claim a student record; the role stays.

        Raises:
            ValidationFailed: no code of an open invitation; the same for all causes.
            StateConflict: the caller is a member already, or the student has a login.
        """
        user_id = self.policy.require_user(actor, Action.INVITATION_ACCEPT)
        invitation = self._open(tx, code)
        named = {
            "organization_id": invitation.organization_id,
            "student_id": invitation.student_id,
        }
        if invitation.student_id is not None:
            # Before the invitation, for erasing a student takes the two in this order.
            tx.lock(LockStep.STUDENT, invitation.student_id)
            student = tx.execute(STUDENT_FOR_UPDATE, named).one()
            if student.status == StudentStatus.ERASED:
                raise _no_such_code()
            _refuse_claimed(student)
        taken = {
            "organization": invitation.organization_id,
            "invitation_id": invitation.id,
            "at": tx.now(),
            "taker": user_id,
        }
        if tx.first(TAKE, **taken) is None:
            raise _no_such_code()

        present = self._present(tx, invitation, user_id)
        member_id = self._joined(tx, invitation, user_id) if present is None else present
        if invitation.student_id is not None:
            _link(tx, member_id=member_id, **named)
        if present is None:
            news = organization_news.member_added(member_id, invitation.role, user_id)
            organization_news.tell(tx, invitation.organization_id, news)
        row = tx.execute(members.BY_ID, {"member_id": member_id}).one()
        is_owner = row.role == Role.OWNER
        return Judged(row, members.verdicts_of(tx, row, may_edit=is_owner, is_self=True))

    def _open(self, tx: Transaction, code: str) -> Row[Any]:
        # A mistyped code costs no lookup.
        if not secrets.is_well_formed(code, secrets.INVITATION_PREFIX):
            raise _no_such_code()
        row = tx.first(BY_CODE, hash=secrets.hash_of(code), at=tx.now())
        if row is None:
            raise _no_such_code()
        return row

    def _present(self, tx: Transaction, invitation: Row[Any], user_id: UUID) -> UUID | None:
        """The caller as a member already, who can only claim a student record."""
        organization_id = invitation.organization_id
        present = tx.first(MEMBER_OF_FOR_UPDATE, organization_id=organization_id, user_id=user_id)
        if present is None:
            return None
        if invitation.student_id is None or present.student_id is not None:
            raise StateConflict("You are a member already.")
        known: UUID = present.id
        return known

    def _joined(self, tx: Transaction, invitation: Row[Any], user_id: UUID) -> UUID:
        organization_id = invitation.organization_id
        member_id = self.ids.new(organization_id)
        try:
            members.join(tx, organization_id, member_id, user_id=user_id, role=invitation.role)
        except IntegrityError as twin:
            raise StateConflict("You are a member already.") from twin
        return member_id

    def _found(self, tx: Transaction, actor: Actor, invitation_id: UUID) -> Row[Any]:
        row = tx.first(BY_ID, invitation_id=invitation_id)
        if row is None:
            refuse_absent(self.policy, actor, Action.INVITATION_READ)
        self.policy.require(actor, Action.INVITATION_READ, Subject(row.organization_id))
        return row

    def _judged(self, actor: Actor, row: Row[Any]) -> Judged:
        may_edit = self.policy.allows(actor, _editing(row.role), Subject(row.organization_id))
        return Judged(row, {"delete": permitted(may_edit)})


def _editing(role: Role) -> Action:
    return Action.INVITATION_EDIT if role is Role.STUDENT else Action.INVITATION_EDIT_STAFF


def _refuse_claimed(student: Row[Any]) -> None:
    if student.member_id is not None:
        raise StateConflict("The student has a login already.")


def _link(tx: Transaction, *, organization_id: UUID, student_id: UUID, member_id: UUID) -> None:
    statement = (
        update(Student)
        .where(Student.organization_id == organization_id, Student.id == student_id)
        .values(member_id=member_id)
    )
    try:
        tx.execute(statement)
    except IntegrityError as twin:
        raise StateConflict("You have a student record already.") from twin


def _no_such_code() -> ValidationFailed:
    detail = "No open invitation has this code."
    return ValidationFailed([FieldError("not-found", detail, "#/code")])
