"""Sign-up, one's own account, and who the caller is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from api.authz.actor import Actor
from api.authz.policy import Action
from api.errors import DuplicateName, LastOwner, NotFound, SignupClosed
from api.http import admitted
from api.http.asked import Asked
from api.http.edge import Edge
from api.http.operation import operation
from api.http.restful import Resource
from api.http.revision import Precondition, Revision
from api.models.database import Transaction
from api.schemas.accounts import ME, USER, SignUpSchema, UserSchema
from api.services.accounts import Accounts, NewPassword
from api.services.judged import Judged

TAG = "account"


@dataclass(kw_only=True, eq=False)
class UserList(Resource):
    """Where people sign up; users are not listed."""

    edge: Edge
    accounts: Accounts

    def hashed(self, asked: Asked) -> str:
        """The hash of the new password, before the transaction."""
        return self.accounts.hash_for_signup(asked.body)

    @operation(
        summary="Sign up",
        description="Makes an account. Get a token for it from `POST /v1/tokens`. Passwords that "
        "are tried first (the most common ones, and the user name itself) are refused.",
        tag=TAG,
        action=Action.ACCOUNT_CREATE,
        access="public",
        rate="login",
        body=SignUpSchema,
        returns=USER,
        status=HTTPStatus.CREATED,
        prepare="hashed",
        replayable=False,
        raises=(SignupClosed, DuplicateName),
    )
    def post(
        self, *, tx: Transaction, actor: Actor, body: Mapping[str, Any], prepared: str
    ) -> Judged:
        return self.accounts.sign_up(tx, actor, body, prepared)


@dataclass(kw_only=True, eq=False)
class UserItem(Resource):
    """One's own account; nobody sees another's."""

    edge: Edge
    accounts: Accounts

    @operation(
        summary="Read your account",
        tag=TAG,
        action=Action.ACCOUNT_OWN,
        returns=USER,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, user_id: UUID) -> Judged:
        return self.accounts.get(tx, actor, user_id)

    def considered(self, asked: Asked) -> NewPassword | None:
        """The hash of a new password, before the transaction, and after all that refuses it."""
        actor, user_id = admitted.actor(), admitted.id_in_path("user_id")
        with self.edge.database.read() as tx:
            row = self.accounts.get(tx, actor, user_id).row
        return self.accounts.prepare_change(row, Revision(asked)(row))

    @operation(
        summary="Change your account",
        description="A new `password` needs `current_password`, and is refused where a sign-up "
        "with it would be.",
        tag=TAG,
        action=Action.ACCOUNT_OWN,
        body=UserSchema,
        returns=USER,
        conditional="required",
        prepare="considered",
        # A password can be guessed here, too.
        rate="login",
        replayable=False,
        raises=(NotFound,),
    )
    def patch(
        self,
        *,
        tx: Transaction,
        actor: Actor,
        user_id: UUID,
        revise: Revision,
        prepared: NewPassword | None,
    ) -> Judged:
        row = self.accounts.find_for_update(tx, actor, user_id)
        return self.accounts.update(tx, row, revise(row), prepared)

    @operation(
        summary="Delete your account",
        description="Tokens die and memberships end at once. Student records stay, unclaimed.",
        tag=TAG,
        action=Action.ACCOUNT_OWN,
        conditional="honoured",
        status=HTTPStatus.NO_CONTENT,
        replayable=False,
        raises=(NotFound, LastOwner),
    )
    def delete(
        self, *, tx: Transaction, actor: Actor, user_id: UUID, precondition: Precondition
    ) -> None:
        self.accounts.delete(tx, actor, user_id, precondition)


@dataclass(kw_only=True, eq=False)
class Me(Resource):
    """The caller."""

    edge: Edge
    accounts: Accounts

    @operation(
        summary="Read who you are",
        description="User, scopes of the token, and the role in each organization.",
        tag=TAG,
        action=Action.ACCOUNT_OWN,
        returns=ME,
    )
    def get(self, *, tx: Transaction, actor: Actor) -> Judged:
        return self.accounts.me(tx, actor)
