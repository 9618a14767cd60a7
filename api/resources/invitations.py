"""Invitations over HTTP, and where they are accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from api.authz.actor import Actor
from api.authz.policy import Action
from api.errors import Forbidden, NotFound, StateConflict
from api.http.edge import Edge
from api.http.filters import Listing, choice, identifier, instant, text
from api.http.operation import operation
from api.http.restful import Resource
from api.models.database import Transaction
from api.models.organization import Invitation, Role
from api.schemas.dumping import members_of
from api.schemas.hypermedia import Rel
from api.schemas.invitations import (
    INVITATION,
    ISSUED_INVITATION,
    AcceptanceSchema,
    InvitationSchema,
)
from api.schemas.members import MEMBER
from api.services.invitations import Invitations
from api.services.judged import Judged, Listed

TAG = "people"
LISTING = Listing(
    name="invitations",
    tiebreak=Invitation.id,
    sorts={"created_at": Invitation.created_at, "expires_at": Invitation.expires_at},
    default_sort="-created_at",
    filters={
        "id": identifier(Invitation.id, "inv"),
        "role": choice(Invitation.role, Role),
        "email": text(Invitation.email, nullable=True),
        "student_id": identifier(Invitation.student_id, "stu", nullable=True),
        "created_by": identifier(Invitation.created_by, "usr"),
        "created_at": instant(Invitation.created_at),
        "expires_at": instant(Invitation.expires_at),
        "accepted_at": instant(Invitation.accepted_at, nullable=True),
        "accepted_by": identifier(Invitation.accepted_by, "usr", nullable=True),
    },
    members=tuple(name for name, _ in members_of(InvitationSchema)),
)


@dataclass(kw_only=True, eq=False)
class InvitationList(Resource):
    """The invitations of an organization."""

    edge: Edge
    invitations: Invitations

    @operation(
        summary="List invitations",
        description="Staff see them, without their codes; for other members the list is empty.",
        tag=TAG,
        action=Action.INVITATION_LIST,
        returns=INVITATION,
        listing=LISTING,
        rels=(Rel(name="create", operation="create_invitation", judged=True),),
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, organization_id: UUID) -> Listed:
        return self.invitations.list(tx, actor, organization_id)

    @operation(
        summary="Invite somebody",
        description="Owners invite to any role, registrars students. The code is shown once,"
        " serves once, and for 14 days.",
        tag=TAG,
        action=Action.INVITATION_EDIT,
        body=InvitationSchema,
        returns=ISSUED_INVITATION,
        status=HTTPStatus.CREATED,
        replayable=False,
        raises=(NotFound, Forbidden, StateConflict),
    )
    def post(
        self, *, tx: Transaction, actor: Actor, organization_id: UUID, body: Mapping[str, Any]
    ) -> Judged:
        return self.invitations.create(tx, actor, organization_id, body)


@dataclass(kw_only=True, eq=False)
class InvitationItem(Resource):
    """One invitation, without its code."""

    edge: Edge
    invitations: Invitations

    @operation(
        summary="Read an invitation",
        tag=TAG,
        action=Action.INVITATION_READ,
        returns=INVITATION,
        raises=(NotFound, Forbidden),
    )
    def get(self, *, tx: Transaction, actor: Actor, invitation_id: UUID) -> Judged:
        return self.invitations.get(tx, actor, invitation_id)

    @operation(
        summary="Take an invitation back",
        description="Its code is worth nothing from then on; whoever has accepted it stays a "
        "member.",
        tag=TAG,
        action=Action.INVITATION_EDIT,
        status=HTTPStatus.NO_CONTENT,
        replayable=False,
        raises=(NotFound, Forbidden),
    )
    def delete(self, *, tx: Transaction, actor: Actor, invitation_id: UUID) -> None:
        self.invitations.revoke(tx, actor, invitation_id)


@dataclass(kw_only=True, eq=False)
class InvitationAcceptanceList(Resource):
    """Where invitations are accepted; acceptances are not listed."""

    edge: Edge
    invitations: Invitations

    @operation(
        summary="Accept an invitation",
        description="Makes you a member, and gives you the student record that it names.",
        tag=TAG,
        action=Action.INVITATION_ACCEPT,
        body=AcceptanceSchema,
        returns=MEMBER,
        status=HTTPStatus.CREATED,
        replayable=False,
        raises=(StateConflict,),
    )
    def post(self, *, tx: Transaction, actor: Actor, body: Mapping[str, Any]) -> Judged:
        return self.invitations.accept(tx, actor, body["code"])
