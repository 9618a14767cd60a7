"""Students over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from api.authz.actor import Actor
from api.authz.policy import Action
from api.errors import DuplicateName, Forbidden, NotFound, StateConflict
from api.http.edge import Edge
from api.http.filters import Listing, choice, identifier, instant, text
from api.http.operation import operation
from api.http.restful import Resource
from api.models.database import Transaction
from api.models.student import Student, StudentStatus
from api.schemas.dumping import members_of
from api.schemas.hypermedia import Rel
from api.schemas.students import STUDENT, StudentSchema
from api.services.external_ids import ExternalId, Upsert
from api.services.judged import Judged, Listed, Made
from api.services.students import Students

TAG = "people"
LISTING = Listing(
    name="students",
    tiebreak=Student.id,
    sorts={
        "created_at": Student.created_at,
        "updated_at": Student.updated_at,
        "family_name": Student.family_name,
        "given_name": Student.given_name,
    },
    default_sort="created_at",
    filters={
        "id": identifier(Student.id, "stu"),
        "given_name": text(Student.given_name, fold=Student.given_name_fold),
        "family_name": text(Student.family_name, fold=Student.family_name_fold),
        "email": text(Student.email, fold=Student.email_fold, nullable=True),
        "external_id": text(Student.external_id, fold=Student.external_id_fold, nullable=True),
        "status": choice(Student.status, StudentStatus),
        "member_id": identifier(Student.member_id, "mem", nullable=True),
        "created_at": instant(Student.created_at),
        "updated_at": instant(Student.updated_at),
    },
    members=tuple(name for name, _ in members_of(StudentSchema)),
)
Revise = Callable[[Any], Mapping[str, Any]]
Check = Callable[[Any], None]
Whole = Callable[[], Mapping[str, Any]]


@dataclass(kw_only=True, eq=False)
class StudentList(Resource):
    """The students of an organization."""

    edge: Edge
    students: Students

    @operation(
        summary="List students",
        description="Staff see all, instructors those in their classes, students themselves.",
        tag=TAG,
        action=Action.STUDENT_LIST,
        returns=STUDENT,
        listing=LISTING,
        rels=(Rel(name="create", operation="create_student", judged=True),),
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, organization_id: UUID) -> Listed:
        return self.students.list(tx, actor, organization_id)

    @operation(
        summary="Make a student",
        description="The record needs no login; whoever accepts an invitation that names it has"
        " one from then on.",
        tag=TAG,
        action=Action.STUDENT_EDIT,
        body=StudentSchema,
        returns=STUDENT,
        status=HTTPStatus.CREATED,
        raises=(NotFound, Forbidden, DuplicateName),
    )
    def post(
        self, *, tx: Transaction, actor: Actor, organization_id: UUID, body: Mapping[str, Any]
    ) -> Judged:
        return self.students.create(tx, actor, organization_id, body)


@dataclass(kw_only=True, eq=False)
class StudentItem(Resource):
    """One student."""

    edge: Edge
    students: Students

    @operation(
        summary="Read a student",
        tag=TAG,
        action=Action.STUDENT_READ,
        returns=STUDENT,
        statements=2,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, student_id: UUID) -> Judged:
        return self.students.get(tx, actor, student_id)

    @operation(
        summary="Change a student",
        description="A change of groups or status may let the lines move in which they wait.",
        tag=TAG,
        action=Action.STUDENT_EDIT,
        body=StudentSchema,
        returns=STUDENT,
        conditional="required",
        raises=(NotFound, Forbidden, DuplicateName, StateConflict),
    )
    def patch(self, *, tx: Transaction, actor: Actor, student_id: UUID, revise: Revise) -> Judged:
        row = self.students.find_for_update(tx, actor, student_id)
        return self.students.update(tx, actor, row, revise(row))

    @operation(
        summary="Replace a student",
        description="A change of groups or status may let the lines move in which they wait.",
        tag=TAG,
        action=Action.STUDENT_EDIT,
        body=StudentSchema,
        returns=STUDENT,
        conditional="required",
        raises=(NotFound, Forbidden, DuplicateName, StateConflict),
    )
    def put(self, *, tx: Transaction, actor: Actor, student_id: UUID, revise: Revise) -> Judged:
        row = self.students.find_for_update(tx, actor, student_id)
        return self.students.update(tx, actor, row, revise(row))

    @operation(
        summary="Erase a student",
        description="Ends their registrations, forgets the person for good, ends their login here.",
        tag=TAG,
        action=Action.STUDENT_ERASE,
        conditional="required",
        status=HTTPStatus.NO_CONTENT,
        raises=(NotFound, Forbidden, StateConflict),
    )
    def delete(
        self, *, tx: Transaction, actor: Actor, student_id: UUID, precondition: Check
    ) -> None:
        self.students.erase(tx, actor, student_id, precondition)


@dataclass(kw_only=True, eq=False)
class StudentByExternalId(Resource):
    """The student whom another system calls so."""

    edge: Edge
    students: Students

    @operation(
        summary="Read a student by their external id",
        tag=TAG,
        action=Action.STUDENT_READ,
        returns=STUDENT,
        statements=2,
        raises=(NotFound,),
    )
    def get(
        self, *, tx: Transaction, actor: Actor, organization_id: UUID, external_id: str
    ) -> Judged:
        named = ExternalId.of_url(organization_id, external_id)
        return self.students.get_by_external_id(tx, actor, named)

    @operation(
        summary="Update a student by their external id, or make one",
        description="For keeping step with another system: sent again, it changes nothing where "
        "nothing differs.",
        tag=TAG,
        action=Action.STUDENT_EDIT,
        body=StudentSchema,
        partial=True,
        returns=STUDENT,
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
        return self.students.upsert(tx, actor, wanted)
