"""Members over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from api.authz.actor import Actor
from api.authz.policy import Action
from api.errors import DuplicateName, Forbidden, LastOwner, NotFound
from api.http.edge import Edge
from api.http.filters import Listing, choice, identifier, instant, text
from api.http.operation import operation
from api.http.restful import Resource
from api.models.database import Transaction
from api.models.organization import Member, Role
from api.models.student import Student
from api.models.user import User
from api.schemas.dumping import members_of
from api.schemas.hypermedia import Rel
from api.schemas.members import MEMBER, MemberCreateSchema, MemberSchema
from api.services.judged import Judged, Listed
from api.services.members import Members

TAG = "people"
LISTING = Listing(
    name="members",
    tiebreak=Member.id,
    sorts={
        "created_at": Member.created_at,
        "updated_at": Member.updated_at,
        "username": User.username,
    },
    default_sort="created_at",
    filters={
        "id": identifier(Member.id, "mem"),
        # A user name is stored in its folded form.
        "username": text(User.username, fold=User.username),
        "display_name": text(User.display_name, nullable=True),
        "user_id": identifier(Member.user_id, "usr"),
        "role": choice(Member.role, Role),
        "student_id": identifier(Student.id, "stu", nullable=True),
        "created_at": instant(Member.created_at),
        "updated_at": instant(Member.updated_at),
    },
    members=tuple(name for name, _ in members_of(MemberSchema)),
)
Revise = Callable[[Any], Mapping[str, Any]]
Check = Callable[[Any], None]


@dataclass(kw_only=True, eq=False)
class MemberList(Resource):
    """The members of an organization."""

    edge: Edge
    members: Members

    @operation(
        summary="List members",
        description="A student sees only themselves.",
        tag=TAG,
        action=Action.MEMBER_LIST,
        returns=MEMBER,
        listing=LISTING,
        rels=(Rel(name="create", operation="create_member", judged=True),),
        statements=2,
        raises=(NotFound,),
    )
    def get(self, *, tx: Transaction, actor: Actor, organization_id: UUID) -> Listed:
        return self.members.list(tx, actor, organization_id)

    @operation(
        summary="Make a user a member",
        description="The user exists already; to somebody else, send an invitation.",
        tag=TAG,
        action=Action.MEMBER_EDIT,
        body=MemberCreateSchema,
        returns=MEMBER,
        status=HTTPStatus.CREATED,
        raises=(NotFound, Forbidden, DuplicateName),
    )
    def post(
        self, *, tx: Transaction, actor: Actor, organization_id: UUID, body: Mapping[str, Any]
    ) -> Judged:
        return self.members.add(tx, actor, organization_id, body)


@dataclass(kw_only=True, eq=False)
class MemberItem(Resource):
    """One member."""

    edge: Edge
    members: Members

    @operation(
        summary="Read a member",
        tag=TAG,
        action=Action.MEMBER_READ,
        returns=MEMBER,
        statements=2,
        raises=(NotFound, Forbidden),
    )
    def get(self, *, tx: Transaction, actor: Actor, member_id: UUID) -> Judged:
        return self.members.get(tx, actor, member_id)

    @operation(
        summary="Give a member another role",
        tag=TAG,
        action=Action.MEMBER_EDIT,
        body=MemberSchema,
        returns=MEMBER,
        conditional="required",
        raises=(NotFound, Forbidden, LastOwner),
    )
    def patch(self, *, tx: Transaction, actor: Actor, member_id: UUID, revise: Revise) -> Judged:
        row = self.members.find_for_update(tx, actor, member_id)
        return self.members.update(tx, actor, row, revise(row))

    @operation(
        summary="Remove a member, or leave",
        description="A student record stays, without a login.",
        tag=TAG,
        action=Action.MEMBER_EDIT,
        conditional="honoured",
        status=HTTPStatus.NO_CONTENT,
        raises=(NotFound, Forbidden, LastOwner),
    )
    def delete(
        self, *, tx: Transaction, actor: Actor, member_id: UUID, precondition: Check
    ) -> None:
        row = self.members.find_for_removal(tx, actor, member_id)
        precondition(row)
        self.members.remove(tx, actor, row)
