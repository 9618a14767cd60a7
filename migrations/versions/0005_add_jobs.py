"""Add jobs and what they make, and the scopes of jobs to tokens that were issued for everything."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from api.models.base import Identifier, Instant, Json, SortedText
from api.models.schema_info import stand_at

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Releases before would erase a student, and leave the files of exports that hold the name.
OLDEST_RELEASE = "1.0.0"
OLDEST_RELEASE_BEFORE = "0.1.0"

_TAGS = ("account", "catalogue", "organizations", "people", "registrations")
_EVERY_SCOPE_BEFORE = sorted(f"{tag}:{verb}" for tag in _TAGS for verb in ("read", "write"))
_EVERY_SCOPE = sorted([*_EVERY_SCOPE_BEFORE, "jobs:read", "jobs:write"])
_TOKENS = sa.table("tokens", sa.column("scopes", Json))


def upgrade() -> None:
    _add_jobs()
    op.create_index("ix_jobs_expires_at", "jobs", ["expires_at"])
    op.create_index(
        "ix_jobs_organization_id_created_at_id", "jobs", ["organization_id", "created_at", "id"]
    )
    op.create_index(
        "ix_jobs_unfinished",
        "jobs",
        ["created_at"],
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "job_results",
        sa.Column("job_id", Identifier, nullable=False),
        sa.Column("organization_id", Identifier, nullable=False),
        sa.Column("file_name", SortedText, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "job_id"],
            ["jobs.organization_id", "jobs.id"],
            name=op.f("fk_job_results_organization_id_job_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_results")),
    )
    op.create_index(
        "ix_job_results_organization_id_job_id", "job_results", ["organization_id", "job_id"]
    )
    _reissue(_EVERY_SCOPE_BEFORE, _EVERY_SCOPE)
    stand_at(op.get_bind(), revision, OLDEST_RELEASE)


def downgrade() -> None:
    _reissue(_EVERY_SCOPE, _EVERY_SCOPE_BEFORE)
    op.drop_table("job_results")
    op.drop_table("jobs")
    stand_at(op.get_bind(), down_revision, OLDEST_RELEASE_BEFORE)


def _add_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", Identifier, nullable=False),
        sa.Column("organization_id", Identifier, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("format", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("error", Json, nullable=True),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("interruptions", sa.Integer(), nullable=False),
        sa.Column("lease_until", Instant, nullable=True),
        sa.Column("requested_by", Identifier, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("started_at", Instant, nullable=True),
        sa.Column("finished_at", Instant, nullable=True),
        sa.Column("expires_at", Instant, nullable=False),
        *_checks(),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_jobs_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_jobs_organization_id_id")),
    )


def _checks() -> list[sa.CheckConstraint]:
    states = ("queued", "running", "succeeded", "failed", "cancelled")
    rules = {
        "kind_known": _one_of("kind", ["export"]),
        "format_known": _one_of("format", ["oneroster-1.1"]),
        "state_known": _one_of("state", states),
        "progress_in_range": "progress BETWEEN 0 AND 100",
        "leased_if_running": "(state = 'running') = (lease_until IS NOT NULL)",
        "finished_has_its_time": "(state IN ('queued', 'running')) = (finished_at IS NULL)",
        "failed_says_why": "(state = 'failed') = (error IS NOT NULL)",
    }
    return [sa.CheckConstraint(rule, name=op.f(f"ck_jobs_{name}")) for name, rule in rules.items()]


def _one_of(column: str, values: Sequence[str]) -> str:
    if op.get_bind().dialect.name == "postgresql":
        return f"{column} = ANY ('{{{','.join(values)}}}'::text[])"
    return f"{column} IN ({', '.join(map(repr, values))})"


def _reissue(before: Sequence[str], after: Sequence[str]) -> None:
    """Give tokens that may do everything what everything is from now on."""
    statement = _TOKENS.update().where(_TOKENS.c.scopes == sa.literal(list(before), Json))
    op.execute(statement.values(scopes=list(after)))
