"""Who asks: the access snapshot that one request works with, and the record of what was judged."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from api.authz.scopes import Scope
from api.models.organization import Role
from api.models.student import StudentStatus

_SCOPES = len(Scope)


@dataclass(frozen=True, slots=True)
class Membership:
    """One user in one organization; the last two are set when the user is also a student there."""

    id: UUID
    organization_id: UUID
    role: Role
    student_id: UUID | None = None
    student_status: StudentStatus | None = None


class Kind(enum.Enum):
    """Whether the actor is a person with a token, nobody, or Homeroom itself."""

    USER = "user"
    NOBODY = "nobody"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The caller of a use-case, as read once at the beginning of the request.

    `judged` collects the actions that the policy was asked about; the edge refuses to
    commit work about which it was never asked.
    """

    kind: Kind = Kind.USER
    user_id: UUID | None = None
    token_id: UUID | None = None
    scopes: frozenset[str] = frozenset()
    memberships: Mapping[UUID, Membership] = field(default_factory=dict)
    judged: list[str] = field(default_factory=list, compare=False, repr=False)

    @classmethod
    def nobody(cls) -> Actor:
        """A caller without a token."""
        return cls(kind=Kind.NOBODY)

    @classmethod
    def system(cls) -> Actor:
        """Homeroom itself: the sweeper and the operator's commands."""
        return cls(kind=Kind.SYSTEM)

    @property
    def is_narrow(self) -> bool:
        """Whether the token was issued for less than its user may do: most are not."""
        return self.token_id is not None and len(self.scopes) < _SCOPES

    def membership(self, organization_id: UUID) -> Membership | None:
        """The caller's membership in that organization, if there is one."""
        return self.memberships.get(organization_id)
