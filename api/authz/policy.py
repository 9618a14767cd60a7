"""Who may do what: one table of rules, asked by every use-case and by every link."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from api.authz.actor import Actor, Kind, Membership
from api.errors import AuthenticationRequired, Forbidden, NotFound
from api.models.organization import Role

STAFF: Final = frozenset({Role.OWNER, Role.REGISTRAR})
TEACHING: Final = STAFF | {Role.INSTRUCTOR}
EVERYBODY: Final = frozenset(Role)
OWNERS: Final = frozenset({Role.OWNER})


class Action(enum.StrEnum):
    """What can be asked of the policy; the value is `noun:verb`."""

    DISCOVERY_READ = "discovery:read"
    DEPLOYMENT_OPERATE = "deployment:operate"
    ACCOUNT_CREATE = "account:create"
    ACCOUNT_OWN = "account:own"
    ORGANIZATION_CREATE = "organization:create"
    ORGANIZATION_LIST = "organization:list"
    ORGANIZATION_READ = "organization:read"
    ORGANIZATION_EDIT = "organization:edit"
    MEMBER_LIST = "member:list"
    MEMBER_OWN = "member:own"
    MEMBER_READ = "member:read"
    MEMBER_EDIT = "member:edit"
    INVITATION_LIST = "invitation:list"
    INVITATION_READ = "invitation:read"
    INVITATION_EDIT = "invitation:edit"
    INVITATION_EDIT_STAFF = "invitation:edit-staff"
    INVITATION_ACCEPT = "invitation:accept"
    STUDENT_LIST = "student:list"
    STUDENT_READ = "student:read"
    STUDENT_EDIT = "student:edit"
    STUDENT_ERASE = "student:erase"
    TERM_READ = "term:read"
    TERM_EDIT = "term:edit"
    COURSE_READ = "course:read"
    COURSE_EDIT = "course:edit"
    CLASS_READ = "class:read"
    CLASS_READ_DRAFT = "class:read-draft"
    CLASS_EDIT = "class:edit"
    CLASS_DESCRIBE = "class:describe"
    REGISTRATION_LIST = "registration:list"
    REGISTRATION_READ = "registration:read"
    REGISTRATION_CREATE = "registration:create"
    REGISTRATION_LEAVE = "registration:leave"
    REGISTRATION_APPROVE = "registration:approve"
    REGISTRATION_REMOVE = "registration:remove"
    REGISTRATION_OVERRIDE = "registration:override"
    REGISTRATION_EDIT = "registration:edit"
    WAITLIST_READ = "waitlist:read"
    LEDGER_READ = "ledger:read"
    EXPORT_LIST = "export:list"
    EXPORT_CREATE = "export:create"
    JOB_READ = "job:read"
    JOB_CANCEL = "job:cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who may: by role anywhere in the organization, or by standing to the thing itself.

    `instructor`: an instructor of that class. `own`: the student whose record it is.
    `public`: anybody at all, where the organization has a public catalogue.
    `hidden`: to those who may not, the thing does not exist (404 instead of 403).
    """

    roles: frozenset[Role] = frozenset()
    instructor: bool = False
    own: bool = False
    public: bool = False
    hidden: bool = False


RULES: Final[Mapping[Action, Rule]] = MappingProxyType(
    {
        # No role may: only an operator's command, which asks as Homeroom itself.
        Action.DEPLOYMENT_OPERATE: Rule(),
        Action.ORGANIZATION_READ: Rule(roles=EVERYBODY, public=True),
        Action.ORGANIZATION_EDIT: Rule(roles=OWNERS),
        Action.MEMBER_LIST: Rule(roles=EVERYBODY),
        Action.MEMBER_OWN: Rule(roles=EVERYBODY),
        Action.MEMBER_READ: Rule(roles=TEACHING),
        Action.MEMBER_EDIT: Rule(roles=OWNERS),
        Action.INVITATION_LIST: Rule(roles=EVERYBODY),
        Action.INVITATION_READ: Rule(roles=STAFF),
        Action.INVITATION_EDIT: Rule(roles=STAFF),
        Action.INVITATION_EDIT_STAFF: Rule(roles=OWNERS),
        Action.STUDENT_LIST: Rule(roles=EVERYBODY),
        Action.STUDENT_READ: Rule(roles=STAFF, instructor=True, own=True, hidden=True),
        Action.STUDENT_EDIT: Rule(roles=STAFF),
        Action.STUDENT_ERASE: Rule(roles=OWNERS),
        Action.TERM_READ: Rule(roles=EVERYBODY, public=True),
        Action.TERM_EDIT: Rule(roles=STAFF),
        Action.COURSE_READ: Rule(roles=EVERYBODY, public=True),
        Action.COURSE_EDIT: Rule(roles=STAFF),
        Action.CLASS_READ: Rule(roles=EVERYBODY, public=True),
        Action.CLASS_READ_DRAFT: Rule(roles=STAFF, instructor=True, hidden=True),
        Action.CLASS_EDIT: Rule(roles=STAFF),
        Action.CLASS_DESCRIBE: Rule(roles=STAFF, instructor=True),
        Action.REGISTRATION_LIST: Rule(roles=EVERYBODY),
        Action.REGISTRATION_READ: Rule(roles=STAFF, instructor=True, own=True, hidden=True),
        Action.REGISTRATION_CREATE: Rule(roles=STAFF, own=True),
        Action.REGISTRATION_LEAVE: Rule(roles=STAFF, own=True),
        Action.REGISTRATION_APPROVE: Rule(roles=STAFF, instructor=True),
        Action.REGISTRATION_REMOVE: Rule(roles=STAFF),
        Action.REGISTRATION_OVERRIDE: Rule(roles=STAFF),
        Action.REGISTRATION_EDIT: Rule(roles=STAFF),
        Action.WAITLIST_READ: Rule(roles=EVERYBODY),
        Action.LEDGER_READ: Rule(roles=STAFF, instructor=True),
        Action.EXPORT_LIST: Rule(roles=EVERYBODY),
        Action.EXPORT_CREATE: Rule(roles=STAFF),
        Action.JOB_READ: Rule(roles=STAFF),
        Action.JOB_CANCEL: Rule(roles=STAFF),
    }
)
"""Rules inside an organization. Actions that are missing here need a user and no membership."""


class Extent(enum.Enum):
    """How much of a list a caller sees."""

    ALL = "all"
    TAUGHT = "taught"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Reach:
    """What of an organization's rows a list shows: everything, what is taught, or what is own."""

    extent: Extent
    organization_id: UUID
    member_id: UUID | None = None
    student_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """The thing that an action is about, as far as rules look at it."""

    organization_id: UUID
    instructors: Collection[UUID] = ()
    student_id: UUID | None = None
    is_public: bool = False


class Policy:
    """Answers every question of permission, and records that it was asked."""

    def require(self, actor: Actor, action: Action, subject: Subject) -> None:
        """Let the actor pass, or refuse.

        Raises:
            AuthenticationRequired: nobody asks, and the thing is not public.
            NotFound: the actor is no member, or the rule hides the thing.
            Forbidden: the actor is a member whose role may not.
        """
        actor.judged.append(action)
        if self._may(actor, action, subject):
            return
        if actor.kind is Kind.NOBODY:
            raise AuthenticationRequired
        if actor.membership(subject.organization_id) is None or RULES[action].hidden:
            raise NotFound
        raise Forbidden

    def allows(self, actor: Actor, action: Action, subject: Subject) -> bool:
        """Whether `require` would let the actor pass."""
        return self._may(actor, action, subject)

    def require_user(self, actor: Actor, action: Action) -> UUID:
        """The caller's own id, for what needs a user and no membership.

        Raises:
            AuthenticationRequired: nobody asks.
        """
        actor.judged.append(action)
        if actor.user_id is None:
            raise AuthenticationRequired
        return actor.user_id

    def require_nothing(self, actor: Actor, action: Action) -> None:
        """Record that an action is open to everybody."""
        actor.judged.append(action)

    def reach(self, actor: Actor, action: Action, organization_id: UUID) -> Reach:
        """How much of a list the actor sees; staff see all, others what concerns them.

        Raises:
            NotFound: the actor is no member.
        """
        self.require(actor, action, Subject(organization_id))
        if actor.kind is Kind.SYSTEM:
            return Reach(Extent.ALL, organization_id)
        membership = actor.memberships[organization_id]
        if membership.role in STAFF:
            return Reach(Extent.ALL, organization_id)
        if membership.role is Role.INSTRUCTOR:
            return Reach(Extent.TAUGHT, organization_id, member_id=membership.id)
        return Reach(
            Extent.OWN, organization_id, member_id=membership.id, student_id=membership.student_id
        )

    def _may(self, actor: Actor, action: Action, subject: Subject) -> bool:
        rule = RULES[action]
        if actor.kind is Kind.SYSTEM or (rule.public and subject.is_public):
            return True
        membership = actor.membership(subject.organization_id)
        return membership is not None and _stands(rule, membership, subject)


def _stands(rule: Rule, membership: Membership, subject: Subject) -> bool:
    if membership.role in rule.roles:
        return True
    if rule.instructor and membership.id in subject.instructors:
        return True
    return (
        rule.own and subject.student_id is not None and subject.student_id == membership.student_id
    )
