"""One page of a list as SQL: conditions, a keyset position, a total order, one row more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    tuple_,
)

from api.models.guard_sql import IdentifierSet, is_among

# Counting stops here: an exact count of a filtered million takes 59 ms, a stopped one 2 ms.
COUNTED_AT_MOST = 10_000
_SIZES = (11, 26, 51, 101)

Column = ColumnElement[Any]
SortValue = datetime | date | UUID | int | str
RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: after, or backward before, the row with these sort values."""

    values: tuple[SortValue, ...]
    backward: bool = False


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Shape:
    """What a page's statement looks like apart from its values; `keys` end with a unique column.

    Shapes compare by identity, so that statements are built once for each.
    """

    conditions: tuple[tuple[Column, str], ...]
    keys: tuple[tuple[Column, bool], ...]
    """Columns to sort by, each with whether it descends."""
    has_position: bool
    backward: bool

    @property
    def directions(self) -> tuple[tuple[Column, bool], ...]:
        """The keys as they are read: a page before a position is read backward."""
        return tuple((column, descends != self.backward) for column, descends in self.keys)


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT]):
    """The rows of one page, and the positions of its neighbours where there are any."""

    rows: Sequence[RowT]
    before: Position | None
    after: Position | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The part of a list that a caller asked for."""

    shape: Shape
    limit: int
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, Any]:
        """The values to run `over` and `counting` with, beside those of their base."""
        return dict(self.values)

    def over(self, base: Select[Any]) -> Select[Any]:
        """`base` narrowed to the page and a row more, or several. Built once for each of a kind.

        `base` is a module constant, selects a sort key under its own name, if at all, and has no
        order.
        """
        return _over(base, self.shape, self._most)

    @property
    def _most(self) -> int:
        # Written out: of a number that it does not know PostgreSQL thinks a tenth of the table, and
        # sorts all of it. In few sizes, so that statements are few.
        return next((size for size in _SIZES if size > self.limit), self.limit + 1)

    def counting(self, base: Select[Any]) -> Select[Any]:
        """How many rows the conditions leave of `base`, as one number up to 10,001."""
        return _counting(base, self.shape)

    def page(self, rows: Sequence[RowT]) -> Page[RowT]:
        """Put the rows that `over` gave in order and say where the neighbours are."""
        has_more = len(rows) > self.limit
        kept = rows[: self.limit]
        if self.shape.backward:
            kept = kept[::-1]
        if not kept:
            return Page(kept, None, None)
        # Whoever came from a position came past at least one row on that side.
        has_before = has_more if self.shape.backward else self.shape.has_position
        has_after = self.shape.backward or has_more
        names = [str(column.key) for column, _ in self.shape.keys]
        return Page(
            kept,
            _position(kept[0], names, backward=True) if has_before else None,
            _position(kept[-1], names, backward=False) if has_after else None,
        )


@dataclass(frozen=True, slots=True)
class Total:
    """A count that stops at 10,000; `is_exact` says whether it did not have to."""

    total: int
    is_exact: bool

    @classmethod
    def of(cls, counted: int) -> Total:
        """From the number that `Window.counting` gave."""
        return cls(min(counted, COUNTED_AT_MOST), counted <= COUNTED_AT_MOST)


def like_pattern(folded: str) -> str:
    """The LIKE pattern, escaped by a backslash, of texts that contain `folded` literally."""
    escaped = folded.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _position(row: Any, names: Sequence[str], *, backward: bool) -> Position:
    return Position(tuple(getattr(row, name) for name in names), backward)


@lru_cache(maxsize=256)
def named(base: Select[Any], identifier: Column) -> Select[Any]:
    """The rows of `base` whose identifier is among `ids`, a frozenset."""
    return base.where(is_among(identifier, bindparam("ids", type_=IdentifierSet)))


@lru_cache(maxsize=1024)
def _over(base: Select[Any], shape: Shape, most: int) -> Select[Any]:
    selected = base.selected_columns.keys()
    lacking = [column for column, _ in shape.keys if column.key not in selected]
    statement = base.add_columns(*lacking).where(*_conditions(shape))
    if shape.has_position:
        statement = statement.where(_beyond_position(shape.directions))
    order = (column.desc() if descends else column.asc() for column, descends in shape.directions)
    return statement.order_by(*order).limit(literal_column(str(most), Integer))


@lru_cache(maxsize=1024)
def _counting(base: Select[Any], shape: Shape) -> Select[Any]:
    matching: Select[Any] = (
        base.with_only_columns(literal_column("1").label("one"), maintain_column_froms=True)
        .where(*_conditions(shape))
        .limit(COUNTED_AT_MOST + 1)
    )
    return select(func.count()).select_from(matching.subquery())


def _conditions(shape: Shape) -> list[ColumnElement[bool]]:
    return [
        _condition(column, operator, f"filter_{index}")
        for index, (column, operator) in enumerate(shape.conditions)
    ]


def _condition(column: Column, operator: str, name: str) -> ColumnElement[bool]:
    bound = bindparam(name, type_=column.type, expanding=operator == "in")
    written: Mapping[str, Callable[[], ColumnElement[bool]]] = {
        "eq": lambda: column == bound,
        # A row without a value is another value's row too.
        "ne": lambda: column.is_distinct_from(bound),
        "gte": lambda: column >= bound,
        "lt": lambda: column < bound,
        "in": lambda: column.in_(bound),
        "contains": lambda: column.like(bound, escape="\\"),
        "is_null": lambda: column.is_(None),
        "is_not_null": lambda: column.is_not(None),
    }
    return written[operator]()


def _beyond_position(directions: Sequence[tuple[Column, bool]]) -> ColumnElement[bool]:
    bounds = [
        bindparam(f"position_{index}", type_=column.type)
        for index, (column, _) in enumerate(directions)
    ]
    columns = [column for column, _ in directions]
    falling = [descends for _, descends in directions]
    if len(set(falling)) == 1:
        # A comparison of rows is one range of an index; the long form below may not be.
        row, position = tuple_(*columns), tuple_(*bounds)
        return row < position if falling[0] else row > position
    first = columns[0] <= bounds[0] if falling[0] else columns[0] >= bounds[0]
    ties = [
        and_(
            *(columns[before] == bounds[before] for before in range(index)),
            columns[index] < bounds[index] if falling[index] else columns[index] > bounds[index],
        )
        for index in range(len(columns))
    ]
    return and_(first, or_(*ties))
