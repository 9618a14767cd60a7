"""What meeting patterns and sessions share: the class they belong to, and its limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, update

from api.authz.actor import Actor
from api.authz.policy import Action, Policy, Subject
from api.errors import Block, FieldError, StateConflict, ValidationFailed
from api.models import session as sessions
from api.models.database import Transaction
from api.models.school_class import ClassStatus, SchoolClass, instructor_ids
from api.services import class_seats, inheritance, timetable_versions
from api.services.catalogue import refuse_absent
from api.services.class_visibility import subject_of
from api.services.judged import ALLOWED, FORBIDDEN, Verdicts, permitted
from api.services.rules_timetable import MAX_EXCEPT_DATES, MAX_SESSIONS, TimetableFault

MAX_PATTERNS = 20
"""Meeting patterns of one class."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that there may be of something: what a link and a refusal both ask."""

    most: int
    detail: str

    def blocks(self, taken: int) -> tuple[Block, ...]:
        """What stands against one more, beside as many as there are."""
        return ALLOWED if taken < self.most else (Block(StateConflict.code, {"limit": self.most}),)

    def refuse(self, taken: int) -> None:
        """Go on if there is room for one more.

        Raises:
            StateConflict: there are as many as there may be; `limit` says how many.
        """
        for block in self.blocks(taken):
            raise StateConflict(self.detail, **block.details)


PATTERNS = Limit(MAX_PATTERNS, f"A class has at most {MAX_PATTERNS} meeting patterns.")
SESSIONS = Limit(MAX_SESSIONS, f"A class has at most {MAX_SESSIONS} sessions.")
EXCEPTIONS = Limit(
    MAX_EXCEPT_DATES,
    f"The pattern has {MAX_EXCEPT_DATES} exceptions; change the pattern instead.",
)


def require_reading(policy: Policy, actor: Actor, row: Row[Any] | None) -> Row[Any]:
    """Let pass who may see the class that a row belongs to.

    `row` holds the class's `class_status` and `class_instructors`, and `public_catalog`.

    Raises:
        AuthenticationRequired, NotFound: there is none, or not for the caller's eyes.
    """
    if row is None:
        refuse_absent(policy, actor, Action.CLASS_READ)
    is_draft = row.class_status is ClassStatus.DRAFT
    subject = Subject(
        row.organization_id,
        instructors=instructor_ids(row.class_instructors),
        is_public=row.public_catalog,
    )
    policy.require(actor, Action.CLASS_READ_DRAFT if is_draft else Action.CLASS_READ, subject)
    return row


def readable_class(
    tx: Transaction, policy: Policy, actor: Actor, class_id: UUID, heading: Select[Any]
) -> Row[Any]:
    """The class whose timetable is asked for, as far as it decides who may see it.

    Raises:
        AuthenticationRequired, NotFound: there is none, or not for the caller's eyes.
    """
    return require_reading(policy, actor, tx.first(heading, class_id=class_id))


def editable_class(tx: Transaction, policy: Policy, actor: Actor, class_id: UUID) -> Row[Any]:
    """The class, locked: its timetable changes in one transaction at a time.

    Raises:
        NotFound, Forbidden: there is none for the caller, or the caller is not staff.
    """
    row = class_seats.locked_class(tx, class_id)
    if row is None:
        refuse_absent(policy, actor, Action.CLASS_EDIT)
    subject = subject_of(row)
    if row.status is ClassStatus.DRAFT:
        policy.require(actor, Action.CLASS_READ_DRAFT, subject)
    policy.require(actor, Action.CLASS_EDIT, subject)
    return row


def may_edit(policy: Policy, actor: Actor, organization_id: UUID) -> bool:
    """Whether the caller is staff, who alone change timetables."""
    return policy.allows(actor, Action.CLASS_EDIT, Subject(organization_id))


def verdicts(*, may_edit: bool, against_delete: tuple[Block, ...] = ALLOWED) -> Verdicts:
    """The verdicts of editing and deleting a part of a timetable."""
    return {
        "edit": permitted(may_edit),
        "delete": against_delete if may_edit else FORBIDDEN,
    }


def create_verdict(limit: Limit, heading: Row[Any], *, may_edit: bool) -> Verdicts:
    """The verdict of making one more part of the timetable that was asked for."""
    return {"create": limit.blocks(heading.taken) if may_edit else FORBIDDEN}


def changed(tx: Transaction, actor: Actor, school_class: Row[Any]) -> None:
    """Let a locked class know that its sessions changed: who registers is judged by them.

    So is whoever has a seat in it and registers elsewhere at this moment: what was found out about
    them holds no longer. Whoever is registered keeps the place, clash or not.
    """
    tx.execute(
        update(SchoolClass)
        .where(
            SchoolClass.organization_id == school_class.organization_id,
            SchoolClass.id == school_class.id,
        )
        .values(version=SchoolClass.version + 1, updated_at=tx.now())
    )
    inheritance.settle(tx, school_class.organization_id, school_class.id)
    timetable_versions.rise(tx, school_class.organization_id, {school_class.id})
    row = class_seats.locked_class(tx, school_class.id)
    assert row is not None, "the class is locked"
    class_seats.revised(tx, actor, row)


def sessions_of(tx: Transaction, school_class: Row[Any]) -> int:
    """How many sessions a locked class has."""
    taken = tx.scalar(
        sessions.COUNT_OF_SESSIONS,
        organization_id=school_class.organization_id,
        class_id=school_class.id,
    )
    return int(taken)


def refusal_of(fault: TimetableFault) -> ValidationFailed:
    """What a client is told of a timetable that cannot be."""
    return ValidationFailed(
        [FieldError(pointer=f"#/{fault.member}", code=fault.code, detail=fault.detail)]
    )
