"""Terms over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from api.authz.actor import Actor
from api.authz.policy import Action
from api.errors import DuplicateName, Forbidden, NotFound, ResourceInUse
from api.http.edge import Edge
from api.http.filters import Listing, day, identifier, instant, text
from api.http.operation import operation
from api.http.restful import Resource
from api.models.database import Transaction
from api.models.term import Term
from api.schemas.dumping import members_of
from api.schemas.hypermedia import Rel
from api.schemas.terms import TERM, TermSchema
from api.services.external_ids import ExternalId, Upsert
from api.services.judged import Judged, Listed, Made
from api.services.terms import Terms

TAG = "catalogue"
LISTING = Listing(
    name="terms",
    tiebreak=Term.id,
    sorts={
        "created_at": Term.created_at,
        "updated_at": Term.updated_at,
        "name": Term.name,
        "starts_on": Term.starts_on,
        "ends_on": Term.ends_on,
    },
    default_sort="created_at",
    filters={
        "id": identifier(Term.id, "trm"),
        "name": text(Term.name, fold=Term.name_fold),
        "external_id": text(Term.external_id, fold=Term.external_id_fold, nullable=True),
        "starts_on": day(Term.starts_on),
        "ends_on": day(Term.ends_on),
        "drop_until": instant(Term.drop_until, nullable=True),
        "withdraw_until": instant(Term.withdraw_until, nullable=True),
        "promotion_ends_at": instant(Term.promotion_ends_at, nullable=True),
        "created_at": instant(Term.created_at),
        "updated_at": instant(Term.updated_at),
    },
    members=tuple(name for name, _ in members_of(TermSchema)),
)
Revise = Callable[[Any], Mapping[str, Any]]
Check = Callable[[Any], None]
Whole = Callable[[], Mapping[str, Any]]


@dataclass(kw_only=True, eq=False)
class TermList(Resource):
    """The terms of an organization."""

    edge: Edge
    terms: Terms

    @operation(
        summary="List terms",
        tag=TAG,
        action=Action.TERM_READ,
        access="optional",
        returns=TERM,
        listing=LISTING,
        rels=(Rel(name="create", operation="create_term", judged=True),),
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, organization_id: UUID) -> Listed:
        return self.terms.of_organization(tx, actor, organization_id)

    @operation(
        summary="Make a term",
        description="Classes held in it inherit its deadlines, as far as they set none of their"
        " own.",
        tag=TAG,
        action=Action.TERM_EDIT,
        body=TermSchema,
        returns=TERM,
        status=HTTPStatus.CREATED,
        raises=(NotFound, Forbidden, DuplicateName),
    )
    def post(
        self, *, tx: Transaction, actor: Actor, organization_id: UUID, body: Mapping[str, Any]
    ) -> Judged:
        return self.terms.create(tx, actor, organization_id, body)


@dataclass(kw_only=True, eq=False)
class TermItem(Resource):
    """One term."""

    edge: Edge
    terms: Terms

    @operation(
        summary="Read a term",
        tag=TAG,
        action=Action.TERM_READ,
        access="optional",
        returns=TERM,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, term_id: UUID) -> Judged:
        return self.terms.get(tx, actor, term_id)

    @operation(
        summary="Change a term",
        description="Classes that set no deadline of their own follow a changed one at once.",
        tag=TAG,
        action=Action.TERM_EDIT,
        body=TermSchema,
        returns=TERM,
        conditional="required",
        raises=(NotFound, Forbidden, DuplicateName),
    )
    def patch(self, *, tx: Transaction, actor: Actor, term_id: UUID, revise: Revise) -> Judged:
        row = self.terms.find_for_update(tx, actor, term_id)
        return self.terms.update(tx, actor, row, revise(row))

    @operation(
        summary="Replace a term",
        description="Classes that set no deadline of their own follow a changed one at once.",
        tag=TAG,
        action=Action.TERM_EDIT,
        body=TermSchema,
        returns=TERM,
        conditional="required",
        raises=(NotFound, Forbidden, DuplicateName),
    )
    def put(self, *, tx: Transaction, actor: Actor, term_id: UUID, revise: Revise) -> Judged:
        row = self.terms.find_for_update(tx, actor, term_id)
        return self.terms.update(tx, actor, row, revise(row))

    @operation(
        summary="Remove a term in which no class is held",
        description="As long as a class is held in it, it is refused with their number in "
        "`counts`.",
        tag=TAG,
        action=Action.TERM_EDIT,
        conditional="required",
        status=HTTPStatus.NO_CONTENT,
        raises=(NotFound, Forbidden, ResourceInUse),
    )
    def delete(self, *, tx: Transaction, actor: Actor, term_id: UUID, precondition: Check) -> None:
        row = self.terms.find_for_update(tx, actor, term_id)
        precondition(row)
        self.terms.delete(tx, actor, row)


@dataclass(kw_only=True, eq=False)
class TermByExternalId(Resource):
    """The term that another system calls so."""

    edge: Edge
    terms: Terms

    @operation(
        summary="Read a term by its external id",
        tag=TAG,
        action=Action.TERM_READ,
        access="optional",
        returns=TERM,
        statements=2,
        raises=(NotFound,),
    )
    def get(
        self, *, tx: Transaction, actor: Actor, organization_id: UUID, external_id: str
    ) -> Judged:
        named = ExternalId.of_url(organization_id, external_id)
        return self.terms.get_by_external_id(tx, actor, named)

    @operation(
        summary="Update a term by its external id, or make it",
        description="For keeping step with another system: sent again, it changes nothing where "
        "nothing differs.",
        tag=TAG,
        action=Action.TERM_EDIT,
        body=TermSchema,
        partial=True,
        returns=TERM,
        conditional="honoured",
        raises=(NotFound, Forbidden, DuplicateName),
    )
    def put(
        self,
        *,
        tx: Transaction,
        actor: Actor,
        organization_id: UUID,
        external_id: str,
        body: Mapping[str, Any],
        whole: Whole,
        precondition: Check,
    ) -> Judged | Made:
        named = ExternalId.of_url(organization_id, external_id)
        wanted = Upsert(external_id=named, sent=body, whole=whole, precondition=precondition)
        return self.terms.upsert(tx, actor, wanted)
