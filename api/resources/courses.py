"""Courses over HTTP."""

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
from api.http.filters import Listing, identifier, instant, number, text
from api.http.operation import operation
from api.http.restful import Resource
from api.models.course import Course
from api.models.database import Transaction
from api.schemas.courses import COURSE, CourseSchema
from api.schemas.dumping import members_of
from api.schemas.hypermedia import Rel
from api.services.courses import Courses
from api.services.external_ids import ExternalId, Upsert
from api.services.judged import Judged, Listed, Made

TAG = "catalogue"
LISTING = Listing(
    name="courses",
    tiebreak=Course.id,
    sorts={
        "created_at": Course.created_at,
        "updated_at": Course.updated_at,
        "code": Course.code,
        "title": Course.title,
    },
    default_sort="created_at",
    filters={
        "id": identifier(Course.id, "crs"),
        "code": text(Course.code, fold=Course.code_fold),
        "title": text(Course.title, fold=Course.title_fold),
        "external_id": text(Course.external_id, fold=Course.external_id_fold, nullable=True),
        "credits_milli": number(Course.credits_milli, least=0, most=100_000, nullable=True),
        "created_at": instant(Course.created_at),
        "updated_at": instant(Course.updated_at),
    },
    members=tuple(name for name, _ in members_of(CourseSchema)),
)
Revise = Callable[[Any], Mapping[str, Any]]
Check = Callable[[Any], None]
Whole = Callable[[], Mapping[str, Any]]


@dataclass(kw_only=True, eq=False)
class CourseList(Resource):
    """The courses of an organization."""

    edge: Edge
    courses: Courses

    @operation(
        summary="List courses",
        tag=TAG,
        action=Action.COURSE_READ,
        access="optional",
        returns=COURSE,
        listing=LISTING,
        rels=(Rel(name="create", operation="create_course", judged=True),),
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, organization_id: UUID) -> Listed:
        return self.courses.of_organization(tx, actor, organization_id)

    @operation(
        summary="Make a course",
        description="What classes can offer; its `code` is unique in the organization.",
        tag=TAG,
        action=Action.COURSE_EDIT,
        body=CourseSchema,
        returns=COURSE,
        status=HTTPStatus.CREATED,
        raises=(NotFound, Forbidden, DuplicateName),
    )
    def post(
        self, *, tx: Transaction, actor: Actor, organization_id: UUID, body: Mapping[str, Any]
    ) -> Judged:
        return self.courses.create(tx, actor, organization_id, body)


@dataclass(kw_only=True, eq=False)
class CourseItem(Resource):
    """One course."""

    edge: Edge
    courses: Courses

    @operation(
        summary="Read a course",
        tag=TAG,
        action=Action.COURSE_READ,
        access="optional",
        returns=COURSE,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, course_id: UUID) -> Judged:
        return self.courses.get(tx, actor, course_id)

    @operation(
        summary="Change a course",
        description="The classes that offer it stay as they are.",
        tag=TAG,
        action=Action.COURSE_EDIT,
        body=CourseSchema,
        returns=COURSE,
        conditional="required",
        raises=(NotFound, Forbidden, DuplicateName),
    )
    def patch(self, *, tx: Transaction, actor: Actor, course_id: UUID, revise: Revise) -> Judged:
        row = self.courses.find_for_update(tx, actor, course_id)
        return self.courses.update(tx, actor, row, revise(row))

    @operation(
        summary="Replace a course",
        description="The classes that offer it stay as they are.",
        tag=TAG,
        action=Action.COURSE_EDIT,
        body=CourseSchema,
        returns=COURSE,
        conditional="required",
        raises=(NotFound, Forbidden, DuplicateName),
    )
    def put(self, *, tx: Transaction, actor: Actor, course_id: UUID, revise: Revise) -> Judged:
        row = self.courses.find_for_update(tx, actor, course_id)
        return self.courses.update(tx, actor, row, revise(row))

    @operation(
        summary="Remove a course that no class offers",
        description="As long as a class offers it, it is refused with their number in `counts`.",
        tag=TAG,
        action=Action.COURSE_EDIT,
        conditional="required",
        status=HTTPStatus.NO_CONTENT,
        raises=(NotFound, Forbidden, ResourceInUse),
    )
    def delete(
        self, *, tx: Transaction, actor: Actor, course_id: UUID, precondition: Check
    ) -> None:
        row = self.courses.find_for_update(tx, actor, course_id)
        precondition(row)
        self.courses.delete(tx, actor, row)


@dataclass(kw_only=True, eq=False)
class CourseByExternalId(Resource):
    """The course that another system calls so."""

    edge: Edge
    courses: Courses

    @operation(
        summary="Read a course by its external id",
        tag=TAG,
        action=Action.COURSE_READ,
        access="optional",
        returns=COURSE,
        statements=2,
        raises=(NotFound,),
    )
    def get(
        self, *, tx: Transaction, actor: Actor, organization_id: UUID, external_id: str
    ) -> Judged:
        named = ExternalId.of_url(organization_id, external_id)
        return self.courses.get_by_external_id(tx, actor, named)

    @operation(
        summary="Update a course by its external id, or make it",
        description="For keeping step with another system: sent again, it changes nothing where "
        "nothing differs.",
        tag=TAG,
        action=Action.COURSE_EDIT,
        body=CourseSchema,
        partial=True,
        returns=COURSE,
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
        return self.courses.upsert(tx, actor, wanted)
