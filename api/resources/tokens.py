"""Tokens over HTTP: from a password to a bearer token, and back to none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from api.authz.actor import Actor
from api.authz.policy import Action
from api.errors import FieldError, InvalidCredentials, NotFound, RateLimited, ValidationFailed
from api.http.asked import Asked, basic_credentials
from api.http.edge import Edge
from api.http.filters import Listing, day, identifier, instant, text
from api.http.operation import operation
from api.http.restful import Resource
from api.models.database import Transaction
from api.models.user import Token
from api.schemas.accounts import ISSUED_TOKEN, TOKEN, CredentialsSchema
from api.schemas.dumping import members_of
from api.schemas.hypermedia import Rel
from api.services.judged import Judged, Listed
from api.services.tokens import Identity, Tokens

TAG = "account"
LISTING = Listing(
    name="tokens",
    tiebreak=Token.id,
    sorts={"created_at": Token.created_at, "expires_at": Token.expires_at},
    default_sort="-created_at",
    filters={
        "id": identifier(Token.id, "tok"),
        "label": text(Token.label, nullable=True),
        "created_at": instant(Token.created_at),
        "expires_at": instant(Token.expires_at),
        "last_used_on": day(Token.last_used_on, nullable=True),
    },
    members=tuple(name for name, _ in members_of(TOKEN.schema)),
)


@dataclass(kw_only=True, eq=False)
class TokenList(Resource):
    """The caller's tokens, and where new ones come from."""

    edge: Edge
    tokens: Tokens

    @operation(
        summary="List your tokens",
        tag=TAG,
        action=Action.ACCOUNT_OWN,
        returns=TOKEN,
        listing=LISTING,
        rels=(Rel(name="create", operation="create_token"),),
    )
    def get(self, *, tx: Transaction, actor: Actor) -> Listed:
        return self.tokens.mine(tx, actor)

    def identified(self, asked: Asked) -> Identity:
        """Check the password, before the transaction and after the throttle."""
        username, password = credentials_of(asked.body)
        self.edge.limits.spend_login(username.casefold())
        return self.tokens.identify(self.edge.database, username, password)

    @operation(
        summary="Issue a token",
        description="For the user name and password in the body, or in `Authorization: Basic`.",
        tag=TAG,
        action=Action.ACCOUNT_CREATE,
        access="public",
        rate="login",
        body=CredentialsSchema,
        body_optional=True,
        returns=ISSUED_TOKEN,
        status=HTTPStatus.CREATED,
        prepare="identified",
        replayable=False,
        raises=(InvalidCredentials, RateLimited),
    )
    def post(
        self, *, tx: Transaction, actor: Actor, body: Mapping[str, Any], prepared: Identity
    ) -> Judged:
        return self.tokens.issue(tx, actor, prepared, body)


@dataclass(kw_only=True, eq=False)
class TokenItem(Resource):
    """One of the caller's tokens."""

    edge: Edge
    tokens: Tokens

    @operation(
        summary="Read a token",
        tag=TAG,
        action=Action.ACCOUNT_OWN,
        returns=TOKEN,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, token_id: UUID) -> Judged:
        return self.tokens.get(tx, actor, token_id)

    @operation(
        summary="Revoke a token",
        description="It opens nothing from then on, for whoever holds it; your other tokens stay.",
        tag=TAG,
        action=Action.ACCOUNT_OWN,
        status=HTTPStatus.NO_CONTENT,
        replayable=False,
        raises=(NotFound,),
    )
    def delete(self, *, tx: Transaction, actor: Actor, token_id: UUID) -> None:
        self.tokens.revoke(tx, actor, token_id)


@dataclass(kw_only=True, eq=False)
class CurrentToken(Resource):
    """The token that the request came with."""

    edge: Edge
    tokens: Tokens

    @operation(
        summary="Read the token of this request",
        tag=TAG,
        action=Action.ACCOUNT_OWN,
        returns=TOKEN,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor) -> Judged:
        return self.tokens.get(tx, actor, None)

    @operation(
        summary="Revoke the token of this request",
        description="Logging out: it opens nothing from then on; your other tokens stay.",
        tag=TAG,
        action=Action.ACCOUNT_OWN,
        status=HTTPStatus.NO_CONTENT,
        replayable=False,
        raises=(NotFound,),
    )
    def delete(self, *, tx: Transaction, actor: Actor) -> None:
        self.tokens.revoke(tx, actor, None)


def credentials_of(body: Mapping[str, Any]) -> tuple[str, str]:
    """User name and password, of the Authorization header or of the body.

    Raises:
        ValidationFailed: neither has them.
    """
    sent = basic_credentials()
    if sent is not None:
        return sent
    missing = [name for name in ("username", "password") if name not in body]
    if missing:
        detail = "Send it here, or as Authorization: Basic."
        raise ValidationFailed([FieldError("required", detail, f"#/{name}") for name in missing])
    return body["username"], body["password"]
