"""Changes of a registration's state over HTTP, and their history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.authz.actor import Actor
from api.authz.policy import Action
from api.errors import NotFound
from api.http.edge import Edge
from api.http.operation import operation
from api.http.restful import Resource
from api.models.database import Transaction
from api.resources.registrations import LEAVING, TAG, DryRun
from api.schemas.registrations import REGISTRATION, TRANSITIONS, TransitionCreateSchema
from api.services.judged import Judged
from api.services.transitions import Transitions

Check = Callable[[Any], None]


@dataclass(kw_only=True, eq=False)
class RegistrationTransitionList(Resource):
    """The changes of one registration."""

    edge: Edge
    transitions: Transitions

    @operation(
        summary="Read the history of a registration",
        tag=TAG,
        action=Action.REGISTRATION_READ,
        returns=TRANSITIONS,
        statements=2,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, registration_id: UUID) -> Judged:
        return Judged(self.transitions.history(tx, actor, registration_id))

    @operation(
        summary="Take a registration to another state",
        tag=TAG,
        action=Action.REGISTRATION_LEAVE,
        body=TransitionCreateSchema,
        query=DryRun,
        returns=REGISTRATION,
        conditional="honoured",
        dry_run=True,
        rate="registration",
        raises=LEAVING,
    )
    def post(
        self,
        *,
        tx: Transaction,
        actor: Actor,
        registration_id: UUID,
        body: Mapping[str, Any],
        precondition: Check,
    ) -> Judged:
        return self.transitions.move(tx, actor, registration_id, body, precondition)
