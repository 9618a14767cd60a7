"""The line of a class over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from api.authz.actor import Actor
from api.authz.policy import Action
from api.errors import NotFound
from api.http.edge import Edge
from api.http.filters import Listing, identifier
from api.http.operation import operation
from api.http.restful import Resource
from api.models.database import Transaction
from api.models.registration_reads import LINE_COLUMNS
from api.schemas.class_ledgers import WAITLIST_PLACE
from api.services.judged import Listed
from api.services.registration_lists import RegistrationLists

LISTING = Listing(
    name="waitlist",
    tiebreak=LINE_COLUMNS.id,
    sorts={"position": LINE_COLUMNS.position},
    default_sort="position",
    filters={"student_id": identifier(LINE_COLUMNS.student_id, "stu")},
)


@dataclass(kw_only=True, eq=False)
class ClassWaitlist(Resource):
    """Who waits for a seat in a class, in order."""

    edge: Edge
    lists: RegistrationLists

    @operation(
        summary="Read the line of a class",
        description="A student sees the own place in it, with the length of the line.",
        tag="registrations",
        action=Action.WAITLIST_READ,
        returns=WAITLIST_PLACE,
        listing=LISTING,
        statements=2,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, class_id: UUID) -> Listed:
        return self.lists.waitlist(tx, actor, class_id)
