"""What use-cases hand to an edge: rows with verdicts, lists as queries, things just made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select

from api.errors import Block, LastOwner
from api.models.database import Transaction

FORBIDDEN = (Block("forbidden"),)
LAST_OWNER = (Block(LastOwner.code),)
ALLOWED: tuple[Block, ...] = ()

Verdicts = Mapping[str, tuple[Block, ...]]
"""Rel → the reasons why its call would be refused now; none means that it would succeed."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A row, and for each action on it what would stand in the way.

    `is_shared`: these verdicts are one object with those of all rows that no guard can
    tell from this one. `whole` is there where the row is brief, as `Listed.brief` has it, and reads
    it again with every column.
    """

    row: Any
    verdicts: Verdicts = field(default_factory=dict)
    is_shared: bool = False
    whole: Callable[[], Judged] | None = None

    def complete(self) -> Judged:
        """The same with every column."""
        return self if self.whole is None else self.whole()


@dataclass(frozen=True, slots=True)
class Made:
    """A row that an update-or-create has just created."""

    judged: Judged


Judge = Callable[[Transaction, Sequence[Row[Any]]], Sequence[Judged]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list as the query of what the caller may see; the edge filters, sorts and cuts it.

    `select` is a constant of its module, for statements are built once for each; what differs
    from call to call stands in `parameters`. `members` are shown beside `items`. `brief` gives the
    same rows with the columns that `judge` reads, their ids, versions and volatile members: all
    else of a version that was shown before is known.
    """

    select: Select[Any]
    brief: Select[Any] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    judge: Judge
    verdicts: Verdicts = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)


def permitted(may: bool) -> tuple[Block, ...]:  # noqa: FBT001  # reads as a sentence at each call
    """The verdict of an action on which only the policy has a say."""
    return ALLOWED if may else FORBIDDEN
