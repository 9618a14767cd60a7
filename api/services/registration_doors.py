"""The three doors to registering: what the URL says, what the body says, and who may come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select

from api.authz.actor import Actor
from api.authz.policy import Action, Policy, Subject
from api.errors import Block, Blocked, FieldError, NotFound, ValidationFailed, WayOn
from api.models import facts as fact_queries
from api.models.ahead import Ahead, Holder, Question
from api.models.database import Transaction
from api.models.facts_ahead import GUARDS_OF_HOLDER
from api.models.school_class import ClassStatus, instructor_ids
from api.models.student import Student
from api.services.rules_facts import Facts
from api.services.rules_verdicts import OnFull, would_wait
from api.services.students import teacher_of

NO_ORGANIZATION = UUID(int=0)
_ORGANIZATION_OF_STUDENT = select(Student.organization_id).where(
    Student.id == bindparam("student_id")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What the URL says: exactly one of the three."""

    organization_id: UUID | None = None
    class_id: UUID | None = None
    student_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Who wants to be registered for what, and on which terms."""

    organization_id: UUID
    class_id: UUID
    student_id: UUID
    on_full: OnFull = OnFull.FAIL
    overrides: frozenset[str] = frozenset()
    reason_code: str | None = None

    def read(self, tx: Transaction) -> Row[Any]:
        """The facts of the class and the student, read again.

        Raises:
            NotFound: the class was deleted since; only one in which nobody ever registered can be.
        """
        row = _guards(tx, self.class_id, [self.student_id])
        if row is None:
            raise NotFound
        return row

    def refused(self, facts: Facts, now: datetime, blocks: Sequence[Block]) -> Blocked:
        """The refusal for these reasons, with what the caller could do instead."""
        ways = [
            WayOn(rel="existing", ids={"registration_id": block.details["registration_id"]})
            for block in blocks
            if block.code == "already-registered"
        ]
        if would_wait(blocks, facts, now, self.overrides):
            waived = {"overrides": sorted(self.overrides), "reason_code": self.reason_code}
            body = {"student_id": self.student_id, **(waived if self.overrides else {})}
            ways.append(WayOn(rel="waitlist", ids={"class_id": self.class_id}, body=body))
        refusal = Blocked.by(blocks, class_id=self.class_id).leading_to(*ways)
        # Of a registration that is there the student has one in this class, and that is said first.
        refusal.may_be_for_a_twin = any(way.rel == "existing" for way in ways)
        return refusal.read_in(facts.school_class.effective_timezone)


def admitted(
    tx: Transaction, policy: Policy, actor: Actor, door: Door, new: Mapping[str, Any]
) -> tuple[Wish, Row[Any]]:
    """Who is to be registered for what, with the facts, if the caller may.

    Raises:
        NotFound: the resource of the URL is not there for the caller.
        Forbidden: the caller may not register this student, or not waive rules.
        ValidationFailed: a resource that the body names is not there for the caller.
    """
    class_id = door.class_id or new["class_id"]
    student_id = door.student_id or new.get("student_id")
    students = own_students(actor) if student_id is None else [student_id]
    row = _guards(tx, class_id, students)
    organization_id = _organization(tx, door, row)
    if student_id is None:
        # Whoever the caller is here, whether or not there is such a class.
        student_id = _own_student(actor, organization_id)
    if door.student_id is not None:
        _require_known(tx, policy, actor, organization_id, door.student_id)
    policy.require(
        actor, Action.REGISTRATION_CREATE, Subject(organization_id, student_id=student_id)
    )
    if new.get("overrides"):
        policy.require(actor, Action.REGISTRATION_OVERRIDE, Subject(organization_id))
    found = _named(policy, actor, organization_id, door=door, new=new, row=row)
    tx.seen_seqs[class_id] = found.class_last_seq
    wish = Wish(
        organization_id=organization_id,
        class_id=class_id,
        student_id=found.subject_id,
        on_full=new.get("on_full", OnFull.FAIL),
        overrides=frozenset(new.get("overrides", ())),
        reason_code=new.get("reason_code"),
    )
    return wish, found


def own_students(actor: Actor) -> list[UUID]:
    """The students that the caller is, in any organization."""
    return [m.student_id for m in actor.memberships.values() if m.student_id is not None]


def _require_known(
    tx: Transaction, policy: Policy, actor: Actor, organization_id: UUID, student_id: UUID
) -> None:
    # What GET answers with 404 is not there for a POST either.
    teacher = teacher_of(tx, actor, organization_id, student_id)
    subject = Subject(organization_id, instructors=teacher, student_id=student_id)
    policy.require(actor, Action.STUDENT_READ, subject)


def _own_student(actor: Actor, organization_id: UUID) -> UUID | None:
    membership = actor.membership(organization_id)
    return None if membership is None else membership.student_id


def ahead(holder: Holder, *, class_id: UUID) -> Ahead:
    """What `admitted` reads first where a student registers at a class."""
    shared = {"class_id": class_id, "clock_now": holder.clock_now}
    sent = Question(GUARDS_OF_HOLDER, {**shared, "token_hash": holder.token_hash})
    return Ahead(
        sent, lambda students: Question(fact_queries.GUARDS, {**shared, "student_ids": students})
    )


def _guards(tx: Transaction, class_id: UUID, student_ids: Sequence[UUID]) -> Row[Any] | None:
    return tx.first(
        fact_queries.GUARDS,
        class_id=class_id,
        student_ids=student_ids,
        clock_now=tx.given_now(),
    )


def _organization(tx: Transaction, door: Door, row: Row[Any] | None) -> UUID:
    """The organization of what the URL names; one that nobody is in where there is none."""
    if door.organization_id is not None:
        return door.organization_id
    if door.class_id is not None:
        return NO_ORGANIZATION if row is None else row.class_organization_id
    if row is not None and row.subject_id is not None:
        # The facts show a student only in the organization of the class.
        found: UUID = row.class_organization_id
        return found
    return tx.scalar(_ORGANIZATION_OF_STUDENT, student_id=door.student_id) or NO_ORGANIZATION


def _named(
    policy: Policy,
    actor: Actor,
    organization_id: UUID,
    *,
    door: Door,
    new: Mapping[str, Any],
    row: Row[Any] | None,
) -> Row[Any]:
    """The facts, once the class and the student are known to be there for the caller."""
    if row is None or not _shows_class(policy, actor, organization_id, row):
        if door.class_id is not None:
            raise NotFound
        raise _absent("class", new)
    if row.subject_id is None:
        raise _absent("student", new)
    return row


def _shows_class(policy: Policy, actor: Actor, organization_id: UUID, row: Row[Any]) -> bool:
    if row.class_organization_id != organization_id:
        return False
    subject = Subject(organization_id, instructors=instructor_ids(row.class_instructors))
    return row.class_status != ClassStatus.DRAFT or policy.allows(
        actor, Action.CLASS_READ_DRAFT, subject
    )


def _absent(noun: str, new: Mapping[str, Any]) -> ValidationFailed:
    member = f"{noun}_url" if f"{noun}_url" in new else f"{noun}_id"
    code, detail = "not-found", f"There is no such {noun} in the organization."
    if new.get(f"{noun}_id") is None:
        code, detail = "required", f"Say which {noun}."
    return ValidationFailed([FieldError(pointer=f"#/{member}", code=code, detail=detail)])
