"""How a migration is run: on the connection that it is given, else on that of the application."""

from __future__ import annotations

from typing import Literal

from alembic import context
from flask import current_app  # noqa: TID251 - Flask-Migrate hands over the application only so
from sqlalchemy import Connection, Enum

import api.models
from api.models.base import Identifier, Instant, Json, SortedText, db

_OUR_TYPES = {
    repr(Identifier): "Identifier",
    repr(Instant): "Instant",
    repr(Json): "Json",
    repr(SortedText): "SortedText",
}


def by_our_name(kind: str, found: object, _: object) -> str | Literal[False]:
    """Write a column's type in a new revision as `api.models.base` calls it."""
    if kind == "type" and isinstance(found, Enum):
        return f"sa.String({found.length})"
    return _OUR_TYPES.get(repr(found), False) if kind == "type" else False


def can_be_compared(found: object, _name: object, kind: str, *_: object) -> bool:
    """Leave out an index that falls: SQLAlchemy reads it back from SQLite as one that rises."""
    return kind != "index" or getattr(found, "name", None) != "ix_registrations_line"


def run_on(connection: Connection) -> None:
    """Run what was asked for; the caller's transaction holds all of it or nothing."""
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        # SQLite alters a table by making it anew.
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
        render_item=by_our_name,
        include_object=can_be_compared,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("A migration looks at what it finds, so there is no script to print.")

given = context.config.attributes.get("connection")
if given is not None:
    run_on(given)
else:
    assert api.models.SchemaInfo is not None  # the import is what makes the metadata complete
    with current_app.extensions["migrate"].db.engine.begin() as connection:
        run_on(connection)
