"""Jobs: what takes longer than a request may, kept as rows until some process has done it."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Select,
    UniqueConstraint,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Instant, Json, choice, one_of
from api.models.organization import Organization
from api.models.tenancy import across


class JobKind(enum.StrEnum):
    """What a job does."""

    EXPORT = "export"


class JobFormat(enum.StrEnum):
    """The form of what a job makes."""

    ONEROSTER_1_1 = "oneroster-1.1"


class JobState(enum.StrEnum):
    """How far a job is; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED: Final = (JobState.QUEUED, JobState.RUNNING)
"""What can be cancelled, and counts against what an organization may have at once."""


class Job(Base):
    """One job. `turn` counts the processes that took it: only the last one may say how it went.

    Whoever has it says before `lease_until` that it is still at it, or another takes it;
    `interruptions` counts how often that happened.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        one_of("kind", JobKind),
        one_of("format", JobFormat),
        one_of("state", JobState),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress_in_range"),
        CheckConstraint(
            "(state = 'running') = (lease_until IS NOT NULL)", name="leased_if_running"
        ),
        CheckConstraint(
            "(state IN ('queued', 'running')) = (finished_at IS NULL)", name="finished_has_its_time"
        ),
        CheckConstraint("(state = 'failed') = (error IS NOT NULL)", name="failed_says_why"),
        UniqueConstraint("organization_id", "id"),
        Index(None, "organization_id", "created_at", "id"),
        Index(None, "expires_at"),
        # What waits for a process: few rows of a table that keeps a week.
        Index(
            "ix_jobs_unfinished",
            "created_at",
            postgresql_where=text("finished_at IS NULL"),
            sqlite_where=text("finished_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    kind: Mapped[JobKind] = mapped_column(choice(JobKind))
    format: Mapped[JobFormat] = mapped_column(choice(JobFormat))
    state: Mapped[JobState] = mapped_column(choice(JobState), default=JobState.QUEUED)
    progress: Mapped[int] = mapped_column(default=0)
    error: Mapped[dict[str, Any] | None] = mapped_column(Json)
    turn: Mapped[int] = mapped_column(default=0)
    interruptions: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    # No foreign key: the job outlives the login of whoever asked for it.
    requested_by: Mapped[UUID]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]


class JobResult(Base):
    """What a job made, a file; in a table of its own, so that lists of jobs do not read it."""

    __tablename__ = "job_results"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "job_id"], ["jobs.organization_id", "jobs.id"], ondelete="CASCADE"
        ),
        Index(None, "organization_id", "job_id"),
    )

    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    file_name: Mapped[str]
    body: Mapped[bytes]


_HAS_RESULT = (
    exists()
    .where(JobResult.organization_id == Job.organization_id, JobResult.job_id == Job.id)
    .label("has_result")
)
_IN_LIVING = and_(Organization.id == Job.organization_id, Organization.archived_at.is_(None))
_BY_ID = select(Job).join(Organization, _IN_LIVING).where(Job.id == bindparam("job_id"))

OF_ORGANIZATION: Select[Any] = (
    select(Job)
    .add_columns(_HAS_RESULT)
    .where(Job.organization_id == bindparam("organization_id"), Job.kind == bindparam("kind"))
)
BY_ID = _BY_ID.add_columns(_HAS_RESULT)
BY_ID_FOR_UPDATE = BY_ID.with_for_update(of=Job)
RESULT_OF = _BY_ID.join(
    JobResult,
    and_(JobResult.organization_id == Job.organization_id, JobResult.job_id == Job.id),
    isouter=True,
).add_columns(JobResult.file_name, JobResult.body)
"""A job with the file that it made; without one the last two columns are null."""

UNFINISHED_OF = select(func.count()).where(
    Job.organization_id == bindparam("organization_id"), Job.finished_at.is_(None)
)

_FREE = or_(
    Job.state == JobState.QUEUED,
    and_(Job.state == JobState.RUNNING, Job.lease_until <= bindparam("now", type_=Instant)),
)
WAITING = (
    select(Job)
    .join(Organization, _IN_LIVING)
    .where(Job.finished_at.is_(None), _FREE)
    .order_by(Job.created_at)
    .limit(1)
    .execution_options(**across("worker"))
)
"""The job that has waited longest for a process, also one whose process fell silent by `now`."""

WAITING_FOR_UPDATE = WAITING.with_for_update(of=Job, skip_locked=True)
