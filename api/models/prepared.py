"""Statements that are compiled once and then go straight to the driver.

Of a read by key, SQLAlchemy's and psycopg's own steps from statement to rows take two thirds of
the time. A statement that is a constant needs them once: here its SQL, the order of its
parameters and the converters of its columns are kept, and on PostgreSQL it is prepared on each
connection by name. An autocommit read that fails here is run again the ordinary way, which knows
every failure and what to do about it; within a transaction of PostgreSQL nothing can be tried
again, so there the failure is SQLAlchemy's as well.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any, Final, cast

import orjson
import psycopg
from psycopg.adapt import PyFormat
from psycopg.pq.abc import PGresult
from sqlalchemy import (
    JSON,
    Connection,
    Enum,
    Executable,
    Insert,
    LargeBinary,
    Row,
    Select,
    TextualSelect,
)
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from api.models import libpq
from api.models.ahead import Question
from api.models.engines import Dialect
from api.models.tenancy import names_its_organization

DIALECTS: Final[Mapping[Dialect, DefaultDialect]] = {
    "postgresql": PGDialect_psycopg(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]  # SQLAlchemy has no types here
    "sqlite": SQLiteDialect_pysqlite(paramstyle="qmark"),
}

LONGEST_LIST: Final = 2
"""Elements of a list up to which a length is worth a statement of its own."""

Constant = Select[Any] | TextualSelect | Insert
"""The kinds of statement that can be kept ready."""

Convert = Callable[[Any], Any]
_TEXT: Final = 25  # the type `text` in the catalogue of PostgreSQL

# Not by address: that of a statement thrown away comes again, while its name lives on in sessions.
_numbers = count(1)


Lengths = tuple[tuple[str, int], ...]
"""How long each list is that stands behind an IN: it is part of the SQL."""


@dataclass(frozen=True, slots=True)
class Bind:
    """One parameter in its place; `index` is set where it is an element of a list."""

    name: str
    index: int | None
    default: Any
    convert: Convert | None
    is_bytes: bool

    def as_sent(self, value: Any) -> Any:
        """The value as the driver takes it."""
        if self.index is not None:
            value = value[self.index]
        return value if self.convert is None else self.convert(value)


class Prepared:
    """One constant statement for one database, and for lists of these lengths."""

    def __init__(self, statement: Constant, dialect: Dialect, lengths: Lengths) -> None:
        kind = DIALECTS[dialect]
        compiled = statement.compile(dialect=kind)
        assert isinstance(compiled, SQLCompiler), "these are compiled to SQL"
        values = dict.fromkeys(compiled.binds)
        lists = {name: [None] * length for name, length in lengths}
        expanded = compiled.construct_expanded_state({**values, **lists}, escape_names=False)
        self.sql = expanded.statement
        # A statement that names no organization goes the ordinary way, where that is looked into;
        # so does one with columns whose values SQLAlchemy would work out.
        self.is_usable = names_its_organization(self.sql) and not compiled.insert_prefetch
        self.name = f"homeroom_{next(_numbers)}".encode()
        elements = {
            element: (name, index)
            for name, parts in expanded.parameter_expansion.items()
            for index, element in enumerate(parts)
        }
        self.binds = [
            _bind(compiled, *elements.get(name, (name, None)))
            for name in expanded.positiontup or ()
        ]
        # Bytes as they are; as text they would be twice as many, to be read digit by digit.
        self.formats = [PyFormat.BINARY if bind.is_bytes else PyFormat.TEXT for bind in self.binds]
        self._given = [(bind.name, bind.default) for bind in self.binds]
        self._changed = [
            (place, bind.as_sent)
            for place, bind in enumerate(self.binds)
            if bind.index is not None or bind.convert is not None
        ]
        columns = compiled._result_columns  # noqa: SLF001  # the compiler's only list of them
        converters = [_converter(column.type, kind) for column in columns]
        self._documents = [converter is _from_json for converter in converters]
        self._converters = [(i, one) for i, one in enumerate(converters) if one is not None]
        self._make = _row_type([column.keyname for column in columns])

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The parameters in the statement's order, as the driver takes them."""
        values = [parameters.get(name, default) for name, default in self._given]
        for place, as_sent in self._changed:
            values[place] = as_sent(values[place])
        return values

    def loaded_as(self, result: PGresult) -> list[int]:
        """The types by which psycopg is to load the columns: JSON as text, which is read here."""
        return [
            _TEXT if is_document else result.ftype(index)
            for index, is_document in enumerate(self._documents)
        ]

    def row(self, raw: Sequence[Any]) -> Row[Any]:
        """A row of the driver as a named tuple, which is what SQLAlchemy's rows are, too.

        A column of theirs is found by way of an exception, which takes ten times as long.
        """
        values = list(raw)
        for index, convert in self._converters:
            values[index] = convert(values[index])
        return self._make(values)


@lru_cache(maxsize=libpq.KEPT)
def prepared(statement: Constant, dialect: Dialect, lengths: Lengths = ()) -> Prepared:
    """The compiled form of a statement; statements compare by identity."""
    return Prepared(statement, dialect, lengths)


@lru_cache(maxsize=libpq.KEPT)
def _uses(_statement: Constant) -> list[int]:
    return [0]


@lru_cache(maxsize=libpq.KEPT)
def _lists_of(statement: Constant, dialect: Dialect) -> tuple[str, ...]:
    """The parameters that are lists."""
    compiled = statement.compile(dialect=DIALECTS[dialect])
    return tuple(name for name, bind in compiled.binds.items() if bind.expanding)


def _is_new(statement: Constant) -> bool:
    # A statement that was put together for one call never comes again: it is not worth keeping.
    uses = _uses(statement)
    uses[0] += 1
    return uses[0] == 1


def rows(
    connection: Connection, dialect: Dialect, statement: Executable, parameters: Mapping[str, Any]
) -> list[Row[Any]] | None:
    """The rows of a constant read, or None where it must be run the ordinary way."""
    ready = _ready(dialect, statement, parameters) if isinstance(statement, Select) else None
    if ready is None:
        return None
    driver = connection.connection.driver_connection
    try:
        if isinstance(driver, sqlite3.Connection):
            found = driver.execute(ready.sql, ready.values(parameters)).fetchall()
        elif libpq.takes_names(driver):
            found = libpq.exchange(driver, ready, parameters)
        else:
            return None
    except (sqlite3.Error, psycopg.Error):
        return None
    return [ready.row(raw) for raw in found]


def rows_of_both(
    connection: Connection, first: Question, second: Question
) -> tuple[list[Row[Any]], list[Row[Any]]] | None:
    """The rows of two constant reads in one round trip, or None where each must be run alone."""
    driver = connection.connection.driver_connection
    if not libpq.takes_names(driver):
        return None
    asked = [
        (ready, one.parameters)
        for one in (first, second)
        if (ready := _ready("postgresql", one.statement, one.parameters)) is not None
    ]
    if len(asked) < len((first, second)):
        return None
    try:
        found = libpq.exchange_both(driver, asked[0], asked[1])
    except psycopg.Error:
        return None
    made = [[ready.row(raw) for raw in raws] for (ready, _), raws in zip(asked, found, strict=True)]
    return made[0], made[1]


def rows_in_transaction(
    connection: Connection,
    statement: Executable,
    parameters: Mapping[str, Any],
    *,
    commits: bool = False,
) -> list[Row[Any]] | None:
    """The rows of a constant statement of a transaction of PostgreSQL, which it begins if need be.

    None where it must be run the ordinary way. `commits`: that transaction ends with it, too.

    Raises:
        DBAPIError: as SQLAlchemy raises it.
    """
    driver = connection.connection.driver_connection
    if not libpq.takes_names(driver):
        return None
    is_kind = isinstance(statement, Select | TextualSelect | Insert)
    ready = _ready("postgresql", cast("Constant", statement), parameters) if is_kind else None
    if ready is None:
        return None
    try:
        found = libpq.exchange(driver, ready, parameters, begins=True, ends=commits)
    except psycopg.Error as error:
        raise libpq.failed(connection, ready.sql, error) from error
    return [ready.row(raw) for raw in found]


def _ready(dialect: Dialect, statement: Constant, parameters: Mapping[str, Any]) -> Prepared | None:
    if _is_new(statement):
        return None
    lists = _lists_of(statement, dialect)
    lengths = tuple([(name, len(parameters[name])) for name in lists]) if lists else ()
    if any(length > LONGEST_LIST for _, length in lengths):
        return None
    ready = prepared(statement, dialect, lengths)
    return ready if ready.is_usable else None


def _converter(kind: TypeEngine[Any], dialect: DefaultDialect) -> Convert | None:
    """The function from the driver's value to ours; those that SQLAlchemy has are slower."""
    if isinstance(kind, Enum) and kind.enum_class is not None:
        known: dict[str | None, Any] = {str(one.value): one for one in kind.enum_class}
        known[None] = None
        return known.__getitem__
    if dialect.name == "postgresql" and isinstance(kind, JSON):
        return _from_json
    converter: Convert | None = kind._cached_result_processor(dialect, None)  # noqa: SLF001  # as the engine does
    return converter


def _row_type(names: list[str]) -> Callable[[Iterable[Any]], Row[Any]]:
    """A kind of named tuple, made from the values in the order of `names`."""
    kind = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024  # one for each statement
    make: Any = kind._make
    return make  # type: ignore[no-any-return]  # it has what is used of SQLAlchemy's rows


def _from_json(text: str | None) -> Any:
    # Most lists are empty.
    return [] if text == "[]" else None if text is None else orjson.loads(text)


def _bind(compiled: SQLCompiler, name: str, index: int | None) -> Bind:
    bind = compiled.binds[name]
    convert = bind.type._cached_bind_processor(compiled.dialect)  # noqa: SLF001  # as the engine does
    is_bytes = isinstance(bind.type, LargeBinary)
    return Bind(name, index, bind.effective_value, convert, is_bytes)
