"""Let PostgreSQL store the values that a column may have as one constant, and not one by one.

It reads the CHECKs of a table from their stored form at each statement that writes to it: taking a
seat read five such lists. The values stay the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from alembic import op

from api.models.schema_info import stand_at

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OLDEST_RELEASE = "0.1.0"

_ROLES = ("owner", "registrar", "instructor", "student")
_REGISTRATION_STATES = (
    *("pending", "waitlisted", "offered", "enrolled", "completed", "dropped", "withdrawn"),
    *("removed", "rejected", "declined", "expired", "left", "cancelled"),
)
_LISTS: Sequence[tuple[str, str, Sequence[str]]] = (
    ("events", "stream_kind", ("class", "org", "room", "user")),
    ("organizations", "conflict_policy", ("block", "warn", "ignore")),
    ("members", "role", _ROLES),
    ("invitations", "role", _ROLES),
    ("classes", "status", ("draft", "open", "closed", "cancelled", "ended")),
    ("classes", "waitlist_mode", ("offer", "auto")),
    ("students", "status", ("active", "inactive", "erased")),
    ("registrations", "state", _REGISTRATION_STATES),
    ("sessions", "status", ("scheduled", "cancelled")),
)


def upgrade() -> None:
    _check(lambda column, values: f"{column} = ANY ('{{{','.join(values)}}}'::text[])")
    stand_at(op.get_bind(), revision, OLDEST_RELEASE)


def downgrade() -> None:
    _check(lambda column, values: f"{column} IN ({', '.join(map(repr, values))})")
    stand_at(op.get_bind(), down_revision, OLDEST_RELEASE)


def _check(written: Callable[[str, Sequence[str]], str]) -> None:
    # SQLite keeps what 0001 gave it: it reads a CHECK once, with the schema.
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, column, values in _LISTS:
        name = f"ck_{table}_{column}_known"
        # In one statement, so that no row is ever free of it.
        op.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT {name},"
            f" ADD CONSTRAINT {name} CHECK ({written(column, values)})"
        )
