"""Accounts: a user signs up, reads and changes what is their own, and leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.authz.actor import Actor
from api.authz.policy import Action, Policy
from api.errors import (
    Block,
    Busy,
    DuplicateName,
    FieldError,
    NotFound,
    SignupClosed,
    StaleVersion,
    ValidationFailed,
)
from api.ids import Ids
from api.models.database import Transaction
from api.models.user import Token, User
from api.services import organization_news
from api.services.catalogue import NOWHERE
from api.services.judged import ALLOWED, LAST_OWNER, Judged, Verdicts
from api.services.memberships import IS_LAST_OWNER, end_memberships
from api.services.passwords import Passwords

BY_ID = select(User, IS_LAST_OWNER.label("is_last_owner")).where(User.id == bindparam("user_id"))
BY_ID_FOR_UPDATE = BY_ID.with_for_update(of=User)
# The same as for an operator, below: against changes, and not against what refers to the row.
BY_ID_FOR_REMOVAL = BY_ID.with_for_update(of=User, key_share=True)
WITH_TOKEN = (
    select(User, Token.scopes, Token.expires_at.label("token_expires_at"))
    .join(Token, Token.user_id == User.id)
    .where(User.id == bindparam("user_id"), Token.id == bindparam("token_id"))
)
# Kept answers refer to the row: an operator must not wait behind one while holding the user.
NAMED_FOR_UPDATE = (
    select(User.id).where(User.username == bindparam("name")).with_for_update(key_share=True)
)
EVERYBODY = select(
    User.id,
    User.username,
    User.display_name,
    User.email,
    User.password_hash.is_not(None).label("has_password"),
    User.created_at,
).order_by(User.username)
PASSWORDS = frozenset({"password", "current_password"})
SIGNUP_CLOSED = (Block(SignupClosed.code),)
OWN: Verdicts = {"edit": ALLOWED, "delete": ALLOWED}
OWN_OF_LAST_OWNER: Verdicts = {**OWN, "delete": LAST_OWNER}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPassword:
    """A password that may take the place of the one whose hash is `instead_of`."""

    instead_of: str | None
    new_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Users see and change nobody but themselves; operators use the command line."""

    policy: Policy
    ids: Ids
    passwords: Passwords
    is_signup_open: bool

    @property
    def at_the_door(self) -> Verdicts:
        """What may be done by whoever has no account yet."""
        return {"users": ALLOWED if self.is_signup_open else SIGNUP_CLOSED}

    def hash_for_signup(self, new: Mapping[str, Any]) -> str:
        """Hash a new account's password, before any transaction.

        Raises:
            SignupClosed: people do not sign up by themselves here.
            ValidationFailed: the password is easily guessed.
        """
        if not self.is_signup_open:
            raise SignupClosed
        return self.passwords.hash_chosen(new["password"], username=new["username"])

    def sign_up(
        self, tx: Transaction, actor: Actor, new: Mapping[str, Any], password_hash: str | None
    ) -> Judged:
        """Make a user; without a hash nobody can log in as them.

        Raises:
            DuplicateName: the user name is taken.
        """
        self.policy.require_nothing(actor, Action.ACCOUNT_CREATE)
        now = tx.now()

        columns = {
            "id": self.ids.new(),
            "username": new["username"],
            "display_name": new.get("display_name"),
            "email": new.get("email"),
            "password_hash": password_hash,
            "created_at": now,
            "updated_at": now,
            "version": 1,
        }
        try:
            row = tx.execute(insert(User).values(**columns).returning(User)).one()
        except IntegrityError as taken:
            detail = f"The user name {new['username']} is taken."
            raise DuplicateName(detail, pointer="#/username") from taken
        return Judged(row, OWN)

    def get(self, tx: Transaction, actor: Actor, user_id: UUID) -> Judged:
        """The caller's own account.

        Raises:
            NotFound: somebody else's, or nobody's.
        """
        self._require_self(actor, user_id)
        row = tx.first(BY_ID, user_id=user_id)
        if row is None:
            raise NotFound
        return Judged(row, _verdicts(row))

    def me(self, tx: Transaction, actor: Actor) -> Judged:
        """The caller: user, token and memberships."""
        user_id = self.policy.require_user(actor, Action.ACCOUNT_OWN)
        row = tx.first(WITH_TOKEN, user_id=user_id, token_id=actor.token_id)
        if row is None:
            raise NotFound
        shown = SimpleNamespace(
            **row._asdict(),
            token_id=actor.token_id,
            memberships=sorted(actor.memberships.values(), key=lambda member: member.id),
        )
        return Judged(shown)

    def find_for_update(self, tx: Transaction, actor: Actor, user_id: UUID) -> Row[Any]:
        """The caller's own row, locked.

        Raises:
            NotFound: somebody else's.
        """
        self._require_self(actor, user_id)
        row = tx.first(BY_ID_FOR_UPDATE, user_id=user_id)
        if row is None:
            raise NotFound
        return row

    def prepare_change(self, row: Row[Any], changes: Mapping[str, Any]) -> NewPassword | None:
        """Check the present password and hash the new one, before any transaction: 40 ms.

        Raises:
            ValidationFailed: `current_password` is missing or wrong, or the new one is easily
                guessed.
        """
        password, current = changes.get("password"), changes.get("current_password")
        if password is None:
            return None
        if current is None or not self.passwords.matches(row.password_hash, current):
            code = "required" if current is None else "not-found"
            detail = "Send the current password to set a new one."
            raise ValidationFailed([FieldError(code, detail, "#/current_password")])
        new_hash = self.passwords.hash_chosen(password, username=row.username)
        return NewPassword(instead_of=row.password_hash, new_hash=new_hash)

    def update(
        self, tx: Transaction, row: Row[Any], changes: Mapping[str, Any], new: NewPassword | None
    ) -> Judged:
        """Change the account, with what `prepare_change` made of the passwords; ends no token.

        Raises:
            StaleVersion: the password is not the one that was checked any more.
        """
        columns = {name: value for name, value in changes.items() if name not in PASSWORDS}
        if new is not None:
            if new.instead_of != row.password_hash:
                raise StaleVersion("The password was changed meanwhile.", version=row.version)
            columns["password_hash"] = new.new_hash
        if not columns:
            return Judged(row, _verdicts(row))
        columns.update(version=row.version + 1, updated_at=tx.now())
        statement = update(User).where(User.id == row.id).values(**columns).returning(User)
        return Judged(tx.execute(statement).one(), _verdicts(row))

    def delete(
        self,
        tx: Transaction,
        actor: Actor,
        user_id: UUID,
        precondition: Callable[[Any], None] = lambda _row: None,
    ) -> None:
        """Delete the account: tokens die, memberships end, student records stay unclaimed.

        Raises:
            NotFound: somebody else's.
            StaleVersion: the account is not what `precondition` is about.
            LastOwner: an organization would have no owner.
            Busy: the user joins one at this moment.
        """
        self._require_self(actor, user_id)
        precondition(tx.first(BY_ID_FOR_REMOVAL, user_id=user_id))
        _delete(tx, actor, user_id)

    def everybody(self, tx: Transaction, actor: Actor) -> Sequence[Row[Any]]:
        """Every user by name, with whether they can log in by a password; for an operator.

        Raises:
            AuthenticationRequired, NotFound: anybody but an operator asks.
        """
        self.policy.require(actor, Action.DEPLOYMENT_OPERATE, NOWHERE)
        return tx.all(EVERYBODY)

    def reset_password(
        self, tx: Transaction, actor: Actor, username: str, password_hash: str
    ) -> None:
        """Give a user another password, as an operator; every token of theirs ends.

        Raises:
            AuthenticationRequired, NotFound: anybody but an operator asks, or no such user.
        """
        user_id = self._named(tx, actor, username)
        now = tx.now()
        tx.execute(
            update(User)
            .where(User.id == user_id)
            .values(password_hash=password_hash, version=User.version + 1, updated_at=now)
        )
        tx.execute(
            update(Token)
            .where(Token.user_id == user_id, Token.revoked_at.is_(None))
            .values(revoked_at=now)
        )

    def delete_named(self, tx: Transaction, actor: Actor, username: str) -> None:
        """Delete a user's account, as an operator.

        Raises:
            AuthenticationRequired, NotFound: anybody but an operator asks, or no such user.
            LastOwner: an organization would have no owner.
            Busy: the user joins one at this moment.
        """
        _delete(tx, actor, self._named(tx, actor, username))

    def _named(self, tx: Transaction, actor: Actor, username: str) -> UUID:
        self.policy.require(actor, Action.DEPLOYMENT_OPERATE, NOWHERE)
        row = tx.first(NAMED_FOR_UPDATE, name=username.casefold())
        if row is None:
            raise NotFound(f"There is no user {username}.")
        user_id: UUID = row.id
        return user_id

    def _require_self(self, actor: Actor, user_id: UUID) -> None:
        if self.policy.require_user(actor, Action.ACCOUNT_OWN) != user_id:
            raise NotFound


def _verdicts(row: Row[Any]) -> Verdicts:
    return OWN_OF_LAST_OWNER if row.is_last_owner else OWN


def _delete(tx: Transaction, actor: Actor, user_id: UUID) -> None:
    # Before the user, as in a request of theirs: that has told of a change when its answer is kept
    # under their id.
    for organization_id, member_id in end_memberships(tx, user_id):
        gone = organization_news.member_gone(member_id, user_id, actor.user_id)
        organization_news.tell(tx, organization_id, gone)
    try:
        tx.execute(delete(User).where(User.id == user_id))
    except IntegrityError as joined:
        raise Busy("The user is joining an organization at this moment.") from joined
