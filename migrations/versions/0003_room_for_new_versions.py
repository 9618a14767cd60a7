"""Leave room on the pages of PostgreSQL for new versions of rows that every registration changes.

A version that fits on the page of the old one touches no index (a heap-only tuple); where the page
was full, taking a seat wrote to every index of `students` as well.
"""

from __future__ import annotations

from alembic import op

from api.models.schema_info import stand_at

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OLDEST_RELEASE = "0.1.0"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE students SET (fillfactor = 80)")
        op.execute("ALTER TABLE classes SET (fillfactor = 60)")
    stand_at(op.get_bind(), revision, OLDEST_RELEASE)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE classes RESET (fillfactor)")
        op.execute("ALTER TABLE students RESET (fillfactor)")
    stand_at(op.get_bind(), down_revision, OLDEST_RELEASE)
