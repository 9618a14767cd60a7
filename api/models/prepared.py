"""Reads that are compiled once and then go straight to the driver.

Of a read by key, SQLAlchemy's and psycopg's own steps from statement to rows take two thirds of
the time. A statement that is a constant needs them once: here its SQL, the order of its
parameters and the converters of its columns are kept, and on PostgreSQL it is prepared on each
connection by name. Rows are SQLAlchemy's own. Only autocommit reads come this way, and on SQLite
every read; whatever fails here is run again the ordinary way, which knows every failure and what
to do about it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any, Final

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus
from sqlalchemy import Connection, Executable, Row, Select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler

from api.models.engines import Dialect
from api.models.tenancy import names_its_organization

KEPT: Final = 512
"""Statements kept compiled, and prepared on each connection: the constants of the program, and
what clients make of its lists by filters and orders, of which there is no end."""

DIALECTS: Final[Mapping[Dialect, DefaultDialect]] = {
    "postgresql": PGDialect_psycopg(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]  # SQLAlchemy has no types here
    "sqlite": SQLiteDialect_pysqlite(paramstyle="qmark"),
}

LONGEST_LIST: Final = 2
"""Elements of a list up to which a length is worth a statement of its own."""

Convert = Callable[[Any], Any]

# Not by address: that of a statement thrown away comes again, while its name lives on in sessions.
_numbers = count(1)


class Failed(Exception):
    """The driver did not answer with rows; the ordinary way will say why."""


Lengths = tuple[tuple[str, int], ...]
"""How long each list is that stands behind an IN: it is part of the SQL."""


@dataclass(frozen=True, slots=True)
class Bind:
    """One parameter in its place; `index` is set where it is an element of a list."""

    name: str
    index: int | None
    default: Any
    convert: Convert | None

    def value(self, parameters: Mapping[str, Any]) -> Any:
        """The value as the driver takes it."""
        value = parameters.get(self.name, self.default)
        if self.index is not None:
            value = value[self.index]
        return value if self.convert is None else self.convert(value)


class Prepared:
    """One constant statement for one database, and for lists of these lengths."""

    def __init__(self, statement: Select[Any], dialect: Dialect, lengths: Lengths) -> None:
        kind = DIALECTS[dialect]
        compiled = statement.compile(dialect=kind)
        assert isinstance(compiled, SQLCompiler), "a select is compiled to SQL"
        values = dict.fromkeys(compiled.binds)
        lists = {name: [None] * length for name, length in lengths}
        expanded = compiled.construct_expanded_state({**values, **lists}, escape_names=False)
        self.sql = expanded.statement
        # A statement that names no organization goes the ordinary way, where that is looked into.
        self.is_usable = names_its_organization(self.sql)
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
        columns = compiled._result_columns  # noqa: SLF001  # the compiler's only list of them
        converters: list[Any] = [
            column.type._cached_result_processor(kind, None)  # noqa: SLF001  # as the engine does
            for column in columns
        ]
        self._metadata = SimpleResultMetaData([column.keyname for column in columns])
        self._converters = tuple(converters) if any(converters) else None

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The parameters in the statement's order, as the driver takes them."""
        return [bind.value(parameters) for bind in self.binds]

    def row(self, raw: Sequence[Any]) -> Row[Any]:
        """A row of the driver as SQLAlchemy's row."""
        return Row(
            self._metadata,
            self._converters,
            self._metadata._key_to_index,  # noqa: SLF001  # what its own results pass on
            raw,
        )


@lru_cache(maxsize=KEPT)
def prepared(statement: Select[Any], dialect: Dialect, lengths: Lengths = ()) -> Prepared:
    """The compiled form of a statement; statements compare by identity."""
    return Prepared(statement, dialect, lengths)


@lru_cache(maxsize=KEPT)
def _uses(_statement: Select[Any]) -> list[int]:
    return [0]


def _is_new(statement: Select[Any]) -> bool:
    # A statement that was put together for one call never comes again: it is not worth keeping.
    uses = _uses(statement)
    uses[0] += 1
    return uses[0] == 1


def rows(
    connection: Connection, dialect: Dialect, statement: Executable, parameters: Mapping[str, Any]
) -> list[Row[Any]] | None:
    """The rows of a constant statement, or None where it must be run the ordinary way."""
    if not isinstance(statement, Select) or _is_new(statement):
        return None
    lengths = tuple(
        (name, len(value)) for name, value in parameters.items() if isinstance(value, list | tuple)
    )
    if any(length > LONGEST_LIST for _, length in lengths):
        return None
    ready = prepared(statement, dialect, lengths)
    if not ready.is_usable:
        return None
    driver = connection.connection.driver_connection
    try:
        if isinstance(driver, sqlite3.Connection):
            found = driver.execute(ready.sql, ready.values(parameters)).fetchall()
        elif isinstance(driver, psycopg.Connection):
            found = _rows_of_postgresql(driver, ready, parameters)
        else:
            return None
    except (sqlite3.Error, psycopg.Error, Failed):
        return None
    return [ready.row(raw) for raw in found]


def _rows_of_postgresql(
    driver: psycopg.Connection[Any], ready: Prepared, parameters: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    if driver.prepare_threshold is None:
        # Behind a pooler of transactions a name may mean another server's statement.
        raise Failed
    server = driver.pgconn
    known: dict[bytes, None] = driver.__dict__.setdefault("_homeroom_prepared", {})
    if ready.name not in known:
        if len(known) >= KEPT:
            oldest = next(iter(known))
            del known[oldest]
            server.exec_(b"DEALLOCATE " + oldest)
        if server.prepare(ready.name, ready.sql.encode()).status != ExecStatus.COMMAND_OK:
            raise Failed
        known[ready.name] = None
    values = ready.values(parameters)
    adapt = Transformer(driver)
    sent: Any = adapt.dump_sequence(values, [PyFormat.TEXT] * len(values))
    result = server.exec_prepared(ready.name, sent)
    if result.status != ExecStatus.TUPLES_OK:
        raise Failed
    adapt.set_pgresult(result)
    return adapt.load_rows(0, result.ntuples, tuple)


def _bind(compiled: SQLCompiler, name: str, index: int | None) -> Bind:
    bind = compiled.binds[name]
    convert = bind.type._cached_bind_processor(compiled.dialect)  # noqa: SLF001  # as the engine does
    return Bind(name, index, bind.effective_value, convert)
