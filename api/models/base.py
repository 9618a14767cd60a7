"""The metadata of all tables, the types of their columns, and Flask-SQLAlchemy's `db`."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from unicodedata import normalize
from uuid import UUID

import orjson
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Date,
    Enum,
    LargeBinary,
    MetaData,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.types import TypeDecorator

from api import clock

# The room for a state's name: more than any has, so that a longer one never rewrites a table.
CHOICE_LENGTH = 32


class _UuidBlob(TypeDecorator[UUID]):
    """A UUID as its 16 bytes, which sort as the number does."""

    impl = LargeBinary(16)
    cache_ok = True

    def process_bind_param(self, value: UUID | None, _: Dialect) -> bytes | None:
        return None if value is None else value.bytes

    def process_result_value(self, value: bytes | None, _: Dialect) -> UUID | None:
        return None if value is None else UUID(bytes=value)


class _InstantText(TypeDecorator[datetime]):
    """A UTC instant as text of fixed length, which sorts as time does."""

    impl = Text()
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> str | None:
        return None if value is None else clock.to_text(value)

    def process_result_value(self, value: str | None, _: Dialect) -> datetime | None:
        return None if value is None else clock.from_text(value)


class _JsonText(TypeDecorator[Any]):
    """JSON as text: SQLite would give a column that is declared JSON the affinity of numbers."""

    impl = Text()
    cache_ok = True

    def process_bind_param(self, value: Any, _: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, _: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


Identifier = Uuid().with_variant(_UuidBlob(), "sqlite")
Instant = TIMESTAMP(timezone=True, precision=3).with_variant(_InstantText(), "sqlite")
Json = JSONB(none_as_null=True).with_variant(_JsonText(), "sqlite")
# Sorts and compares by bytes on both: SQLite's default collation is BINARY already.
SortedText = Text(collation="C").with_variant(Text(), "sqlite")


def fold(text: str) -> str:
    """Bring a text to the form in which `contains` and unique names compare.

    Unicode's toNFKC_Casefold, but for characters that cannot be seen (section 3.13, definition
    D147): folding can undo the normal form, so it is made again.
    """
    return normalize("NFKC", normalize("NFKC", text).casefold())


def choice(choices: type[enum.StrEnum]) -> Enum:
    """The column type of one value of `choices`, stored as its text."""
    return Enum(
        choices,
        native_enum=False,
        create_constraint=False,
        length=CHOICE_LENGTH,
        values_callable=lambda members: [member.value for member in members],
    )


class _IsOneOf(ColumnElement[bool]):
    """Whether a column holds one of some values, as the two databases check it soonest."""

    inherit_cache = False

    def __init__(self, column: str, values: Iterable[str]) -> None:
        self.column, self.values = column, tuple(values)


@compiles(_IsOneOf)
def _is_one_of(element: _IsOneOf, _: Any, **_options: Any) -> str:
    values = ", ".join(f"'{value}'" for value in element.values)
    return f"{element.column} IN ({values})"


@compiles(_IsOneOf, "postgresql")
def _is_one_of_on_postgresql(element: _IsOneOf, _: Any, **_options: Any) -> str:
    # A CHECK is read from its stored form at each statement that writes to its table, whatever
    # column that changes; an IN is stored as an expression for each value, this as one constant.
    return f"{element.column} = ANY ('{{{','.join(element.values)}}}'::text[])"


def one_of(column: str, choices: type[enum.StrEnum]) -> CheckConstraint:
    """The constraint `<column>_known`, made from the enum so that the two cannot differ."""
    return CheckConstraint(_IsOneOf(column, choices), name=f"{column}_known")


class Base(DeclarativeBase):
    """The base of all tables. Rows are read with Core; no entity is ever loaded."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={
            UUID: Identifier,
            datetime: Instant,
            date: Date(),
            str: SortedText,
            bytes: LargeBinary(),
        },
    )


db = SQLAlchemy(model_class=Base)
