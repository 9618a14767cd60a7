"""The queue of jobs, as a process that does them sees it: take one, keep it, say how it went.

The table is the queue. A job is leased, so that another process takes it where the first falls
silent; and each taking has a number, so that the first, should it only have slept, changes nothing
any more. What a job makes is written by the transaction that ends it: a job may be begun more than
once, and has its effect once.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, delete, insert, select, update

from api.errors import InternalError
from api.models import job as jobs
from api.models.database import Transaction
from api.models.job import UNFINISHED, Job, JobKind, JobResult, JobState
from api.models.locks import LockStep
from api.services import organization_news

LEASE: Final = dt.timedelta(seconds=20)
"""How long a process may be silent: a job is taken up again within half a minute of its end."""

INTERRUPTIONS: Final = 3
"""After so many processes that fell silent over a job it is given up: it may be what ends them."""

RESULTS: Final = 5
"""Files that an organization has at once; for one more the oldest is thrown away."""


class Superseded(Exception):
    """The job is somebody else's now, or nobody's: it was cancelled, or is to begin anew."""


def is_waiting(tx: Transaction) -> bool:
    """Whether there is a job to take; asked first, for most times there is none."""
    return tx.first(jobs.WAITING, now=tx.now()) is not None


def take(tx: Transaction) -> Row[Any] | None:
    """Take the job that has waited longest, for the time of a lease; None if there is none.

    Those that others hold are passed over; one over which too many have fallen silent fails.
    """
    row = tx.first(jobs.WAITING_FOR_UPDATE, now=tx.now())
    if row is None:
        return None
    tx.lock(LockStep.JOB, row.id)
    interruptions = row.interruptions + (row.state == JobState.RUNNING)
    if interruptions >= INTERRUPTIONS:
        detail = f"It was begun {interruptions} times, and never came to its end."
        fail(tx, row, detail)
        return None
    columns = {
        "state": JobState.RUNNING,
        "turn": row.turn + 1,
        "interruptions": interruptions,
        "lease_until": tx.now() + LEASE,
        "started_at": row.started_at or tx.now(),
        "progress": 0,
    }
    return tx.execute(_changed(row, columns).returning(Job)).one()


def keep(tx: Transaction, job: Row[Any], progress: int) -> None:
    """Say that the job is at `progress` percent, and lease it anew.

    Raises:
        Superseded: it is not this process's any more.
    """
    _change(tx, job, {"progress": progress, "lease_until": tx.now() + LEASE})


def succeed(tx: Transaction, job: Row[Any], *, file_name: str, body: bytes) -> None:
    """End the job with what it made.

    Raises:
        Superseded: it is not this process's any more; nothing is written.
    """
    _end(tx, job, {"state": JobState.SUCCEEDED, "progress": 100})
    result = {"job_id": job.id, "organization_id": job.organization_id}
    tx.execute(insert(JobResult).values(**result, file_name=file_name, body=body))
    of_organization = JobResult.organization_id == job.organization_id
    # Ids rise with the time at which they were made.
    newest_first = select(JobResult.job_id).where(of_organization).order_by(JobResult.job_id.desc())
    too_many = newest_first.offset(RESULTS)
    tx.execute(delete(JobResult).where(of_organization, JobResult.job_id.in_(too_many)))
    organization_news.note(tx, job.organization_id, "job.succeeded", job.id, None)


def fail(tx: Transaction, job: Row[Any], detail: str) -> None:
    """End the job without a result; `detail` tells people why, and no secret.

    Raises:
        Superseded: it is not this process's any more; nothing is written.
    """
    problem = {
        "code": InternalError.code,
        "title": InternalError.title,
        "status": 500,
        "detail": detail,
    }
    _end(tx, job, {"state": JobState.FAILED, "error": problem})
    organization_news.note(tx, job.organization_id, "job.failed", job.id, None)


def give_back(tx: Transaction, job: Row[Any]) -> None:
    """Let another process take the job, for this one ends.

    Raises:
        Superseded: it is not this process's any more.
    """
    _change(tx, job, {"state": JobState.QUEUED, "lease_until": None, "progress": 0})


def cancel_all(tx: Transaction, organization_id: UUID) -> None:
    """Have nothing done any more for an organization that is being put away.

    Its caller has locked the organization, so nothing is asked for meanwhile.
    """
    tx.execute(
        update(Job)
        .where(Job.organization_id == organization_id, Job.state.in_(UNFINISHED))
        .values(state=JobState.CANCELLED, lease_until=None, finished_at=tx.now())
    )


def forget_exports(tx: Transaction, organization_id: UUID) -> None:
    """Throw away what exports hold of people: one of them is being erased.

    Those that are not done begin anew, after this transaction. Its caller has locked the
    organization, so none is asked for meanwhile.
    """
    tx.execute(
        update(Job)
        .where(
            Job.organization_id == organization_id,
            Job.kind == JobKind.EXPORT,
            Job.state.in_(UNFINISHED),
        )
        .values(state=JobState.QUEUED, lease_until=None, progress=0)
    )
    tx.execute(delete(JobResult).where(JobResult.organization_id == organization_id))


def _end(tx: Transaction, job: Row[Any], columns: dict[str, Any]) -> None:
    _change(tx, job, {**columns, "lease_until": None, "finished_at": tx.now()})


def _change(tx: Transaction, job: Row[Any], columns: dict[str, Any]) -> None:
    tx.lock(LockStep.JOB, job.id)
    if tx.execute(_changed(job, columns).returning(Job.id)).first() is None:
        raise Superseded


def _changed(job: Row[Any], columns: dict[str, Any]) -> Any:
    return (
        update(Job)
        .where(
            Job.organization_id == job.organization_id,
            Job.id == job.id,
            Job.state == job.state,
            Job.turn == job.turn,
        )
        .values(**columns)
    )
