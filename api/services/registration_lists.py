"""Lists of registrations, each holding what its reader may see, and the line of a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, select

from api.authz.actor import Actor
from api.authz.policy import Action, Extent, Policy, Reach, Subject
from api.errors import NotFound
from api.models import registration_reads as reads
from api.models.database import Transaction
from api.models.school_class import SchoolClass, instructor_ids
from api.models.student import Student, StudentStatus
from api.services.catalogue import refuse_absent
from api.services.judged import ALLOWED, FORBIDDEN, Judged, Listed, Verdicts
from api.services.registration_affordances import judge
from api.services.rules_registration import inactive_block

_HEAD = select(SchoolClass.organization_id, SchoolClass.instructors, SchoolClass.waiting).where(
    SchoolClass.id == bindparam("class_id")
)
_STUDENT = select(Student.organization_id, Student.status).where(
    Student.id == bindparam("student_id")
)
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationLists:
    """Registrations by organization, class and student."""

    policy: Policy

    def of_organization(self, tx: Transaction, actor: Actor, organization_id: UUID) -> Listed:
        """The registrations of an organization.

        Raises:
            NotFound: the caller is no member.
        """
        reach = self.policy.reach(actor, Action.REGISTRATION_LIST, organization_id)
        chosen: Select[Any] = {
            Extent.ALL: reads.OF_ORGANIZATION_ALL,
            Extent.TAUGHT: reads.OF_ORGANIZATION_TAUGHT,
            Extent.OWN: reads.OF_ORGANIZATION_OWN,
        }[reach.extent]
        subject = Subject(organization_id, student_id=reach.student_id)
        may = self.policy.allows(actor, Action.REGISTRATION_CREATE, subject)
        membership = actor.membership(organization_id)
        status = None if membership is None else membership.student_status
        verdicts = _create(may=may, status=status)
        return self._listed(tx, actor, chosen, reach, verdicts=verdicts)

    def of_class(self, tx: Transaction, actor: Actor, class_id: UUID) -> Listed:
        """The registrations of a class.

        Raises:
            NotFound: there is no such class for the caller.
        """
        head, reach = self._class(tx, actor, class_id, Action.REGISTRATION_LIST)
        whole = _sees_whole(head, reach)
        chosen = reads.OF_CLASS_ALL if whole else reads.OF_CLASS_OWN
        return self._listed(tx, actor, chosen, reach, class_id=class_id)

    def of_student(self, tx: Transaction, actor: Actor, student_id: UUID) -> Listed:
        """The registrations of a student.

        Raises:
            NotFound: there is no such student for the caller.
        """
        student = tx.first(_STUDENT, student_id=student_id)
        organization_id = _NOBODY if student is None else student.organization_id
        reach = self.policy.reach(actor, Action.REGISTRATION_LIST, organization_id)
        if reach.extent is Extent.OWN and reach.student_id != student_id:
            raise NotFound
        is_taught = reach.extent is Extent.TAUGHT
        chosen = reads.OF_STUDENT_TAUGHT if is_taught else reads.OF_STUDENT_ALL
        subject = Subject(organization_id, student_id=student_id)
        may = self.policy.allows(actor, Action.REGISTRATION_CREATE, subject)
        return self._listed(
            tx,
            actor,
            chosen,
            reach,
            student_id=student_id,
            verdicts=_create(may=may, status=None if student is None else student.status),
        )

    def waitlist(self, tx: Transaction, actor: Actor, class_id: UUID) -> Listed:
        """The line of a class; a student sees the own place in it, and its length.

        Raises:
            NotFound: there is no such class for the caller.
        """
        head, reach = self._class(tx, actor, class_id, Action.WAITLIST_READ)
        whole = _sees_whole(head, reach)
        return Listed(
            select=reads.LINE if whole else reads.LINE_OWN,
            parameters={
                "organization_id": head.organization_id,
                "class_id": class_id,
                "own_student_id": reach.student_id or _NOBODY,
            },
            judge=lambda _tx, rows: [Judged(row) for row in rows],
        )

    def _class(
        self, tx: Transaction, actor: Actor, class_id: UUID, action: Action
    ) -> tuple[Row[Any], Reach]:
        head = tx.first(_HEAD, class_id=class_id)
        if head is None:
            refuse_absent(self.policy, actor, action)
        return head, self.policy.reach(actor, action, head.organization_id)

    def _listed(
        self,
        tx: Transaction,
        actor: Actor,
        chosen: Select[Any],
        reach: Reach,
        *,
        verdicts: Verdicts | None = None,
        **ids: UUID,
    ) -> Listed:
        parameters = {
            "organization_id": reach.organization_id,
            "own_student_id": reach.student_id or _NOBODY,
            "member_text": str(reach.member_id),
            "clock_now": tx.given_now(),
            **ids,
        }
        return Listed(
            select=chosen,
            parameters=parameters,
            judge=judge(self.policy, actor),
            verdicts=verdicts or {},
        )


def _create(*, may: bool, status: StudentStatus | None) -> Verdicts:
    """The verdict of registering for whichever class; without a status for whichever student."""
    block = None if status is None else inactive_block(status)
    against = ALLOWED if block is None else (block,)
    return {"create": against if may else FORBIDDEN}


def _sees_whole(head: Row[Any], reach: Reach) -> bool:
    if reach.extent is Extent.TAUGHT:
        return reach.member_id in instructor_ids(head.instructors)
    return reach.extent is Extent.ALL
