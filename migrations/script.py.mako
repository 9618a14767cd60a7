"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.models.base import Identifier, Instant, Json, SortedText
from api.models.schema_info import stand_at

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None

OLDEST_RELEASE = "0.1.0"


def upgrade() -> None:
    ${upgrades if upgrades else ""}
    stand_at(op.get_bind(), revision, OLDEST_RELEASE)


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
