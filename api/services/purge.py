"""Removing an archived organization for good, with everything in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, text, update

from api.authz.actor import Actor
from api.authz.policy import Action, Policy, Subject
from api.errors import NotFound, StateConflict
from api.models.base import db
from api.models.database import Transaction
from api.models.event import Event, Stream, StreamKind
from api.models.idempotency import IdempotencyKey
from api.models.locks import LockStep
from api.models.organization import Organization
from api.models.student import Student
from api.services.catalogue import NOWHERE

BY_SLUG_FOR_UPDATE = (
    select(Organization.id, Organization.archived_at)
    .where(Organization.slug == bindparam("slug"))
    .with_for_update()
)
ARCHIVED = (
    select(Organization.id, Organization.slug, Organization.name, Organization.archived_at)
    .where(Organization.archived_at.is_not(None))
    .order_by(Organization.archived_at, Organization.slug)
)

NO_LIMIT_HERE = text("SET LOCAL statement_timeout = 0")
"""A big school takes longer than a request may; holds for this transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """What an operator does when an archived organization must not come back."""

    policy: Policy

    def archived(self, tx: Transaction, actor: Actor) -> Sequence[Row[Any]]:
        """The organizations that could be purged, the longest archived first.

        Raises:
            AuthenticationRequired, NotFound: anybody but an operator asks.
        """
        self.policy.require(actor, Action.DEPLOYMENT_OPERATE, NOWHERE)
        return tx.all(ARCHIVED)

    def purge(self, tx: Transaction, actor: Actor, slug: str) -> dict[str, int]:
        """Delete every row of an archived organization; the number of rows by table.

        Users stay, for they may belong elsewhere. Their own streams stay gap-free: what they were
        told of this organization loses its contents.

        Raises:
            AuthenticationRequired, NotFound: anybody but an operator asks, or no such organization.
            StateConflict: it is not archived.
        """
        self.policy.require(actor, Action.DEPLOYMENT_OPERATE, NOWHERE)
        row = tx.first(BY_SLUG_FOR_UPDATE, slug=slug)
        if row is None:
            raise NotFound(f"There is no organization {slug}.")
        self.policy.require(actor, Action.DEPLOYMENT_OPERATE, Subject(row.id))
        if row.archived_at is None:
            raise StateConflict("An owner archives it first, by DELETE.")
        tx.lock(LockStep.ORGANIZATION, row.id)

        if tx.dialect == "postgresql":
            tx.execute(NO_LIMIT_HERE)
        students = select(Student.id).where(Student.organization_id == row.id)
        tx.execute(delete(IdempotencyKey).where(IdempotencyKey.student_id.in_(students)))
        tx.execute(
            update(Event)
            .where(Event.organization_id == row.id, Event.stream_kind == StreamKind.USER)
            .values(data=None)
        )
        deleted = {table: _emptied(tx, table, row.id) for table in _tables()}
        tx.execute(delete(Organization).where(Organization.id == row.id))
        return deleted


# Of these two, what is a user's own stays: its next event takes the number after the last.
_STREAM_KIND = {Event.__tablename__: Event.stream_kind, Stream.__tablename__: Stream.kind}


def _tables() -> list[str]:
    """The tables with rows of organizations, each before those that it refers to."""
    return [
        str(table.name)
        for table in reversed(db.metadata.sorted_tables)
        if "organization_id" in table.columns
    ]


def _emptied(tx: Transaction, name: str, organization_id: Any) -> int:
    table = db.metadata.tables[name]
    statement = delete(table).where(table.c.organization_id == organization_id)
    kind = _STREAM_KIND.get(name)
    if kind is not None:
        statement = statement.where(kind != StreamKind.USER)
    return tx.execute(statement).rowcount
