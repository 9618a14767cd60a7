"""What the guards ask in words that the two databases have differently."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Uuid
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from api.models.base import Instant, Json


class database_clock(FunctionElement[Any]):  # noqa: N801  # reads as an SQL function
    """The database's clock in milliseconds; SQLite is always given one instead."""

    inherit_cache = True
    type = Instant


class json_rows(FunctionElement[Any]):  # noqa: N801  # the same
    """The rows of a subquery as one JSON list of lists."""

    inherit_cache = True
    type = Json


class minutes_after(FunctionElement[Any]):  # noqa: N801  # the same
    """An instant some whole minutes later."""

    inherit_cache = True
    type = Instant


class opaque(FunctionElement[Any]):  # noqa: N801  # the same
    """A column that the planner of SQLite does not look through.

    It would take `a = b AND b = c` for `a = c`, and begin with all sessions of an organization.
    """

    inherit_cache = True


@compiles(database_clock)
def _clock_on_postgresql(_element: Any, _compiler: Any, **_: Any) -> str:
    return "date_trunc('milliseconds', clock_timestamp())"


@compiles(database_clock, "sqlite")
def _clock_on_sqlite(_element: Any, _compiler: Any, **_: Any) -> str:
    return "NULL"


@compiles(opaque)
def _seen_through(element: Any, compiler: Any, **options: Any) -> str:
    written: str = compiler.process(element.clauses, **options)
    return written


@compiles(opaque, "sqlite")
def _opaque_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


@compiles(json_rows)
def _rows_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"jsonb_agg(jsonb_build_array({compiler.process(element.clauses, **options)}))"


@compiles(json_rows, "sqlite")
def _rows_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    written = [
        # An id is 16 bytes there, which JSON cannot hold.
        f"hex({compiler.process(column, **options)})"
        if isinstance(column.type, Uuid)
        else compiler.process(column, **options)
        for column in element.clauses
    ]
    return f"json_group_array(json_array({', '.join(written)}))"


@compiles(minutes_after)
def _later_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    instant, minutes = (compiler.process(part, **options) for part in element.clauses)
    return f"({instant} + {minutes} * interval '1 minute')"


@compiles(minutes_after, "sqlite")
def _later_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    instant, minutes = (compiler.process(part, **options) for part in element.clauses)
    # Most organizations want no gap, and SQLite's strftime would be most of the time of a read.
    later = f"strftime('%Y-%m-%dT%H:%M:%fZ', {instant}, {minutes} || ' minutes')"
    return f"CASE {minutes} WHEN 0 THEN {instant} ELSE {later} END"
