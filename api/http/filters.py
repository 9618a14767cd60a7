"""What a list can be filtered, sorted and expanded by: declared once, for parsing, SQL and docs."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from marshmallow import Schema, fields

from api.http.cursors import Cursors, fingerprint
from api.http.query_fields import (
    Flag,
    Fragment,
    InstantParameter,
    Names,
    Number,
    Order,
    Several,
)
from api.models.listing import Column, Position, Shape, Window, like_pattern
from api.schemas import fields as members
from api.schemas.base import Parameters

_LONGEST_CURSOR = 4096
_MOST_SORTS = 4
_OPERATOR_WORDS: Mapping[str, str] = {
    "eq": "is this",
    "ne": "is not this",
    "in": "is one of these, at most 100, separated by commas",
    "gte": "is at least this",
    "lt": "is less than this",
    "contains": "contains this, 2 to 64 characters, in upper or lower case",
    "is_null": "has no value (`true`) or has one (`false`)",
}

Kind = Callable[..., fields.Field[Any]]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Filter:
    """One member that a list can be narrowed by; made by the functions below.

    `fold` is the column with the folded text that `contains` searches.
    """

    column: Column
    kind: Kind
    operators: tuple[str, ...]
    fold: Column | None = None

    def parameters(self, name: str) -> dict[str, fields.Field[Any]]:
        """The query parameters of this filter on the member `name`."""
        return {
            name if operator == "eq" else f"{name}__{operator}": self._field(name, operator)
            for operator in self.operators
        }

    def _field(self, name: str, operator: str) -> fields.Field[Any]:
        metadata = {"description": f"Only where `{name}` {_OPERATOR_WORDS[operator]}."}
        if operator == "in":
            return Several(self.kind(), metadata=metadata)
        if operator == "contains":
            return Fragment(metadata=metadata)
        return Flag(metadata=metadata) if operator == "is_null" else self.kind(metadata=metadata)


def text(column: Any, *, fold: Any = None, nullable: bool = False) -> Filter:
    """A text, compared by characters; `contains` needs the column with its folded form."""
    operators = ("eq", "in", "contains") if fold is not None else ("eq", "in")
    return _filter(column, members.Text, operators, nullable=nullable, fold=fold)


def number(column: Any, *, least: int, most: int, nullable: bool = False) -> Filter:
    """A whole number within bounds."""

    def kind(**options: Any) -> fields.Field[Any]:
        return Number(least, most, **options)

    return _filter(column, kind, ("eq", "gte", "lt"), nullable=nullable)


def instant(column: Any, *, nullable: bool = False) -> Filter:
    """A moment, with an offset in the query."""
    return _filter(column, InstantParameter, ("eq", "gte", "lt"), nullable=nullable)


def day(column: Any, *, nullable: bool = False) -> Filter:
    """A day of the calendar."""
    return _filter(column, members.Date, ("eq", "gte", "lt"), nullable=nullable)


def choice(column: Any, choices: type[enum.Enum], *, nullable: bool = False) -> Filter:
    """One of the values of an enumeration."""

    def kind(**options: Any) -> fields.Field[Any]:
        return members.Enum(choices, **options)

    return _filter(column, kind, ("eq", "ne", "in"), nullable=nullable)


def identifier(column: Any, prefix: str, *, nullable: bool = False) -> Filter:
    """The id of another resource."""

    def kind(**options: Any) -> fields.Field[Any]:
        return members.Id(prefix, **options)

    return _filter(column, kind, ("eq", "in"), nullable=nullable)


def flag(column: Any, *, nullable: bool = False) -> Filter:
    """True or false."""
    return _filter(column, Flag, ("eq",), nullable=nullable)


def _filter(
    column: Any, kind: Kind, operators: tuple[str, ...], *, nullable: bool, fold: Any = None
) -> Filter:
    allowed = (*operators, "is_null") if nullable else operators
    return Filter(column=column, kind=kind, operators=allowed, fold=fold)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one request wants of a list."""

    window: Window
    list_name: str
    count: bool
    expand: tuple[str, ...]
    members: tuple[str, ...] | None
    """The members of each item to show, beside `id` and `_links`; None shows all."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Listing:
    """One list: the source of its query schema, its documentation and its SQL.

    `name` is unique, for cursors. `sorts` are columns that are never null. `tiebreak` is a unique
    column. `members` are the members that `fields` may name, `expands` the paths of `expand`.
    """

    name: str
    tiebreak: Any
    sorts: Mapping[str, Any]
    default_sort: str
    filters: Mapping[str, Filter] = field(default_factory=dict)
    expands: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    extra: Mapping[str, fields.Field[Any]] = field(default_factory=dict)
    """Parameters of the operation itself, which do not narrow the list."""
    limit_default: int = 25
    limit_most: int = 100
    schema: type[Schema] = field(init=False)
    template: str = field(init=False)
    """The query as a URI template (RFC 6570 section 3.2.8)."""

    def __post_init__(self) -> None:
        parameters: dict[str, Any] = {}
        for name, declared in self.filters.items():
            parameters |= declared.parameters(name)
        parameters |= self._page_parameters() | dict(self.extra)
        title = self.name.title().replace("_", "").replace("-", "")
        schema = Parameters.from_dict(parameters, name=f"{title}Query")
        object.__setattr__(self, "schema", schema)
        object.__setattr__(self, "template", f"{{?{','.join(parameters)}}}")

    def read(self, query: Mapping[str, Any], cursors: Cursors) -> Wanted:
        """Turn what `schema` loaded into a window on the list.

        Raises:
            InvalidCursor, CursorMismatch: the cursor is not ours, or not of this filter and sort.
        """
        conditions = [
            (name, operator, query[parameter])
            for parameter, name, operator in _filter_parameters(self)
            if parameter in query
        ]
        order = query["sort"]
        list_name = fingerprint(self.name, repr(order), repr(conditions))
        cursor = query.get("cursor")
        position = cursors.open(cursor, list_name) if cursor is not None else None
        asked = tuple((name, _resolved(operator, value)) for name, operator, value in conditions)
        shape = _shape(self, asked, order, _begins(position))
        window = Window(shape=shape, limit=query["limit"], values=_values(conditions, position))
        return Wanted(
            window=window,
            list_name=list_name,
            count=query["count"],
            expand=query.get("expand", ()),
            members=query.get("fields"),
        )

    def _page_parameters(self) -> dict[str, Any]:
        most, default = self.limit_most, self.limit_default
        described = {
            "limit": Number(
                1, most, load_default=default, metadata=_described("Items a page.", default)
            ),
            "cursor": members.Text(
                1, _LONGEST_CURSOR, metadata=_described("From a link of another page; opaque.")
            ),
            "sort": Order(
                [*self.sorts],
                most=_MOST_SORTS,
                load_default=tuple(self.default_sort.split(",")),
                metadata=_described(
                    f"Names to sort by, `-` before one turns it around: {', '.join(self.sorts)}.",
                    self.default_sort,
                ),
            ),
            "count": Flag(
                load_default=False,
                metadata=_described("Also count the items, up to 10,000.", default=False),
            ),
        }
        if self.expands:
            words = f"What to embed, separated by commas: {', '.join(self.expands)}."
            described["expand"] = Names(self.expands, metadata=_described(words))
        if self.members:
            words = "Members to show, separated by commas; `id` and `_links` are always shown."
            described["fields"] = Names(self.members, metadata=_described(words))
        return described


def _described(description: str, default: object = None) -> dict[str, Any]:
    documented = {} if default is None else {"default": default}
    return {"description": description, **documented}


@lru_cache(maxsize=256)
def _filter_parameters(listing: Listing) -> Sequence[tuple[str, str, str]]:
    """Every filter parameter of the list with its member and its operator."""
    return [
        (name if operator == "eq" else f"{name}__{operator}", name, operator)
        for name, declared in listing.filters.items()
        for operator in declared.operators
    ]


@lru_cache(maxsize=1024)
def _shape(
    listing: Listing,
    asked: tuple[tuple[str, str], ...],
    order: tuple[str, ...],
    begins: Literal["first", "after", "before"],
) -> Shape:
    conditions = tuple(
        (_searched(listing.filters[name], operator), operator) for name, operator in asked
    )
    keys = [(listing.sorts[name.removeprefix("-")], name.startswith("-")) for name in order]
    if all(column is not listing.tiebreak for column, _ in keys):
        # The same way as the last key, so that the position compares as one row where it can.
        keys.append((listing.tiebreak, keys[-1][1]))
    return Shape(
        conditions=conditions,
        keys=tuple(keys),
        has_position=begins != "first",
        backward=begins == "before",
    )


def _begins(position: Position | None) -> Literal["first", "after", "before"]:
    if position is None:
        return "first"
    return "before" if position.backward else "after"


def _searched(declared: Filter, operator: str) -> Column:
    if operator == "contains":
        assert declared.fold is not None, "`contains` is declared only with a folded column"
        return declared.fold
    return declared.column


def _resolved(operator: str, value: Any) -> str:
    return "is_not_null" if operator == "is_null" and not value else operator


def _values(
    conditions: Sequence[tuple[str, str, Any]], position: Position | None
) -> dict[str, Any]:
    values = {
        f"filter_{index}": like_pattern(value) if operator == "contains" else value
        for index, (_, operator, value) in enumerate(conditions)
        if operator != "is_null"
    }
    if position is not None:
        values |= {f"position_{index}": value for index, value in enumerate(position.values)}
    return values
