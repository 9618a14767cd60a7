"""Drop two columns that nothing reads.

`idempotency_keys.media_type`: every answer that is kept is JSON. `organizations.
instructor_may_override`: a right that the first release leaves out (docs/adr/0016).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.models.base import Json, SortedText
from api.models.schema_info import stand_at

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OLDEST_RELEASE = "0.1.0"


def upgrade() -> None:
    # By ALTER TABLE on SQLite, too (3.35, 2021): no table is made anew for it.
    op.drop_column("idempotency_keys", "media_type")
    op.drop_column("organizations", "instructor_may_override")
    stand_at(op.get_bind(), revision, OLDEST_RELEASE)


def downgrade() -> None:
    # With a default, which 0001 had none of: SQLite takes it away only by making the table anew.
    op.add_column(
        "organizations",
        sa.Column("instructor_may_override", Json, nullable=False, server_default="[]"),
    )
    op.add_column("idempotency_keys", sa.Column("media_type", SortedText, nullable=True))
    stand_at(op.get_bind(), down_revision, OLDEST_RELEASE)
