"""Students: kept by staff, seen by those who teach them and by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, insert, update
from sqlalchemy.exc import IntegrityError

from api.authz.actor import Actor
from api.authz.policy import Action, Extent, Policy, Reach, Subject
from api.errors import Block, NotFound, StateConflict
from api.ids import Ids
from api.models import student as students
from api.models.base import fold
from api.models.database import Transaction
from api.models.locks import LockStep
from api.models.organization import Role
from api.models.student import Student, StudentStatus
from api.services import erasure
from api.services.catalogue import refuse_absent
from api.services.due_notes import note_due
from api.services.external_ids import ExternalId, Upsert, name_taken
from api.services.judged import Judged, Listed, Made, Verdicts, permitted

READ_BY_GUARDS = frozenset({"groups", "status"})
FOLDED = ("given_name", "family_name", "email", "external_id")
UNIQUE = ("external_id", "email")
ERASED = (Block("state-conflict", {"state": StudentStatus.ERASED}),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Students:
    """The people of an organization who take seats."""

    policy: Policy
    ids: Ids

    def list(self, _tx: Transaction, actor: Actor, organization_id: UUID) -> Listed:
        """The students whom the caller may see: all, those in classes they teach, or themselves.

        Raises:
            NotFound: the caller is no member.
        """
        reach = self.policy.reach(actor, Action.STUDENT_LIST, organization_id)
        may_edit = self.policy.allows(actor, Action.STUDENT_EDIT, Subject(organization_id))
        return Listed(
            select=self._within(actor, reach),
            parameters={"organization_id": organization_id, **_parameters(reach)},
            judge=lambda _tx, rows: [self._judged(actor, row) for row in rows],
            verdicts={"create": permitted(may_edit)},
        )

    def get(self, tx: Transaction, actor: Actor, student_id: UUID) -> Judged:
        """One student.

        Raises:
            NotFound: no such student, or none whom the caller may see.
        """
        return self._judged(actor, self._seen(tx, actor, _by_id(tx, student_id)))

    def get_by_external_id(self, tx: Transaction, actor: Actor, named: ExternalId) -> Judged:
        """The student whom another system calls so.

        Raises:
            NotFound: no such student, or none whom the caller may see.
        """
        row = tx.first(students.BY_EXTERNAL_ID, **named.parameters)
        return self._judged(actor, self._seen(tx, actor, row))

    def create(
        self, tx: Transaction, actor: Actor, organization_id: UUID, new: Mapping[str, Any]
    ) -> Judged:
        """Make a student, without a login until an invitation is accepted.

        Raises:
            NotFound, Forbidden: the caller is no member, or not staff.
            DuplicateName: the external id or the email is taken.
        """
        self.policy.require(actor, Action.STUDENT_EDIT, Subject(organization_id))
        now = tx.now()

        columns = {
            **columns_of(new),
            "id": self.ids.new(organization_id),
            "organization_id": organization_id,
            "created_at": now,
            "updated_at": now,
            "version": 1,
        }
        statement = insert(Student).values(**columns).returning(*students.SHOWN)
        try:
            row = tx.execute(statement).one()
        except IntegrityError as error:
            raise name_taken(error, *UNIQUE) from error
        return self._judged(actor, row)

    def find_for_update(self, tx: Transaction, actor: Actor, student_id: UUID) -> Row[Any]:
        """The row, locked for an edit by staff.

        Raises:
            NotFound, Forbidden: not to be seen by the caller, or not staff.
            StateConflict: erased.
        """
        tx.lock(LockStep.STUDENT, student_id)
        found = tx.first(students.BY_ID_FOR_UPDATE, student_id=student_id)
        row = self._seen(tx, actor, found)
        self.policy.require(actor, Action.STUDENT_EDIT, Subject(row.organization_id))
        _refuse_erased(row)
        return row

    def update(
        self, tx: Transaction, actor: Actor, row: Row[Any], changes: Mapping[str, Any]
    ) -> Judged:
        """Change a locked student. A change of groups or status may let lines move.

        Raises:
            DuplicateName: the external id or the email is taken.
        """
        if not changes:
            return self._judged(actor, row)

        columns = {**columns_of(changes), "version": row.version + 1, "updated_at": tx.now()}
        is_read_by_guards = not READ_BY_GUARDS.isdisjoint(changes)
        if is_read_by_guards:
            columns["guard_version"] = row.guard_version + 1
        statement = (
            update(Student)
            .where(Student.organization_id == row.organization_id, Student.id == row.id)
            .values(**columns)
            .returning(*students.SHOWN)
        )
        try:
            changed = tx.execute(statement).one()
        except IntegrityError as error:
            raise name_taken(error, *UNIQUE) from error
        if is_read_by_guards:
            _note_lines(tx, changed)
        return self._judged(actor, changed)

    def upsert(self, tx: Transaction, actor: Actor, wanted: Upsert) -> Judged | Made:
        """Update the student whom another system calls so, or make one; what is not sent stays.

        Raises:
            NotFound, Forbidden: the caller is no member, or not staff.
            StaleVersion: `If-Match` names another version.
            ValidationFailed: a member that a new student needs is missing.
            DuplicateName: the email is taken, or somebody else makes the student at this moment.
        """
        named = wanted.external_id
        self.policy.require(actor, Action.STUDENT_EDIT, Subject(named.organization_id))
        row = tx.first(students.BY_EXTERNAL_ID_FOR_UPDATE, **named.parameters)
        wanted.precondition(row)
        if row is None:
            return Made(self.create(tx, actor, named.organization_id, named.named(wanted.whole())))
        tx.lock(LockStep.STUDENT, row.id)
        sent = named.named(wanted.sent)
        changes = {name: value for name, value in sent.items() if getattr(row, name) != value}
        return self.update(tx, actor, row, changes)

    def erase(
        self,
        tx: Transaction,
        actor: Actor,
        student_id: UUID,
        precondition: Callable[[Any], None],
    ) -> None:
        """End every place of the student and forget the person; the record stays, empty.

        Locks the organization, the classes, then the student.

        Raises:
            NotFound, Forbidden: not to be seen by the caller, or no owner.
            StaleVersion: `If-Match` names another version.
            StateConflict: erased already.
            Busy: the student registers at this moment.
        """
        row = self._seen(tx, actor, _by_id(tx, student_id))
        self.policy.require(actor, Action.STUDENT_ERASE, Subject(row.organization_id))
        books = erasure.open_books(tx, row)
        tx.lock(LockStep.STUDENT, student_id)
        locked = tx.execute(students.BY_ID_FOR_UPDATE, {"student_id": student_id}).one()
        precondition(locked)
        _refuse_erased(locked)

        erasure.vacate(tx, actor, locked, books)
        erasure.forget(tx, actor, locked)

    def _within(self, actor: Actor, reach: Reach) -> Select[Any]:
        if reach.extent is Extent.OWN:
            return students.OWN
        if reach.extent is Extent.TAUGHT:
            return students.TAUGHT
        is_owner = self.policy.allows(actor, Action.STUDENT_ERASE, Subject(reach.organization_id))
        return students.EVERYBODY if is_owner else students.PRESENT

    def _seen(self, tx: Transaction, actor: Actor, row: Row[Any] | None) -> Row[Any]:
        """The row, if the caller may know of it; only owners see that somebody was erased."""
        if row is None:
            refuse_absent(self.policy, actor, Action.STUDENT_READ)
        subject = Subject(
            row.organization_id,
            instructors=teacher_of(tx, actor, row.organization_id, row.id),
            student_id=row.id,
        )
        self.policy.require(actor, Action.STUDENT_READ, subject)
        if row.status == StudentStatus.ERASED and not self.policy.allows(
            actor, Action.STUDENT_ERASE, subject
        ):
            raise NotFound
        return row

    def _judged(self, actor: Actor, row: Row[Any]) -> Judged:
        subject = Subject(row.organization_id)
        may_edit = self.policy.allows(actor, Action.STUDENT_EDIT, subject)
        may_erase = self.policy.allows(actor, Action.STUDENT_ERASE, subject)
        return Judged(row, _verdicts(row, may_edit=may_edit, may_erase=may_erase))


def columns_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that hold these members, with their folded twins."""
    folded = {
        f"{name}_fold": None if values[name] is None else fold(values[name])
        for name in FOLDED
        if name in values
    }
    return {**values, **folded}


def _by_id(tx: Transaction, student_id: UUID) -> Row[Any] | None:
    return tx.first(students.BY_ID, student_id=student_id)


def _note_lines(tx: Transaction, row: Row[Any]) -> None:
    """Have the lines looked at in which this student was passed over."""
    passed = tx.all(
        students.LINES_PASSED_OVER, organization_id=row.organization_id, student_id=row.id
    )
    note_due(tx, row.organization_id, {line.class_id for line in passed})


def _parameters(reach: Reach) -> dict[str, Any]:
    if reach.extent is Extent.OWN:
        return {"student_id": reach.student_id}
    return {"member_id": str(reach.member_id)} if reach.extent is Extent.TAUGHT else {}


def teacher_of(
    tx: Transaction, actor: Actor, organization_id: UUID, student_id: UUID
) -> tuple[UUID, ...]:
    """The caller as a member, if they teach the student; asked of instructors alone."""
    membership = actor.membership(organization_id)
    if membership is None or membership.role is not Role.INSTRUCTOR:
        return ()
    taught = tx.scalar(
        students.IS_TAUGHT,
        organization_id=organization_id,
        student_id=student_id,
        member_id=str(membership.id),
    )
    return (membership.id,) if taught else ()


def _refuse_erased(row: Row[Any]) -> None:
    if row.status == StudentStatus.ERASED:
        raise StateConflict("This student was erased.", state=StudentStatus.ERASED)


def _verdicts(row: Row[Any], *, may_edit: bool, may_erase: bool) -> Verdicts:
    if row.status == StudentStatus.ERASED:
        return {"edit": ERASED, "delete": ERASED}
    return {"edit": permitted(may_edit), "delete": permitted(may_erase)}
