"""Registrations over HTTP: three doors to one list of things, and one registration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from api.authz.actor import Actor
from api.authz.policy import Action
from api.errors import (
    BY_RELEVANCE,
    Busy,
    Forbidden,
    NotFound,
    OfferExpired,
    Refusal,
    StateConflict,
    ValidationFailed,
)
from api.http.edge import Edge
from api.http.filters import Listing, choice, flag, identifier, instant, number, text
from api.http.operation import operation
from api.http.query_fields import Flag
from api.http.restful import Resource
from api.models.database import Transaction
from api.models.registration import Registration, RegistrationState
from api.schemas.base import Parameters
from api.schemas.dumping import members_of
from api.schemas.hypermedia import Rel
from api.schemas.new_registrations import (
    ClassRegistrationCreateSchema,
    RegistrationCreateSchema,
    StudentRegistrationCreateSchema,
)
from api.schemas.registrations import MOST_PRIORITY, REGISTRATION, RegistrationSchema
from api.services import registration_doors
from api.services.judged import Judged, Listed
from api.services.registration_doors import Door
from api.services.registration_lists import RegistrationLists
from api.services.registrations import Registrations
from api.services.transitions import Transitions

TAG = "registrations"
MOST_TICKET = 2**31 - 1
REFUSALS: tuple[type[Refusal], ...] = (NotFound, Forbidden, ValidationFailed, Busy, *BY_RELEVANCE)
LEAVING: tuple[type[Refusal], ...] = (
    NotFound,
    Forbidden,
    StateConflict,
    OfferExpired,
    Busy,
    *BY_RELEVANCE,
)
Revise = Callable[[Any], Mapping[str, Any]]
Check = Callable[[Any], None]


class DryRun(Parameters):
    """The query of a command that takes or frees a seat."""

    dry_run = Flag(
        load_default=False, metadata={"description": "Only tell what would happen; do nothing."}
    )


def _listing(name: str) -> Listing:
    return Listing(
        name=name,
        tiebreak=Registration.id,
        sorts={
            "created_at": Registration.created_at,
            "updated_at": Registration.updated_at,
            "decided_at": Registration.decided_at,
            "ticket": Registration.ticket,
        },
        default_sort="created_at",
        filters={
            "id": identifier(Registration.id, "reg"),
            "state": choice(Registration.state, RegistrationState),
            "student_id": identifier(Registration.student_id, "stu"),
            "class_id": identifier(Registration.class_id, "cls"),
            "previous_id": identifier(Registration.previous_id, "reg", nullable=True),
            "ticket": number(Registration.ticket, least=1, most=MOST_TICKET),
            "priority": number(Registration.priority, least=0, most=MOST_PRIORITY),
            "offer_expires_at": instant(Registration.offer_expires_at, nullable=True),
            "skip_reason": text(Registration.skip_reason, nullable=True),
            "conflict_override": flag(Registration.conflict_override),
            "decided_at": instant(Registration.decided_at),
            "created_at": instant(Registration.created_at),
            "updated_at": instant(Registration.updated_at),
        },
        expands=REGISTRATION.expandable,
        members=tuple(name for name, _ in members_of(RegistrationSchema)),
    )


@dataclass(kw_only=True, eq=False)
class RegistrationList(Resource):
    """The registrations of an organization."""

    edge: Edge
    registrations: Registrations
    lists: RegistrationLists

    @operation(
        summary="List registrations",
        tag=TAG,
        action=Action.REGISTRATION_LIST,
        returns=REGISTRATION,
        listing=_listing("registrations"),
        rels=(Rel(name="create", operation="create_registration", judged=True),),
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, organization_id: UUID) -> Listed:
        return self.lists.of_organization(tx, actor, organization_id)

    @operation(
        summary="Register a student for a class",
        tag=TAG,
        action=Action.REGISTRATION_CREATE,
        body=RegistrationCreateSchema,
        query=DryRun,
        returns=REGISTRATION,
        status=HTTPStatus.CREATED,
        dry_run=True,
        rate="registration",
        raises=REFUSALS,
    )
    def post(
        self, *, tx: Transaction, actor: Actor, organization_id: UUID, body: Mapping[str, Any]
    ) -> Judged:
        door = Door(organization_id=organization_id)
        return self.registrations.register(tx, actor, door, body)


@dataclass(kw_only=True, eq=False)
class ClassRegistrationList(Resource):
    """The registrations of a class."""

    edge: Edge
    registrations: Registrations
    lists: RegistrationLists

    @operation(
        summary="List the registrations of a class",
        tag=TAG,
        action=Action.REGISTRATION_LIST,
        returns=REGISTRATION,
        listing=_listing("class-registrations"),
        statements=2,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, class_id: UUID) -> Listed:
        return self.lists.of_class(tx, actor, class_id)

    @operation(
        summary="Register a student for this class",
        tag=TAG,
        action=Action.REGISTRATION_CREATE,
        body=ClassRegistrationCreateSchema,
        query=DryRun,
        returns=REGISTRATION,
        status=HTTPStatus.CREATED,
        dry_run=True,
        rate="registration",
        ahead=registration_doors.ahead,
        raises=REFUSALS,
    )
    def post(
        self, *, tx: Transaction, actor: Actor, class_id: UUID, body: Mapping[str, Any]
    ) -> Judged:
        return self.registrations.register(tx, actor, Door(class_id=class_id), body)


@dataclass(kw_only=True, eq=False)
class StudentRegistrationList(Resource):
    """The registrations of a student."""

    edge: Edge
    registrations: Registrations
    lists: RegistrationLists

    @operation(
        summary="List the registrations of a student",
        tag=TAG,
        action=Action.REGISTRATION_LIST,
        returns=REGISTRATION,
        listing=_listing("student-registrations"),
        rels=(
            Rel(
                name="create",
                operation="create_student_registration",
                judged=True,
            ),
        ),
        statements=2,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, student_id: UUID) -> Listed:
        return self.lists.of_student(tx, actor, student_id)

    @operation(
        summary="Register this student for a class",
        tag=TAG,
        action=Action.REGISTRATION_CREATE,
        body=StudentRegistrationCreateSchema,
        query=DryRun,
        returns=REGISTRATION,
        status=HTTPStatus.CREATED,
        dry_run=True,
        rate="registration",
        raises=REFUSALS,
    )
    def post(
        self, *, tx: Transaction, actor: Actor, student_id: UUID, body: Mapping[str, Any]
    ) -> Judged:
        return self.registrations.register(tx, actor, Door(student_id=student_id), body)


@dataclass(kw_only=True, eq=False)
class RegistrationItem(Resource):
    """One registration."""

    edge: Edge
    transitions: Transitions

    @operation(
        summary="Read a registration",
        tag=TAG,
        action=Action.REGISTRATION_READ,
        returns=REGISTRATION,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, registration_id: UUID) -> Judged:
        return self.transitions.get(tx, actor, registration_id)

    @operation(
        summary="Change what staff may change of a registration",
        tag=TAG,
        action=Action.REGISTRATION_EDIT,
        body=RegistrationSchema,
        returns=REGISTRATION,
        conditional="required",
        raises=(NotFound, Forbidden, StateConflict, Busy),
    )
    def patch(
        self, *, tx: Transaction, actor: Actor, registration_id: UUID, revise: Revise
    ) -> Judged:
        row = self.transitions.find_for_update(tx, actor, registration_id)
        return self.transitions.update(tx, actor, row, revise(row))

    @operation(
        summary="Leave: drop, withdraw, leave the line or decline, whichever is legal now",
        description="The row stays, and shows how it ended. Not needed: `If-Match`.",
        tag=TAG,
        action=Action.REGISTRATION_LEAVE,
        query=DryRun,
        returns=REGISTRATION,
        status=HTTPStatus.NO_CONTENT,
        conditional="honoured",
        dry_run=True,
        rate="registration",
        raises=LEAVING,
    )
    def delete(
        self,
        *,
        tx: Transaction,
        actor: Actor,
        registration_id: UUID,
        query: Mapping[str, Any],
        precondition: Check,
    ) -> Judged | None:
        self.transitions.leave(tx, actor, registration_id, precondition)
        return self.transitions.get(tx, actor, registration_id) if query["dry_run"] else None
