"""Schemas compiled to functions: from a row to the JSON value of each member it shows."""

from __future__ import annotations

import functools
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from marshmallow import Schema
from marshmallow.fields import Boolean, Field, Integer

Getter = Callable[[Any], Any]


@functools.cache
def members_of(schema: type[Schema]) -> tuple[tuple[str, Getter], ...]:
    """Each member that the schema shows, with a function from the row to its JSON value.

    A field whose metadata holds `derived` is computed by that function of the row; any other is
    read from the row's attribute of the same name. `volatile` in the metadata marks a member
    that changes without the row's version.
    """
    return tuple(
        (field.data_key or name, _getter(name, field))
        for name, field in schema().dump_fields.items()
    )


@functools.cache
def names_of(schema: type[Schema]) -> frozenset[str]:
    """Every member that the schema has, shown or taken."""
    return frozenset(field.data_key or name for name, field in schema().fields.items())


@functools.cache
def volatile_members_of(schema: type[Schema]) -> tuple[tuple[str, Getter], ...]:
    """The members that change without the row's version: their fields' metadata says so."""
    names = {
        field.data_key or name
        for name, field in schema().dump_fields.items()
        if field.metadata.get("volatile")
    }
    return tuple((name, get) for name, get in members_of(schema) if name in names)


@functools.cache
def volatile_of(schema: type[Schema]) -> Callable[[Any], tuple[Any, ...]]:
    """A function from a row to the values of its volatile members, in their order."""
    getters = tuple(get for _, get in volatile_members_of(schema))
    return lambda row: tuple([get(row) for get in getters])


def dumped(schema: type[Schema], row: Any) -> dict[str, Any]:
    """All members of a row as JSON values."""
    return {name: get(row) for name, get in members_of(schema)}


def _getter(name: str, field: Field[Any]) -> Getter:
    read: Getter = field.metadata.get("derived") or attrgetter(field.attribute or name)
    if isinstance(field, Integer | Boolean):
        # JSON has these as they are.
        return read
    serialize = field._serialize  # noqa: SLF001  # marshmallow's documented hook for a field's form

    def get(row: Any) -> Any:
        value = read(row)
        return None if value is None else serialize(value, name, row)

    return get
