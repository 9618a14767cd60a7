"""The line of a class over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from api.authz.actor import Actor
from api.authz.policy import Action
from api.errors import NotFound
from api.http.edge import Edge
from api.http.filters import Listing, identifier, instant, number, text
from api.http.operation import operation
from api.http.restful import Resource
from api.models.database import Transaction
from api.models.registration_reads import LINE_COLUMNS
from api.resources.registrations import MOST_TICKET
from api.schemas.dumping import members_of
from api.schemas.registrations import MOST_PRIORITY
from api.schemas.waitlist_places import WAITLIST_PLACE, WaitlistPlaceSchema
from api.services.judged import Listed
from api.services.registration_lists import RegistrationLists

LISTING = Listing(
    name="waitlist",
    tiebreak=LINE_COLUMNS.id,
    sorts={
        "position": LINE_COLUMNS.position,
        "ticket": LINE_COLUMNS.ticket,
        "created_at": LINE_COLUMNS.created_at,
    },
    default_sort="position",
    filters={
        "id": identifier(LINE_COLUMNS.id, "reg"),
        "student_id": identifier(LINE_COLUMNS.student_id, "stu"),
        "ticket": number(LINE_COLUMNS.ticket, least=1, most=MOST_TICKET),
        "priority": number(LINE_COLUMNS.priority, least=0, most=MOST_PRIORITY),
        "skip_reason": text(LINE_COLUMNS.skip_reason, nullable=True),
        "created_at": instant(LINE_COLUMNS.created_at),
    },
    expands=WAITLIST_PLACE.expandable,
    members=tuple(name for name, _ in members_of(WaitlistPlaceSchema)),
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
