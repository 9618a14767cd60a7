"""Tokens: issued for a password, shown once, listed and revoked by their owner."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.authz import secrets
from api.authz.actor import Actor
from api.authz.policy import Action, Policy
from api.authz.scopes import Scope
from api.errors import InvalidCredentials, NotFound
from api.ids import Ids
from api.models.database import Database, Transaction
from api.models.user import Token, User
from api.services.catalogue import NOWHERE
from api.services.judged import ALLOWED, Judged, Listed
from api.services.passwords import Passwords

DEFAULT_LIFETIME = dt.timedelta(days=30)
LONGEST_LIFETIME = dt.timedelta(days=365)
EVERY_SCOPE = sorted(Scope)

BY_USERNAME = select(User.id, User.password_hash).where(User.username == bindparam("username"))
OF_USER = select(Token).where(Token.user_id == bindparam("user_id"), Token.revoked_at.is_(None))
BY_ID = OF_USER.where(Token.id == bindparam("token_id"))


@dataclass(frozen=True, slots=True)
class Identity:
    """A user whose password was right; `new_hash` is set where the stored one is outdated."""

    user_id: UUID
    new_hash: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Bearer tokens. Only their hashes are kept, so that a stolen database opens nothing."""

    policy: Policy
    ids: Ids
    passwords: Passwords
    make_secret: Callable[[str], str] = secrets.new_secret

    def identify(self, database: Database, username: str, password: str) -> Identity:
        """Check a password, outside any transaction: it takes 20 ms of one core.

        Raises:
            InvalidCredentials: the same answer after the same time, whether the user exists or not.
        """
        folded = username.casefold()
        with database.read() as tx:
            # Basic may carry any character, and PostgreSQL takes no text with this one.
            row = None if "\x00" in folded else tx.first(BY_USERNAME, username=folded)
        stored = None if row is None else row.password_hash
        if not self.passwords.matches(stored, password) or row is None:
            raise InvalidCredentials
        is_outdated = self.passwords.is_outdated(row.password_hash)
        return Identity(row.id, self.passwords.hash(password) if is_outdated else None)

    def issue(
        self, tx: Transaction, actor: Actor, identity: Identity, wanted: Mapping[str, Any]
    ) -> Judged:
        """Issue a token to a user who was identified; its secret is in this answer alone.

        Raises:
            InvalidCredentials: the user was deleted since.
        """
        self.policy.require_nothing(actor, Action.ACCOUNT_CREATE)
        now = tx.now()
        seconds = wanted.get("expires_in_seconds")

        if identity.new_hash is not None:
            statement = update(User).where(User.id == identity.user_id)
            tx.execute(statement.values(password_hash=identity.new_hash))
        lifetime = DEFAULT_LIFETIME if seconds is None else dt.timedelta(seconds=seconds)
        secret, columns = self._new(identity.user_id, now, lifetime)
        columns["label"] = wanted.get("label")
        columns["scopes"] = sorted(wanted.get("scopes") or EVERY_SCOPE)
        try:
            row = tx.execute(insert(Token).values(**columns).returning(Token)).one()
        except IntegrityError as gone:
            raise InvalidCredentials from gone
        return Judged(SimpleNamespace(**row._asdict(), token=secret), {"revoke": ALLOWED})

    def issue_to(
        self,
        tx: Transaction,
        actor: Actor,
        user_ids: Sequence[UUID],
        *,
        lifetime: dt.timedelta = DEFAULT_LIFETIME,
        label: str | None = None,
    ) -> list[str]:
        """Issue a token of every scope to each of these users, as an operator; in their order.

        Raises:
            AuthenticationRequired, NotFound: anybody but an operator asks.
        """
        self.policy.require(actor, Action.DEPLOYMENT_OPERATE, NOWHERE)
        now = tx.now()
        issued = [self._new(user_id, now, lifetime) for user_id in user_ids]
        if issued:
            tx.execute(insert(Token), [{**columns, "label": label} for _, columns in issued])
        return [secret for secret, _ in issued]

    def mine(self, _tx: Transaction, actor: Actor) -> Listed:
        """The caller's tokens that were not revoked; expired ones until they are swept away."""
        user_id = self.policy.require_user(actor, Action.ACCOUNT_OWN)
        return Listed(
            select=OF_USER, parameters={"user_id": user_id}, judge=lambda _tx, rows: _judged(rows)
        )

    def get(self, tx: Transaction, actor: Actor, token_id: UUID | None) -> Judged:
        """One of the caller's tokens; None is the one that this request came with.

        Raises:
            NotFound: not the caller's, or revoked.
        """
        user_id = self.policy.require_user(actor, Action.ACCOUNT_OWN)
        row = tx.first(BY_ID, user_id=user_id, token_id=token_id or actor.token_id)
        if row is None:
            raise NotFound
        return _judged([row])[0]

    def revoke(self, tx: Transaction, actor: Actor, token_id: UUID | None) -> None:
        """End a token at once, everywhere.

        Raises:
            NotFound: not the caller's, or revoked already.
        """
        row = self.get(tx, actor, token_id).row
        tx.execute(update(Token).where(Token.id == row.id).values(revoked_at=tx.now()))

    def _new(
        self, user_id: UUID, now: dt.datetime, lifetime: dt.timedelta
    ) -> tuple[str, dict[str, Any]]:
        """A new secret, and the row that is kept in its place."""
        secret = self.make_secret(secrets.TOKEN_PREFIX)
        columns = {
            "id": self.ids.new(),
            "user_id": user_id,
            "hash": secrets.hash_of(secret),
            "shown_prefix": secrets.shown_of(secret),
            "label": None,
            "scopes": EVERY_SCOPE,
            "created_at": now,
            "expires_at": now + lifetime,
        }
        return secret, columns


def _judged(rows: Sequence[Row[Any]]) -> list[Judged]:
    return [Judged(row, {"revoke": ALLOWED}) for row in rows]
