"""What the stream of an organization says: of its catalogue, members, settings and jobs.

Ids, versions and roles, and nothing personal: whoever wants to know more asks for the resource,
and gets what they may see of it.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api import ids
from api.models import streams
from api.models.database import Transaction
from api.models.event import StreamKind
from api.models.locks import LockStep
from api.models.organization import Role
from api.models.streams import Entry

_PREFIXES = {
    "organization": "org",
    "member": "mem",
    "term": "trm",
    "course": "crs",
    "class": "cls",
    "job": "job",
}


def entry(
    type: str,  # noqa: A002  # the name of the envelope's member
    identifier: UUID,
    actor_id: UUID | None,
    **more: Any,
) -> Entry:
    """An event about one resource, which the noun of its type says the kind of."""
    noun, _, _ = type.partition(".")
    data = {"id": ids.encode(_PREFIXES[noun], identifier), **more}
    return Entry(type=type, actor_id=actor_id, data=data)


def class_updated(class_id: UUID, version: int, actor_id: UUID | None) -> Entry:
    """A class was changed otherwise than in its capacity or status, of which its own stream tells.

    Also by its timetable, its term or the organization's zone: by whatever its version rose.
    """
    return entry("class.updated", class_id, actor_id, version=version)


def member_added(member_id: UUID, role: Role, actor_id: UUID | None) -> Entry:
    """Somebody belongs to the organization from now on; `actor_id` is their own where they came."""
    return entry("member.added", member_id, actor_id, role=role.value, version=1)


def member_gone(member_id: UUID, user_id: UUID, actor_id: UUID | None) -> Entry:
    """Somebody left, or was removed by somebody else."""
    verb = "left" if user_id == actor_id else "removed"
    return entry(f"member.{verb}", member_id, actor_id)


def tell(tx: Transaction, organization_id: UUID, *entries: Entry) -> None:
    """Write the next events of the organization's stream, as the last thing that a use-case does.

    Locks the stream until the commit, so nothing that may wait for others comes after it.
    """
    streams.append(tx, StreamKind.ORG, organization_id, entries, organization_id=organization_id)


def note(
    tx: Transaction,
    organization_id: UUID,
    type: str,  # noqa: A002  # the name of the envelope's member
    identifier: UUID,
    actor_id: UUID | None,
    **more: Any,
) -> None:
    """Write one event, as `tell` does."""
    tell(tx, organization_id, entry(type, identifier, actor_id, **more))


def begin(tx: Transaction, organization_id: UUID) -> None:
    """Note that this transaction makes the organization: its stream is nobody else's yet."""
    tx.lock(LockStep.MADE, (StreamKind.ORG.value, organization_id))
