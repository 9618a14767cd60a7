"""A school in the making: every step is the use-case that the API serves, with the same checks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from api.authz.actor import Actor, Membership
from api.container import Container
from api.models.database import Transaction
from api.models.organization import Role
from api.schemas.classes import ClassSchema
from api.schemas.courses import CourseSchema
from api.schemas.organizations import OrganizationSchema
from api.schemas.students import StudentSchema
from api.schemas.terms import TermSchema
from api.schemas.timetable import MeetingPatternSchema, SessionSchema

_ORGANIZATION, _STUDENT = OrganizationSchema(), StudentSchema()
_TERM, _COURSE, _CLASS = TermSchema(), CourseSchema(), ClassSchema()
_PATTERN, _SESSION = MeetingPatternSchema(), SessionSchema()


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Somebody with an account; without a hash nobody can log in as them."""

    username: str
    display_name: str
    role: Role
    password_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Founding:
    """One transaction in which an owner sets up a school; bodies are as a client sends them."""

    container: Container
    tx: Transaction
    owner: Actor
    organization_id: UUID

    @classmethod
    def begin(
        cls, container: Container, tx: Transaction, body: Mapping[str, Any], owner: Login
    ) -> Self:
        """Make the owner's account and the organization."""
        user_id = _sign_up(container, tx, owner)
        new = _ORGANIZATION.load(dict(body))
        row = container.organizations.create(tx, Actor(user_id=user_id), new).row
        return cls(
            container=container,
            tx=tx,
            owner=owner_of(row.id, user_id),
            organization_id=row.id,
        )

    def hire(self, staff: Login) -> UUID:
        """Make an account and a member; give the member's id."""
        _sign_up(self.container, self.tx, staff)
        wanted = {"username": staff.username, "role": staff.role}
        members, tx = self.container.members, self.tx
        member_id: UUID = members.add(tx, self.owner, self.organization_id, wanted).row.id
        return member_id

    def enrol(self, body: Mapping[str, Any], login: Login) -> Actor:
        """Make a student, and an account that claims the record; give who asks as them."""
        student_id = self._made(self.container.students, _STUDENT.load(dict(body)))
        invitation = {"role": Role.STUDENT, "student_id": student_id}
        invitations, tx = self.container.invitations, self.tx
        code = invitations.create(tx, self.owner, self.organization_id, invitation).row.code
        user_id = _sign_up(self.container, tx, login)
        member = invitations.accept(tx, Actor(user_id=user_id), code).row
        membership = Membership(member.id, self.organization_id, Role.STUDENT, student_id)
        return Actor(user_id=user_id, memberships={self.organization_id: membership})

    def term(self, body: Mapping[str, Any]) -> UUID:
        """Make a term; give its id."""
        return self._made(self.container.terms, _TERM.load(dict(body)))

    def course(self, body: Mapping[str, Any]) -> UUID:
        """Make a course; give its id."""
        return self._made(self.container.courses, _COURSE.load(dict(body)))

    def school_class(self, body: Mapping[str, Any]) -> UUID:
        """Make a class; give its id."""
        return self._made(self.container.classes, _CLASS.load(dict(body)))

    def meets_weekly(self, class_id: UUID, body: Mapping[str, Any]) -> None:
        """Make a meeting pattern and its sessions."""
        new = _PATTERN.load(dict(body))
        self.container.patterns.create(self.tx, self.owner, class_id, new)

    def meets_once(self, class_id: UUID, body: Mapping[str, Any]) -> None:
        """Make a session by hand."""
        new = _SESSION.load(dict(body))
        self.container.sessions.create(self.tx, self.owner, class_id, new)

    def _made(self, service: Any, new: Mapping[str, Any]) -> UUID:
        made: UUID = service.create(self.tx, self.owner, self.organization_id, new).row.id
        return made


def owner_of(organization_id: UUID, user_id: UUID) -> Actor:
    """Who asks as an owner; the policy looks at the role, never at the id of the membership."""
    membership = Membership(user_id, organization_id, Role.OWNER)
    return Actor(user_id=user_id, memberships={organization_id: membership})


def _sign_up(container: Container, tx: Transaction, staff: Login) -> UUID:
    account = {"username": staff.username, "display_name": staff.display_name}
    row = container.accounts.sign_up(tx, Actor.system(), account, staff.password_hash).row
    user_id: UUID = row.id
    return user_id
