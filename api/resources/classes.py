"""Classes over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from api.authz.actor import Actor
from api.authz.policy import Action
from api.errors import (
    CapacityBelowTaken,
    DuplicateName,
    Forbidden,
    NotFound,
    ResourceInUse,
    StateConflict,
)
from api.http.edge import Edge
from api.http.filters import Listing, choice, flag, identifier, instant, number, text
from api.http.operation import operation
from api.http.query_fields import Flag
from api.http.restful import Resource
from api.http.revision import Revision
from api.models.database import Transaction
from api.models.school_class import SEATS_FREE, ClassStatus, SchoolClass
from api.schemas.base import Parameters
from api.schemas.class_parts import MOST_CAPACITY
from api.schemas.classes import CLASS, ClassSchema
from api.schemas.dumping import members_of
from api.schemas.fields import Enum, Id
from api.schemas.hypermedia import Rel
from api.services import class_affordances
from api.services.classes import Classes
from api.services.external_ids import ExternalId, Upsert
from api.services.judged import Judged, Listed, Made
from api.services.rules_waitlist import Shrink

TAG = "catalogue"
_SUBJECT = {"description": "For whom `register` is judged; your own student, if left out."}
LISTING = Listing(
    name="classes",
    tiebreak=SchoolClass.id,
    sorts={
        "created_at": SchoolClass.created_at,
        "updated_at": SchoolClass.updated_at,
        "title": SchoolClass.title,
        "status": SchoolClass.status,
        "seats_taken": SchoolClass.seats_taken,
    },
    default_sort="created_at",
    filters={
        "id": identifier(SchoolClass.id, "cls"),
        "title": text(SchoolClass.title, fold=SchoolClass.title_fold),
        "section": text(SchoolClass.section, fold=SchoolClass.section_fold, nullable=True),
        "location": text(SchoolClass.location, fold=SchoolClass.location_fold, nullable=True),
        "external_id": text(
            SchoolClass.external_id, fold=SchoolClass.external_id_fold, nullable=True
        ),
        "term_id": identifier(SchoolClass.term_id, "trm", nullable=True),
        "course_id": identifier(SchoolClass.course_id, "crs", nullable=True),
        "status": choice(SchoolClass.status, ClassStatus),
        "approval_required": flag(SchoolClass.approval_required),
        "roster_visible_to_students": flag(SchoolClass.roster_visible_to_students),
        "effective_timezone": text(SchoolClass.effective_timezone),
        "effective_drop_until": instant(SchoolClass.effective_drop_until, nullable=True),
        "effective_withdraw_until": instant(SchoolClass.effective_withdraw_until, nullable=True),
        "effective_promotion_ends_at": instant(
            SchoolClass.effective_promotion_ends_at, nullable=True
        ),
        "capacity": number(SchoolClass.capacity, least=0, most=MOST_CAPACITY, nullable=True),
        "seats_taken": number(SchoolClass.seats_taken, least=0, most=2**31 - 1),
        "seats_free": number(SEATS_FREE, least=0, most=MOST_CAPACITY, nullable=True),
        "waitlist_length": number(SchoolClass.waiting, least=0, most=2**31 - 1),
        "created_at": instant(SchoolClass.created_at),
        "updated_at": instant(SchoolClass.updated_at),
    },
    expands=CLASS.expandable,
    members=tuple(name for name, _ in members_of(ClassSchema)),
    extra={"student_id": Id("stu", metadata=_SUBJECT)},
)
Check = Callable[[Any], None]
Whole = Callable[[], Mapping[str, Any]]


class ClassQuery(Parameters):
    """The query of one class."""

    student_id = Id("stu", metadata=_SUBJECT)


class ClassEditQuery(Parameters):
    """The query of an edit that may take or free seats."""

    shrink = Enum(
        Shrink,
        metadata={"description": "What a capacity below the seats taken does to who has them."},
    )
    dry_run = Flag(load_default=False, metadata={"description": "Only tell what would happen."})


@dataclass(kw_only=True, eq=False)
class ClassList(Resource):
    """The classes of an organization."""

    edge: Edge
    classes: Classes

    @operation(
        summary="List classes",
        description="Drafts are listed for staff, and for their instructors.",
        tag=TAG,
        action=Action.CLASS_READ,
        access="optional",
        returns=CLASS,
        listing=LISTING,
        rels=(Rel(name="create", operation="create_class", judged=True),),
        raises=(NotFound,),
    )
    def get(
        self, *, tx: Transaction, actor: Actor, organization_id: UUID, query: Mapping[str, Any]
    ) -> Listed:
        return self.classes.of_organization(tx, actor, organization_id, query.get("student_id"))

    @operation(
        summary="Make a class",
        tag=TAG,
        action=Action.CLASS_EDIT,
        body=ClassSchema,
        returns=CLASS,
        status=HTTPStatus.CREATED,
        raises=(NotFound, Forbidden, DuplicateName),
    )
    def post(
        self, *, tx: Transaction, actor: Actor, organization_id: UUID, body: Mapping[str, Any]
    ) -> Judged:
        return self.classes.create(tx, actor, organization_id, body)


@dataclass(kw_only=True, eq=False)
class ClassItem(Resource):
    """One class."""

    edge: Edge
    classes: Classes

    @operation(
        summary="Read a class",
        tag=TAG,
        action=Action.CLASS_READ,
        access="optional",
        returns=CLASS,
        query=ClassQuery,
        ahead=class_affordances.ahead,
        raises=(NotFound,),
    )
    def get(
        self,
        *,
        tx: Transaction,
        actor: Actor,
        class_id: UUID,
        query: Mapping[str, Any],
        may_be_brief: bool,
    ) -> Judged:
        look = class_affordances.Look(class_id, query.get("student_id"), may_be_brief)
        return self.classes.get(tx, actor, look)

    @operation(
        summary="Change, open, close or cancel a class",
        description="An instructor of the class edits `description` and `location` only. A patch of"
        " nothing but `status` is refused if that is its status already.",
        tag=TAG,
        action=Action.CLASS_DESCRIBE,
        body=ClassSchema,
        returns=CLASS,
        query=ClassEditQuery,
        conditional="required",
        dry_run=True,
        raises=(NotFound, Forbidden, StateConflict, CapacityBelowTaken, DuplicateName),
    )
    def patch(
        self,
        *,
        tx: Transaction,
        actor: Actor,
        class_id: UUID,
        query: Mapping[str, Any],
        revise: Revision,
    ) -> Judged:
        row = self.classes.find_for_update(tx, actor, class_id)
        changes = revise(row, move="status")
        return self.classes.update(tx, actor, row, changes, shrink=query.get("shrink"))

    @operation(
        summary="Replace a class",
        tag=TAG,
        action=Action.CLASS_DESCRIBE,
        body=ClassSchema,
        returns=CLASS,
        query=ClassEditQuery,
        conditional="required",
        dry_run=True,
        raises=(NotFound, Forbidden, StateConflict, CapacityBelowTaken, DuplicateName),
    )
    def put(
        self,
        *,
        tx: Transaction,
        actor: Actor,
        class_id: UUID,
        query: Mapping[str, Any],
        revise: Revision,
    ) -> Judged:
        row = self.classes.find_for_update(tx, actor, class_id)
        return self.classes.update(tx, actor, row, revise(row), shrink=query.get("shrink"))

    @operation(
        summary="Remove a class in which nobody ever registered",
        tag=TAG,
        action=Action.CLASS_EDIT,
        conditional="required",
        status=HTTPStatus.NO_CONTENT,
        raises=(NotFound, Forbidden, ResourceInUse),
    )
    def delete(self, *, tx: Transaction, actor: Actor, class_id: UUID, precondition: Check) -> None:
        row = self.classes.find_for_update(tx, actor, class_id, action=Action.CLASS_EDIT)
        precondition(row)
        self.classes.delete(tx, actor, row)


@dataclass(kw_only=True, eq=False)
class ClassByExternalId(Resource):
    """The class that another system calls so."""

    edge: Edge
    classes: Classes

    @operation(
        summary="Read a class by its external id",
        tag=TAG,
        action=Action.CLASS_READ,
        access="optional",
        returns=CLASS,
        statements=2,
        raises=(NotFound,),
    )
    def get(
        self, *, tx: Transaction, actor: Actor, organization_id: UUID, external_id: str
    ) -> Judged:
        named = ExternalId.of_url(organization_id, external_id)
        return self.classes.get_by_external_id(tx, actor, named)

    @operation(
        summary="Update a class by its external id, or make it",
        description="Members that are left out keep their values.",
        tag=TAG,
        action=Action.CLASS_EDIT,
        body=ClassSchema,
        partial=True,
        returns=CLASS,
        conditional="honoured",
        raises=(NotFound, Forbidden, StateConflict, CapacityBelowTaken, DuplicateName),
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
        return self.classes.upsert(tx, actor, wanted)
