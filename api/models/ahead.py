"""Reading ahead: what a request will ask next goes out with the look at its token.

It is a guess, made before it is known who asks. Right, it saves a round trip; wrong, it is thrown
away: rows count only for whoever then asks the very same question, and only for a moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select

FRESH_SECONDS: Final = 0.05
"""How long rows count as the present. The body comes after them, as slowly as its sender likes."""


class Question(NamedTuple):
    """A constant read with its values."""

    statement: Select[Any]
    parameters: Mapping[str, Any]


class Holder(NamedTuple):
    """What is known of the caller before the database was asked.

    `students`: who the caller was when this process last saw the token, None if it never did.
    `is_narrow`: as `Actor.is_narrow`, by then. `clock_now`: as `Transaction.given_now`.
    """

    token_hash: bytes
    students: Sequence[UUID] | None
    is_narrow: bool
    clock_now: datetime | None


class Ahead(NamedTuple):
    """What is sent, and the question that it answers if the caller is these students.

    An operation's `ahead` makes it, or None, of a `Holder` and the ids in the path.
    """

    sent: Question
    asked_by: Callable[[Sequence[UUID]], Question]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The rows that answer a question which nobody has asked yet."""

    question: Question
    rows: Sequence[Row[Any]]
    read_at: float = field(default_factory=monotonic)

    def answers(self, statement: Any, parameters: Mapping[str, Any]) -> bool:
        """Whether this is the question, word for word, and was answered just now."""
        is_it = statement is self.question.statement and parameters == self.question.parameters
        return is_it and monotonic() - self.read_at < FRESH_SECONDS
