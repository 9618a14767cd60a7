"""Forgetting a person: what is personal goes, what counts and chains rest on stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, delete, or_, select, update

from api.models.database import Transaction
from api.models.idempotency import IdempotencyKey
from api.models.organization import Invitation, Member, Role
from api.models.student import Student, StudentStatus

NOBODY: Mapping[str, Any] = {
    "given_name": "",
    "given_name_fold": "",
    "family_name": "",
    "family_name_fold": "",
    "email": None,
    "email_fold": None,
    "external_id": None,
    "external_id_fold": None,
    "groups": [],
    "member_id": None,
    "status": StudentStatus.ERASED,
}
"""The columns of an erased student. Names stay sortable, so they are empty and not null."""


def forget(tx: Transaction, row: Row[Any]) -> None:
    """Erase a locked student who has no place left; ids, tickets and events stay.

    Kept answers go: those about the student, and those to the person's own requests. So do
    invitations to claim the record, and a membership that was the student's alone.
    """
    organization_id, member_id = row.organization_id, row.member_id
    own_user = select(Member.user_id).where(
        Member.organization_id == organization_id, Member.id == member_id
    )
    tx.execute(
        delete(IdempotencyKey).where(
            or_(IdempotencyKey.student_id == row.id, IdempotencyKey.user_id.in_(own_user))
        )
    )
    tx.execute(
        delete(Invitation).where(
            Invitation.organization_id == organization_id, Invitation.student_id == row.id
        )
    )
    tx.execute(
        update(Student)
        .where(Student.organization_id == organization_id, Student.id == row.id)
        .values(
            **NOBODY,
            guard_version=row.guard_version + 1,
            version=row.version + 1,
            updated_at=tx.now(),
        )
    )
    tx.execute(
        delete(Member).where(
            Member.organization_id == organization_id,
            Member.id == member_id,
            Member.role == Role.STUDENT,
        )
    )
