"""Organizations over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from api.authz.actor import Actor
from api.authz.policy import Action
from api.errors import DuplicateName, Forbidden, NotFound
from api.http.edge import Edge
from api.http.filters import Listing, choice, flag, identifier, instant, text
from api.http.operation import operation
from api.http.restful import Resource
from api.models.database import Transaction
from api.models.organization import ConflictPolicy, Organization
from api.schemas.dumping import members_of
from api.schemas.hypermedia import Rel
from api.schemas.organizations import ORGANIZATION, OrganizationSchema
from api.services.judged import Judged, Listed
from api.services.organizations import Organizations

TAG = "organizations"
LISTING = Listing(
    name="organizations",
    tiebreak=Organization.id,
    sorts={"created_at": Organization.created_at, "name": Organization.name},
    default_sort="created_at",
    filters={
        "id": identifier(Organization.id, "org"),
        "name": text(Organization.name, fold=Organization.name_fold),
        "slug": text(Organization.slug),
        "timezone": text(Organization.timezone),
        "public_catalog": flag(Organization.public_catalog),
        "conflict_policy": choice(Organization.conflict_policy, ConflictPolicy),
        "created_at": instant(Organization.created_at),
        "updated_at": instant(Organization.updated_at),
    },
    members=tuple(name for name, _ in members_of(OrganizationSchema)),
)
Revise = Callable[[Any], Mapping[str, Any]]
Check = Callable[[Any], None]


@dataclass(kw_only=True, eq=False)
class OrganizationList(Resource):
    """The organizations in which the caller is a member."""

    edge: Edge
    organizations: Organizations

    @operation(
        summary="List your organizations",
        tag=TAG,
        action=Action.ORGANIZATION_LIST,
        returns=ORGANIZATION,
        listing=LISTING,
        rels=(Rel(name="create", operation="create_organization", judged=True),),
    )
    def get(self, *, tx: Transaction, actor: Actor) -> Listed:
        return self.organizations.mine(tx, actor)

    @operation(
        summary="Make an organization",
        description="You are its first owner. Nobody else sees it until they are members.",
        tag=TAG,
        action=Action.ORGANIZATION_CREATE,
        body=OrganizationSchema,
        returns=ORGANIZATION,
        status=HTTPStatus.CREATED,
        raises=(DuplicateName,),
    )
    def post(self, *, tx: Transaction, actor: Actor, body: Mapping[str, Any]) -> Judged:
        return self.organizations.create(tx, actor, body)


@dataclass(kw_only=True, eq=False)
class OrganizationItem(Resource):
    """One organization."""

    edge: Edge
    organizations: Organizations

    @operation(
        summary="Read an organization",
        tag=TAG,
        action=Action.ORGANIZATION_READ,
        access="optional",
        returns=ORGANIZATION,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, organization_id: UUID) -> Judged:
        return self.organizations.get(tx, actor, organization_id)

    @operation(
        summary="Change settings of an organization",
        description="Rules hold from the next registration on; nobody loses a place by them. "
        "Another time zone moves the deadlines of the classes that have none of "
        "their own.",
        tag=TAG,
        action=Action.ORGANIZATION_EDIT,
        body=OrganizationSchema,
        returns=ORGANIZATION,
        conditional="required",
        raises=(NotFound, Forbidden, DuplicateName),
    )
    def patch(
        self, *, tx: Transaction, actor: Actor, organization_id: UUID, revise: Revise
    ) -> Judged:
        row = self.organizations.find_for_update(tx, actor, organization_id)
        return self.organizations.update(tx, actor, row, revise(row))

    @operation(
        summary="Replace the settings of an organization",
        description="Rules hold from the next registration on; nobody loses a place by them. "
        "Another time zone moves the deadlines of the classes that have none of "
        "their own.",
        tag=TAG,
        action=Action.ORGANIZATION_EDIT,
        body=OrganizationSchema,
        returns=ORGANIZATION,
        conditional="required",
        raises=(NotFound, Forbidden, DuplicateName),
    )
    def put(
        self, *, tx: Transaction, actor: Actor, organization_id: UUID, revise: Revise
    ) -> Judged:
        row = self.organizations.find_for_update(tx, actor, organization_id)
        return self.organizations.update(tx, actor, row, revise(row))

    @operation(
        summary="Archive an organization",
        description="Everything in it is gone for everybody at once; an operator can purge it.",
        tag=TAG,
        action=Action.ORGANIZATION_EDIT,
        conditional="required",
        status=HTTPStatus.NO_CONTENT,
        raises=(NotFound, Forbidden),
    )
    def delete(
        self, *, tx: Transaction, actor: Actor, organization_id: UUID, precondition: Check
    ) -> None:
        row = self.organizations.find_for_update(tx, actor, organization_id)
        precondition(row)
        self.organizations.archive(tx, actor, row)
