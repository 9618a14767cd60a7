"""Jobs over HTTP: exports are asked for, watched, cancelled, and fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from api.authz.actor import Actor
from api.authz.policy import Action
from api.errors import Forbidden, NotFound, StateConflict
from api.http.edge import Edge
from api.http.filters import Listing, choice, identifier, instant, number
from api.http.operation import operation
from api.http.restful import Resource
from api.models.database import Transaction
from api.models.job import Job, JobFormat, JobKind, JobState
from api.schemas.dumping import members_of
from api.schemas.hypermedia import Rel
from api.schemas.jobs import ARCHIVE, JOB, ExportSchema, JobSchema
from api.services.jobs import Jobs
from api.services.judged import Judged, Listed

TAG = "jobs"
LISTING = Listing(
    name="exports",
    tiebreak=Job.id,
    sorts={"created_at": Job.created_at, "expires_at": Job.expires_at},
    default_sort="-created_at",
    filters={
        "id": identifier(Job.id, "job"),
        "kind": choice(Job.kind, JobKind),
        "format": choice(Job.format, JobFormat),
        "state": choice(Job.state, JobState),
        "progress": number(Job.progress, least=0, most=100),
        "requested_by": identifier(Job.requested_by, "usr"),
        "created_at": instant(Job.created_at),
        "started_at": instant(Job.started_at, nullable=True),
        "finished_at": instant(Job.finished_at, nullable=True),
        "expires_at": instant(Job.expires_at),
    },
    members=tuple(name for name, _ in members_of(JobSchema)),
)


@dataclass(kw_only=True, eq=False)
class ExportList(Resource):
    """The exports of an organization."""

    edge: Edge
    jobs: Jobs

    @operation(
        summary="List exports",
        description="Staff see them; for other members the list is empty.",
        tag=TAG,
        action=Action.EXPORT_LIST,
        returns=JOB,
        listing=LISTING,
        statements=2,
        rels=(Rel(name="create", operation="create_export", judged=True),),
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, organization_id: UUID) -> Listed:
        return self.jobs.exports(tx, actor, organization_id)

    @operation(
        summary="Export an organization",
        description="Its terms, courses, published classes, people and enrolments as OneRoster"
        " files, all of one moment. Three jobs of an organization may be under way at once.",
        tag=TAG,
        action=Action.EXPORT_CREATE,
        body=ExportSchema,
        body_optional=True,
        returns=JOB,
        status=HTTPStatus.ACCEPTED,
        raises=(NotFound, Forbidden, StateConflict),
    )
    def post(
        self, *, tx: Transaction, actor: Actor, organization_id: UUID, body: Mapping[str, Any]
    ) -> Judged:
        return self.jobs.export(tx, actor, organization_id, body)


@dataclass(kw_only=True, eq=False)
class JobItem(Resource):
    """One job."""

    edge: Edge
    jobs: Jobs

    @operation(
        summary="Read a job",
        description="Answers 200 in every state; read it each second or less often.",
        tag=TAG,
        action=Action.JOB_READ,
        returns=JOB,
        raises=(NotFound, Forbidden),
    )
    def get(self, *, tx: Transaction, actor: Actor, job_id: UUID) -> Judged:
        return self.jobs.get(tx, actor, job_id)

    @operation(
        summary="Cancel a job",
        description="What is queued is not begun, what runs ends at its next step; the job stays, "
        "with its state.",
        tag=TAG,
        action=Action.JOB_CANCEL,
        status=HTTPStatus.NO_CONTENT,
        raises=(NotFound, Forbidden, StateConflict),
    )
    def delete(self, *, tx: Transaction, actor: Actor, job_id: UUID) -> None:
        self.jobs.cancel(tx, actor, job_id)


@dataclass(kw_only=True, eq=False)
class JobResult(Resource):
    """The file that a job made."""

    edge: Edge
    jobs: Jobs

    @operation(
        summary="Fetch the result of a job",
        description="404 as long as there is none, once five newer exports are done, and once a"
        " student was erased: then ask for another export.",
        tag=TAG,
        action=Action.JOB_READ,
        download=ARCHIVE,
        raises=(NotFound, Forbidden),
    )
    def get(self, *, tx: Transaction, actor: Actor, job_id: UUID) -> Any:
        return self.jobs.result(tx, actor, job_id)
