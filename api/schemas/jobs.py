"""Jobs as clients see them, and what is asked for with one."""

from __future__ import annotations

from api.models.job import JobFormat, JobKind, JobState
from api.schemas.base import Representation
from api.schemas.fields import Enum, Id, Instant, Integer, Part, Text
from api.schemas.hypermedia import Download, Hypermedia, Rel


class JobErrorSchema(Representation):
    """Why a job failed, as a problem document (RFC 9457) says it."""

    code = Text(1, 64, dump_only=True, metadata={"description": "The name of the problem."})
    title = Text(1, 200, dump_only=True, metadata={"description": "What kind of problem it is."})
    status = Integer(dump_only=True, metadata={"description": "As if it had been an answer."})
    detail = Text(1, 2000, dump_only=True, metadata={"description": "What happened here."})


class JobSchema(Representation):
    """What takes longer than a request, and how far it is."""

    id = Id("job", dump_only=True, metadata={"description": "Stable identifier."})
    organization_id = Id("org", dump_only=True, metadata={"description": "Whose it is."})
    kind = Enum(JobKind, dump_only=True, metadata={"description": "What it does."})
    format = Enum(JobFormat, dump_only=True, metadata={"description": "The form of its result."})
    state = Enum(
        JobState,
        dump_only=True,
        metadata={"description": "How far it is; `succeeded`, `failed`, `cancelled` are final."},
    )
    progress = Integer(0, 100, dump_only=True, metadata={"description": "Percent that are done."})
    error = Part(
        JobErrorSchema,
        nullable=True,
        dump_only=True,
        metadata={"description": "Why it failed; null unless it did."},
    )
    requested_by = Id("usr", dump_only=True, metadata={"description": "Who asked for it."})
    created_at = Instant(dump_only=True, metadata={"description": "When it was asked for."})
    started_at = Instant(
        nullable=True, dump_only=True, metadata={"description": "When it began; null: not yet."}
    )
    finished_at = Instant(
        nullable=True, dump_only=True, metadata={"description": "When it ended; null: not yet."}
    )
    expires_at = Instant(
        dump_only=True, metadata={"description": "From when on it is thrown away, with its result."}
    )


class ExportSchema(Representation):
    """What to export: everything that is published, and who is enrolled."""

    format = Enum(
        JobFormat,
        load_default=JobFormat.ONEROSTER_1_1,
        metadata={"description": "The form of the archive."},
    )


_PATH = {"job_id": "id"}

JOB = Hypermedia(
    schema=JobSchema,
    itself=Rel(name="self", operation="get_job", path=_PATH),
    rels=(
        Rel(name="result", operation="get_job_result", path=_PATH, judged=True),
        Rel(name="cancel", operation="delete_job", path=_PATH, judged=True),
        Rel(name="organization", operation="get_organization"),
    ),
)

ARCHIVE = Download(
    media_type="application/zip", words="The archive; of an export its files, each a CSV table."
)
