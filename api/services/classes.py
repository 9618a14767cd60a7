"""Classes: made and edited by staff, described by who teaches them; seats move elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, update
from sqlalchemy.exc import IntegrityError

from api.authz.actor import Actor
from api.authz.policy import Action, Policy, Subject
from api.errors import NotFound, ResourceInUse, WayOn
from api.ids import Ids
from api.models.database import Transaction
from api.models.registration import PromotionDue
from api.models.school_class import ID_BY_EXTERNAL_ID, ClassStatus, SchoolClass
from api.models.session import ClassSession, MeetingPattern
from api.services import class_affordances, class_seats, inheritance, organization_news
from api.services.catalogue import refuse_absent, require_reading
from api.services.class_affordances import Look
from api.services.class_columns import (
    DESCRIPTIVE,
    GUARDED,
    SEATS,
    SETTLING,
    ZONE,
    ZONE_KEPT,
    columns_of,
    refusal_of,
    refuse_unknown,
)
from api.services.class_visibility import BRIEF, subject_of, visible_classes
from api.services.external_ids import ExternalId, Upsert
from api.services.judged import Judged, Listed, Made, permitted
from api.services.registration_doors import own_students
from api.services.rules_catalogue import deadline_faults, new_status_faults, refuse_faults
from api.services.rules_states import CLASS_MOVES
from api.services.rules_waitlist import Shrink

INSERT = insert(SchoolClass)


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """The classes of an organization."""

    policy: Policy
    ids: Ids

    def of_organization(
        self, tx: Transaction, actor: Actor, organization_id: UUID, student_id: UUID | None
    ) -> Listed:
        """The classes of an organization, drafts only for staff and for who teaches them.

        `student_id` is for whom `register` is judged; else it is the caller's own student.

        Raises:
            AuthenticationRequired, NotFound: the catalogue is not public, or the student unknown.
        """
        require_reading(tx, self.policy, actor, Action.CLASS_READ, organization_id)
        if student_id is not None:
            self._require_student(actor, organization_id, student_id)
        select, visible = visible_classes(self.policy, actor, organization_id)
        subject = own_students(actor) if student_id is None else [student_id]
        may_edit = self.policy.allows(actor, Action.CLASS_EDIT, Subject(organization_id))
        return Listed(
            select=select,
            brief=BRIEF[select],
            parameters={
                "organization_id": organization_id,
                "student_ids": subject,
                "clock_now": tx.given_now(),
                **visible,
            },
            judge=lambda tx, rows: class_affordances.judge_page(
                tx, self.policy, actor, rows, student_id=student_id
            ),
            verdicts={"create": permitted(may_edit)},
        )

    def get(self, tx: Transaction, actor: Actor, look: Look) -> Judged:
        """One class, in one statement.

        Raises:
            AuthenticationRequired, NotFound: no such class, or not for the caller's eyes.
        """
        found = class_affordances.read(tx, self.policy, actor, look)
        if found is None:
            refuse_absent(self.policy, actor, Action.CLASS_READ)
        row, judge = found
        is_draft = row.status is ClassStatus.DRAFT
        action = Action.CLASS_READ_DRAFT if is_draft else Action.CLASS_READ
        self.policy.require(actor, action, subject_of(row, is_public=row.public_catalog))
        if look.student_id is not None:
            self._require_student(actor, row.organization_id, look.student_id)
            if row.subject_id is None:
                raise NotFound
        return judge()

    def get_by_external_id(self, tx: Transaction, actor: Actor, named: ExternalId) -> Judged:
        """The class that another system calls so.

        Raises:
            AuthenticationRequired, NotFound: no such class, or not for the caller's eyes.
        """
        class_id = tx.scalar(ID_BY_EXTERNAL_ID, **named.parameters)
        if class_id is None:
            require_reading(tx, self.policy, actor, Action.CLASS_READ, named.organization_id)
            raise NotFound
        return self.get(tx, actor, Look(class_id))

    def create(
        self, tx: Transaction, actor: Actor, organization_id: UUID, new: Mapping[str, Any]
    ) -> Judged:
        """Make a class, and the first event of its ledger.

        Raises:
            NotFound, Forbidden: the caller is no member, or not staff.
            ValidationFailed: it names what is not there, or begins in another status.
            DuplicateName: the external id is taken.
        """
        self.policy.require(actor, Action.CLASS_EDIT, Subject(organization_id))
        refuse_faults([*new_status_faults(new["status"]), *deadline_faults(new)])
        refuse_unknown(tx, organization_id, new)
        now = tx.now()

        zone = new["timezone"] or tx.scalar(ZONE_KEPT, organization_id=organization_id)
        columns = {
            **columns_of(new),
            "id": self.ids.new(organization_id),
            "organization_id": organization_id,
            "effective_timezone": zone,
            "created_at": now,
            "updated_at": now,
            "version": 1,
        }
        try:
            tx.execute(INSERT, columns)
        except IntegrityError as error:
            raise refusal_of(error) from error
        # Only now: its reference to the term keeps the term's deadlines as they are.
        inheritance.settle(tx, organization_id, columns["id"])
        class_seats.created(tx, actor, _locked(tx, columns["id"]))
        return class_affordances.reread(tx, self.policy, actor, columns["id"])

    def find_for_update(
        self,
        tx: Transaction,
        actor: Actor,
        class_id: UUID,
        *,
        action: Action = Action.CLASS_DESCRIBE,
    ) -> Row[Any]:
        """The row, locked for an edit by staff or by an instructor of the class.

        `action` may ask for more than the least of edits.

        Raises:
            NotFound, Forbidden: the caller is no member, or may not do that to it.
        """
        row = class_seats.locked_class(tx, class_id)
        if row is None:
            refuse_absent(self.policy, actor, action)
        if row.status is ClassStatus.DRAFT:
            self.policy.require(actor, Action.CLASS_READ_DRAFT, subject_of(row))
        self.policy.require(actor, action, subject_of(row))
        return row

    def update(
        self,
        tx: Transaction,
        actor: Actor,
        row: Row[Any],
        changes: Mapping[str, Any],
        *,
        shrink: Shrink | None = None,
    ) -> Judged:
        """Change a class that is locked; nothing is written if nothing differs.

        A `status` among the changes that it has already is a wish to go there, which is refused.

        Raises:
            Forbidden: more than an instructor may edit.
            ValidationFailed: it would name what is not there, or its deadlines be in no order.
            StateConflict: the class cannot go from its status to that one.
            CapacityBelowTaken: `shrink` does not say what happens to who is seated.
            DuplicateName: the external id is taken.
        """
        if not changes.keys() <= DESCRIPTIVE:
            self.policy.require(actor, Action.CLASS_EDIT, subject_of(row))
        columns = {
            name: value
            for name, value in columns_of(changes).items()
            if getattr(row, name) != value
        }
        if columns:
            refuse_faults(deadline_faults({**row._asdict(), **columns}))
            refuse_unknown(tx, row.organization_id, changes)
            self._write(tx, actor, row, columns, shrink)
        elif "status" in changes:
            class_seats.require_move(row.status, changes["status"])
        return class_affordances.reread(tx, self.policy, actor, row.id)

    def upsert(self, tx: Transaction, actor: Actor, wanted: Upsert) -> Judged | Made:
        """Update the class that another system calls so, or make it; what is not sent stays.

        Raises:
            NotFound, Forbidden: the caller is no member, or not staff.
            StaleVersion: `If-Match` names another version.
            ValidationFailed: a member that a new class needs is missing.
            DuplicateName: somebody else makes it at this moment.
        """
        named = wanted.external_id
        self.policy.require(actor, Action.CLASS_EDIT, Subject(named.organization_id))
        class_id = tx.scalar(ID_BY_EXTERNAL_ID, **named.parameters)
        row = None if class_id is None else class_seats.locked_class(tx, class_id)
        wanted.precondition(row)
        if row is None:
            return Made(self.create(tx, actor, named.organization_id, named.named(wanted.whole())))
        return self.update(tx, actor, row, named.named(wanted.sent))

    def delete(self, tx: Transaction, actor: Actor, row: Row[Any]) -> None:
        """Remove a class in which nobody ever registered, with its timetable.

        Raises:
            ResourceInUse: there were registrations; `counts` says how many.
        """
        # Every registration took a ticket, and none is ever removed.
        if row.next_ticket > 1:
            raise _in_use(row)

        for table in (ClassSession, MeetingPattern, PromotionDue):
            tx.execute(
                delete(table).where(
                    table.organization_id == row.organization_id, table.class_id == row.id
                )
            )
        tx.execute(
            delete(SchoolClass).where(
                SchoolClass.organization_id == row.organization_id, SchoolClass.id == row.id
            )
        )
        organization_news.note(tx, row.organization_id, "class.deleted", row.id, actor.user_id)

    def _write(
        self,
        tx: Transaction,
        actor: Actor,
        row: Row[Any],
        columns: Mapping[str, Any],
        shrink: Shrink | None,
    ) -> None:
        plain = {name: value for name, value in columns.items() if name not in SEATS}
        if "timezone" in plain:
            inherited = tx.scalar(ZONE, organization_id=row.organization_id)
            plain["effective_timezone"] = plain["timezone"] or inherited
        statement = (
            update(SchoolClass)
            .where(SchoolClass.organization_id == row.organization_id, SchoolClass.id == row.id)
            .values(**plain, version=row.version + 1, updated_at=tx.now())
        )
        try:
            tx.execute(statement)
        except IntegrityError as error:
            raise refusal_of(error) from error
        if "timezone" in plain:
            inheritance.follow_own_zone(tx, row, plain["effective_timezone"])
        if SETTLING & plain.keys():
            inheritance.settle(tx, row.organization_id, row.id)
        wanted = class_seats.SeatEdit(
            capacity=columns.get("capacity"),
            has_capacity="capacity" in columns,
            shrink=shrink,
            status=columns.get("status"),
            is_guarded=bool(GUARDED & plain.keys()),
            is_updated=bool(plain),
        )
        class_seats.edit(tx, actor, _locked(tx, row.id), wanted)

    def _require_student(self, actor: Actor, organization_id: UUID, student_id: UUID) -> None:
        subject = Subject(organization_id, student_id=student_id)
        self.policy.require(actor, Action.STUDENT_READ, subject)


def _in_use(row: Row[Any]) -> ResourceInUse:
    counts = {"registrations": row.next_ticket - 1}
    refusal = ResourceInUse("Students have registered for this class.", counts=counts)
    if ClassStatus.CANCELLED not in CLASS_MOVES[row.status]:
        return refusal
    return refusal.leading_to(WayOn(rel="cancel", ids={"class_id": row.id}))


def _locked(tx: Transaction, class_id: UUID) -> Row[Any]:
    row = class_seats.locked_class(tx, class_id)
    assert row is not None, "it was just written"
    return row
