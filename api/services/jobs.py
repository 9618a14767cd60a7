"""Jobs: asked for by staff, watched, cancelled, and what they made is fetched."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, false, insert, update

from api.authz.actor import Actor
from api.authz.policy import Action, Policy, Subject
from api.errors import Block, NotFound, StateConflict
from api.ids import Ids
from api.models import job as jobs
from api.models.database import Transaction
from api.models.job import UNFINISHED, Job, JobKind, JobState
from api.models.locks import LockStep
from api.services import organization_news
from api.services.catalogue import refuse_absent
from api.services.judged import ALLOWED, FORBIDDEN, Judged, Listed, Verdicts, permitted
from api.services.organizations import BY_ID_FOR_UPDATE as ORGANIZATION_FOR_UPDATE

AT_ONCE: Final = 3
"""Jobs that an organization may have queued or running."""

KEPT: Final = dt.timedelta(days=7)
"""How long a job is there at least, from when it was asked for; its result at most."""

NONE_AT_ALL = jobs.OF_ORGANIZATION.where(false())
_STATE = (Block(StateConflict.code),)
_NOTHING = (Block(NotFound.code),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """The jobs of an organization, each for a process that has the time."""

    policy: Policy
    ids: Ids

    def exports(self, tx: Transaction, actor: Actor, organization_id: UUID) -> Listed:
        """The exports of an organization: all for staff, none for other members.

        Raises:
            AuthenticationRequired, NotFound: the caller is no member.
        """
        subject = Subject(organization_id)
        self.policy.require(actor, Action.EXPORT_LIST, subject)
        may_create = self.policy.allows(actor, Action.EXPORT_CREATE, subject)
        full = may_create and _is_full(tx, organization_id)
        return Listed(
            select=jobs.OF_ORGANIZATION if may_create else NONE_AT_ALL,
            parameters={"organization_id": organization_id, "kind": JobKind.EXPORT},
            judge=lambda _tx, rows: [self._judged(actor, row) for row in rows],
            verdicts={"create": _STATE if full else permitted(may_create)},
        )

    def export(
        self, tx: Transaction, actor: Actor, organization_id: UUID, new: Mapping[str, Any]
    ) -> Judged:
        """Ask for an export; it begins within a second or when a process is free.

        Locks the organization: so its jobs can be counted, and no student is being erased.

        Raises:
            NotFound, Forbidden: the caller is no member, or not staff.
            StateConflict: three jobs of the organization are not done yet.
        """
        self.policy.require(actor, Action.EXPORT_CREATE, Subject(organization_id))
        tx.lock(LockStep.ORGANIZATION, organization_id)
        if tx.first(ORGANIZATION_FOR_UPDATE, organization_id=organization_id) is None:
            raise NotFound
        if _is_full(tx, organization_id):
            detail = f"{AT_ONCE} jobs are not done yet: wait for one, or cancel one."
            raise StateConflict(detail, limit=AT_ONCE)

        job_id, now = self.ids.new(organization_id), tx.now()
        columns = {
            "id": job_id,
            "organization_id": organization_id,
            "kind": JobKind.EXPORT,
            "format": new["format"],
            "state": JobState.QUEUED,
            "requested_by": actor.user_id,
            "created_at": now,
            "expires_at": now + KEPT,
        }
        tx.execute(insert(Job).values(**columns))
        organization_news.note(tx, organization_id, "job.created", job_id, actor.user_id)
        return self._judged(actor, tx.execute(jobs.BY_ID, {"job_id": job_id}).one())

    def get(self, tx: Transaction, actor: Actor, job_id: UUID) -> Judged:
        """One job, whatever its state.

        Raises:
            NotFound, Forbidden: no such job here, or the caller is not staff.
        """
        return self._judged(actor, self._seen(actor, tx.first(jobs.BY_ID, job_id=job_id)))

    def cancel(self, tx: Transaction, actor: Actor, job_id: UUID) -> None:
        """Have a job not done, or no longer: whoever is at it sees so at its next step.

        Raises:
            NotFound, Forbidden: no such job here, or the caller is not staff.
            StateConflict: it has ended already.
        """
        tx.lock(LockStep.JOB, job_id)
        row = self._seen(actor, tx.first(jobs.BY_ID_FOR_UPDATE, job_id=job_id))
        self.policy.require(actor, Action.JOB_CANCEL, Subject(row.organization_id))
        if row.state not in UNFINISHED:
            raise StateConflict(f"The job has {row.state} already.", state=row.state)
        tx.execute(
            update(Job)
            .where(Job.organization_id == row.organization_id, Job.id == job_id)
            .values(state=JobState.CANCELLED, lease_until=None, finished_at=tx.now())
        )
        organization_news.note(tx, row.organization_id, "job.cancelled", job_id, actor.user_id)

    def result(self, tx: Transaction, actor: Actor, job_id: UUID) -> Row[Any]:
        """What a job made: a row with `file_name` and `body`.

        Raises:
            NotFound, Forbidden: no such job here, or the caller is not staff; it made nothing
                (yet), or its file made room for newer ones, or a student was erased since.
        """
        row = self._seen(actor, tx.first(jobs.RESULT_OF, job_id=job_id))
        if row.body is None:
            raise NotFound("This job has no result, or has it no longer.")
        return row

    def _seen(self, actor: Actor, row: Row[Any] | None) -> Row[Any]:
        if row is None:
            refuse_absent(self.policy, actor, Action.JOB_READ)
        self.policy.require(actor, Action.JOB_READ, Subject(row.organization_id))
        return row

    def _judged(self, actor: Actor, row: Row[Any]) -> Judged:
        may_cancel = self.policy.allows(actor, Action.JOB_CANCEL, Subject(row.organization_id))
        return Judged(row, _verdicts(row, may_cancel=may_cancel))


def _verdicts(row: Row[Any], *, may_cancel: bool) -> Verdicts:
    cancellable = ALLOWED if row.state in UNFINISHED else _STATE
    return {
        "cancel": cancellable if may_cancel else FORBIDDEN,
        "result": ALLOWED if row.has_result else _NOTHING,
    }


def _is_full(tx: Transaction, organization_id: UUID) -> bool:
    return bool(tx.scalar(jobs.UNFINISHED_OF, organization_id=organization_id) >= AT_ONCE)
