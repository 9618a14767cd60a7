"""What to read along with the look at a token, guessed from the URL before it is known who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from flask import Request
from sqlalchemy import Row

from api.authz.actor import Actor
from api.models.ahead import Ahead, Foreseen, Holder
from api.services.recent import Recent
from api.services.registration_doors import own_students

if TYPE_CHECKING:
    from api.http.operation import operation

TOKENS: Final = 1024
"""Of how many tokens at least it is known whose they were, some 300 bytes each."""


_Seen = tuple[Sequence[UUID], bool]
"""As whom a holder acts as a student, and whether the token was issued for less."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """Who the holders of tokens were when they last came: that decides what is read, not who may.

    A wrong guess costs a read that nobody asks for.
    """

    _seen: Recent[bytes, _Seen] = field(default_factory=lambda: Recent(TOKENS))

    def has_seen(self, token_hash: bytes) -> bool:
        """Whether this was a token not long ago."""
        return self._seen.find(token_hash) is not None

    def ahead(
        self,
        served: operation,
        request: Request,
        path: Mapping[str, Any],
        token_hash: bytes,
        clock_now: datetime | None,
    ) -> Ahead | None:
        """What the operation will read first, if that can be told from the URL."""
        # A query may name another student, or ask for what takes more statements than one.
        if served.ahead is None or request.environ.get("QUERY_STRING"):
            return None
        students, is_narrow = self._seen.find(token_hash) or (None, False)
        holder = Holder(token_hash, students, is_narrow, clock_now)
        guess: Ahead | None = served.ahead(holder, **path)
        return guess

    def foreseen(
        self,
        ahead: Ahead | None,
        token_hash: bytes,
        actor: Actor,
        rows: Sequence[Row[Any]] | None,
    ) -> Foreseen | None:
        """The rows that were read ahead, for the question of the caller as it turned out to be."""
        students = own_students(actor)
        seen = students, actor.is_narrow
        if self._seen.find(token_hash) != seen:
            self._seen.keep(token_hash, seen)
        if (
            ahead is None
            or rows is None
            or not {row.subject_id for row in rows} <= {*students, None}
        ):
            return None
        return Foreseen(ahead.asked_by(students), rows)
