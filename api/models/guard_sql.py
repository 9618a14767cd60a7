"""What the guards ask in words that the two databases have differently."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from api.models.base import Instant, Json


class IdentifierSet(TypeDecorator[AbstractSet[UUID]]):
    """Any number of UUIDs as one parameter, so that the statement is the same for all of them.

    An array on PostgreSQL, on SQLite their bytes one after the other.
    """

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(ARRAY(Uuid()))
        return dialect.type_descriptor(LargeBinary())

    def process_bind_param(self, value: AbstractSet[UUID] | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return None if value is None else list(value)
        return b"".join(identifier.bytes for identifier in value)


class database_clock(FunctionElement[Any]):  # noqa: N801  # reads as an SQL function
    """The database's clock in milliseconds; SQLite is always given one instead."""

    inherit_cache = True
    type = Instant


class json_rows(FunctionElement[Any]):  # noqa: N801  # the same
    """The rows of a subquery as one JSON list of lists."""

    inherit_cache = True
    type = Json


class json_list(FunctionElement[Any]):  # noqa: N801  # the same
    """The parts as one JSON list; a part of the type Json stays what it is."""

    inherit_cache = True
    type = Json


class is_among(FunctionElement[Any]):  # noqa: N801  # the same
    """Whether an identifier is in a set of them, which is a parameter."""

    inherit_cache = True
    # Not Boolean: that SQLAlchemy compares with 1 on SQLite, which then uses no index for it.
    type = NullType()


class times_of(FunctionElement[Any]):  # noqa: N801  # the same
    """All the time from beginnings to ends in the rows of a subquery; PostgreSQL alone has it."""

    inherit_cache = True
    type = NullType()


class is_within(FunctionElement[Any]):  # noqa: N801  # the same
    """Whether some of the time from a beginning to an end is among `times_of`; SQLite says yes.

    It only spares a search, for which SQLite has nothing quicker.
    """

    inherit_cache = True
    type = NullType()


class minutes_after(FunctionElement[Any]):  # noqa: N801  # the same
    """An instant some whole minutes later, or earlier if they are negative."""

    inherit_cache = True
    type = Instant


class opaque(FunctionElement[Any]):  # noqa: N801  # the same
    """A column that a planner does not look through.

    SQLite would take `a = b AND b = c` for `a = c`, and begin with all sessions of an organization.
    PostgreSQL finds all indexes of a small table equally cheap and takes one for the order that it
    has, to merge by; it keeps that plan on a connection while the table grows, and so would begin
    with all registrations of an organization until its statistics are made anew.
    """

    inherit_cache = True


@compiles(database_clock)
def _clock_on_postgresql(_element: Any, _compiler: Any, **_: Any) -> str:
    return "date_trunc('milliseconds', clock_timestamp())"


@compiles(database_clock, "sqlite")
def _clock_on_sqlite(_element: Any, _compiler: Any, **_: Any) -> str:
    return "NULL"


@compiles(opaque)
def _opaque_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    column = compiler.process(element.clauses, **options)
    return f"coalesce({column}, {column})"


@compiles(opaque, "sqlite")
def _opaque_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


@compiles(is_among)
def _among_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    column, those = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY ({those})"


@compiles(is_among, "sqlite")
def _among_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    # Each part is written where it stands, for parameters are counted in that order.
    column, those = element.clauses
    written = compiler.process(column, **options)
    length = compiler.process(those, **options)
    sliced = compiler.process(those, **options)
    # Both S608: made by the compiler.
    starts = f"VALUES (1) UNION ALL SELECT n + 16 FROM place WHERE n + 16 < length({length})"  # noqa: S608
    slices = f"WITH RECURSIVE place(n) AS ({starts}) SELECT substr({sliced}, n, 16) FROM place"  # noqa: S608
    return f"{written} IN ({slices})"


@compiles(json_rows)
def _rows_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_agg(json_build_array({compiler.process(element.clauses, **options)}))"


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


@compiles(json_list)
def _list_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_build_array({compiler.process(element.clauses, **options)})"


@compiles(json_list, "sqlite")
def _list_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    written = [
        # What is a text there would else become a string.
        f"json({compiler.process(part, **options)})"
        if part.type is Json
        else compiler.process(part, **options)
        for part in element.clauses
    ]
    return f"json_array({', '.join(written)})"


@compiles(times_of)
def _times_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"range_agg(tstzrange({compiler.process(element.clauses, **options)}))"


@compiles(is_within)
def _within_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    begins, ends, times = (compiler.process(part, **options) for part in element.clauses)
    return f"tstzrange({begins}, {ends}) && {times}"


@compiles(is_within, "sqlite")
def _within_on_sqlite(_element: Any, _compiler: Any, **_: Any) -> str:
    return "1"


@compiles(minutes_after)
def _later_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    instant, minutes = (compiler.process(part, **options) for part in element.clauses)
    return f"({instant} + {minutes} * interval '1 minute')"


@compiles(minutes_after, "sqlite")
def _later_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    instant, minutes = (compiler.process(part, **options) for part in element.clauses)
    # Most organizations want no gap, and SQLite's strftime would be most of the time of a read.
    later = f"strftime('%Y-%m-%dT%H:%M:%fZ', {instant}, ({minutes}) || ' minutes')"
    return f"CASE {minutes} WHEN 0 THEN {instant} ELSE {later} END"
