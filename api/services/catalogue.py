"""What terms, courses and classes share: who may look at a catalogue, and what deleting tells."""

from __future__ import annotations

from typing import NoReturn
from uuid import UUID

from sqlalchemy import bindparam, select

from api.authz.actor import Actor
from api.authz.policy import Action, Policy, Subject
from api.errors import Block, NotFound
from api.models.database import Transaction
from api.models.organization import Organization
from api.services.judged import ALLOWED, FORBIDDEN, Verdicts, permitted

IS_PUBLIC = select(Organization.public_catalog).where(
    Organization.id == bindparam("organization_id"), Organization.archived_at.is_(None)
)
NOWHERE = Subject(UUID(int=0))
IN_USE = (Block("resource-in-use"),)


def require_reading(
    tx: Transaction, policy: Policy, actor: Actor, action: Action, organization_id: UUID
) -> None:
    """Let members read the catalogue of an organization, and everybody if it is public.

    A member costs no statement: the memberships of the request are of living organizations.

    Raises:
        AuthenticationRequired, NotFound: it is not public, and nobody or a stranger asks.
    """
    is_member = actor.membership(organization_id) is not None
    is_public = not is_member and bool(tx.scalar(IS_PUBLIC, organization_id=organization_id))
    policy.require(actor, action, Subject(organization_id, is_public=is_public))


def refuse_absent(policy: Policy, actor: Actor, action: Action) -> NoReturn:
    """Refuse what does not exist, just as what is another organization's is refused.

    Raises:
        AuthenticationRequired: nobody asks.
        NotFound: anybody else does.
    """
    policy.require(actor, action, NOWHERE)
    raise NotFound


def edit_verdicts(*, may_edit: bool, is_in_use: bool) -> Verdicts:
    """The verdicts of `edit` and `delete`, of which the second also looks at what refers to it."""
    deletable = IN_USE if is_in_use else ALLOWED
    return {"edit": permitted(may_edit), "delete": deletable if may_edit else FORBIDDEN}
