"""One HTTP method as one decorator: authenticate, parse, one transaction, one use-case, dump."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, Protocol

from api.errors import Refusal
from api.http.asked import Asked
from api.http.dry_run import as_of_seq
from api.http.expansion import query_of

if TYPE_CHECKING:
    from flask import Response
    from marshmallow import Schema

    from api.authz.policy import Action
    from api.http.answer import Answer
    from api.http.authentication import Caller
    from api.http.edge import Edge
    from api.http.filters import Listing
    from api.schemas.hypermedia import Download, Hypermedia, Rel

UseCase = Callable[..., object]


class HasEdge(Protocol):
    """A resource: it was given the edge when it was constructed."""

    edge: Edge


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class operation:  # noqa: N801  # used as a decorator
    """Serve one HTTP method, and describe it: the document is made from this object.

    `access` is who may come at all: `token` (a bearer token with the tag's scope), `optional`
    (a token, or nobody where the policy lets nobody in) or `public` (no credentials are read).
    `conditional` is whether `If-Match` is `required`, `honoured` where sent, or ignored.
    `statements` is the budget beside authentication; a read of one runs outside any transaction.
    The method receives what it names of `tx`, `actor`, the path's ids, and what `Asked` gives.
    `prepare` names the method that does slow work before the transaction; its result is `prepared`.
    `ahead` tells what the use-case reads first; `download` is a file answered instead of members.
    """

    summary: str
    tag: str
    action: Action | None = None
    description: str = ""
    access: Literal["token", "optional", "public"] = "token"
    returns: Hypermedia | None = None
    download: Download | None = None
    status: HTTPStatus = HTTPStatus.OK
    body: type[Schema] | None = None
    partial: bool = False
    body_optional: bool = False
    prepare: str | None = None
    ahead: Callable[..., Any] | None = None
    query: type[Schema] | None = None
    listing: Listing | None = None
    rels: tuple[Rel, ...] = ()
    raises: tuple[type[Refusal], ...] = ()
    conditional: Literal["required", "honoured"] | None = None
    replayable: bool = True
    dry_run: bool = False
    statements: int = 1
    rate: Literal["default", "registration", "login"] = "default"
    arguments: frozenset[str] = field(default=frozenset(), init=False)

    def __call__(self, method: Callable[..., object]) -> Callable[..., Response]:
        """Wrap the method of a resource; its arguments say what of the request it needs."""
        object.__setattr__(self, "arguments", frozenset(inspect.signature(method).parameters))
        verb = method.__name__.upper()
        object.__setattr__(self, "query", query_of(self, verb))

        @functools.wraps(method)
        def served(resource: HasEdge, **path: Any) -> Response:
            edge = resource.edge
            caller = edge.admit(self, verb, path)
            asked = Asked.read(self, verb)
            answer = edge.keys.replay(caller, asked)
            if answer is None:
                asked.validate()
                if self.prepare is not None:
                    asked.prepared = getattr(resource, self.prepare)(asked)
                answer = _answered(functools.partial(method, resource, **path), edge, caller, asked)
            return edge.respond(answer, asked)

        served.operation = self  # type: ignore[attr-defined]  # the URL map and the document read it
        return served


def _answered(use_case: UseCase, edge: Edge, caller: Caller, asked: Asked) -> Answer:
    try:
        return _in_one_transaction(use_case, edge, caller, asked)
    except Refusal as refusal:
        # A twin with the same key may have committed while this one waited for a lock: then its
        # answer is ours too, whatever this one is refused with.
        if not refusal.may_be_for_a_twin or (replay := edge.keys.find(caller, asked)) is None:
            raise
        return replay


def _in_one_transaction(use_case: UseCase, edge: Edge, caller: Caller, asked: Asked) -> Answer:
    with edge.transaction(asked.served, asked) as tx:
        tx.foreseen = caller.foreseen
        try:
            result = use_case(**asked.arguments(tx, caller))
        except Refusal as refusal:
            if asked.is_dry:
                refusal.members["as_of_seq"] = as_of_seq(tx)
            raise
        edge.ensure_judged(asked.served, caller)
        answer = edge.dump(asked.served, tx, asked, result)
        edge.keys.remember(tx, caller, asked, answer)
    return answer
