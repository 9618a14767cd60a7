"""From the Authorization header to the caller: one statement, read anew at every request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Request

from api.authz import secrets
from api.authz.actor import Actor, Membership
from api.errors import AuthenticationRequired, InsufficientScope, InvalidToken
from api.http.guesses import Guesses
from api.models import access
from api.models.ahead import Foreseen, Question
from api.models.database import Database
from api.services.token_uses import TokenUses

if TYPE_CHECKING:
    from api.http.operation import operation

BEARER = "bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks and from where, and whether an answer is kept under the request's key.

    `foreseen`: rows that were read ahead for the use-case.
    """

    actor: Actor
    address: str
    was_answered: bool = False
    foreseen: Foreseen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """Bearer tokens (RFC 6750), looked up by their hash; nothing of them is cached."""

    database: Database
    uses: TokenUses
    guesses: Guesses = field(default_factory=Guesses)

    def caller_of(self, request: Request, served: operation, path: Mapping[str, Any]) -> Caller:
        """The caller of this request, whose URL named `path`.

        Raises:
            AuthenticationRequired: no bearer token, and the operation needs one.
            InvalidToken: malformed, unknown, expired or revoked.
        """
        address = request.remote_addr or ""
        token = bearer_token(request)
        if served.access == "public" or (token is None and served.access == "optional"):
            return Caller(actor=Actor.nobody(), address=address)
        if token is None:
            raise AuthenticationRequired
        token_hash = secrets.hash_of(token)
        if not (self.guesses.has_seen(token_hash) or is_token(token)):
            raise InvalidToken
        look = _look(request, token_hash)
        with self.database.read() as tx:
            ahead = self.guesses.ahead(served, request, path, token_hash, tx.given_now())
            if ahead is None:
                rows, more = tx.all(look.statement, **look.parameters), None
            else:
                rows, more = tx.all_of_both(look, ahead.sent)
        now = self.database.clock.now()
        if not rows or access.is_over(rows[0], now):
            raise InvalidToken
        self.uses.note(rows[0].token_id, now)
        actor = _actor(rows)
        return Caller(
            actor=actor,
            address=address,
            was_answered=getattr(rows[0], "answered_by", None) is not None,
            foreseen=self.guesses.foreseen(ahead, token_hash, actor, more),
        )


def is_token(text: str) -> bool:
    """Whether a text has the form of a token: what has not is no work for the database."""
    return secrets.is_well_formed(text, secrets.TOKEN_PREFIX)


def _look(request: Request, token_hash: bytes) -> Question:
    key = request.environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return Question(access.BY_TOKEN, {"token_hash": token_hash})
    named = {"method": request.method, "path": request.path, "key": key.strip().strip('"')}
    return Question(access.BY_TOKEN_AND_KEY, {"token_hash": token_hash, **named})


def require_scope(actor: Actor, served: operation, verb: str) -> None:
    """Hold the token's scopes against the operation's tag.

    Raises:
        InsufficientScope: the token was issued for less.
    """
    scope = lacking_scope(actor, served, verb)
    if scope is not None:
        raise InsufficientScope(f"The token lacks the scope {scope}.", scope=scope)


def lacking_scope(actor: Actor, served: operation, verb: str) -> str | None:
    """The scope that the operation needs and the actor's token was not issued with."""
    if actor.token_id is None or served.access == "public":
        return None
    scope = f"{served.tag}:{'read' if verb == 'GET' else 'write'}"
    return None if scope in actor.scopes else scope


def bearer_token(request: Request) -> str | None:
    """The token of the Authorization header, if its scheme is Bearer."""
    scheme, _, token = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == BEARER else None


def _actor(rows: Any) -> Actor:
    first = rows[0]
    return Actor(
        user_id=first.user_id,
        token_id=first.token_id,
        scopes=frozenset(first.scopes),
        memberships={
            row.organization_id: Membership(
                row.member_id,
                row.organization_id,
                row.role,
                row.student_id,
                row.student_status,
            )
            for row in rows
            if row.organization_id is not None
        },
    )
