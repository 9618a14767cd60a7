"""Terms: edited by staff; their deadlines are those of the classes that set none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, update
from sqlalchemy.exc import IntegrityError

from api.authz.actor import Actor
from api.authz.policy import Action, Policy, Subject
from api.errors import ResourceInUse
from api.ids import Ids
from api.models import term as terms
from api.models.base import fold
from api.models.database import Transaction
from api.models.locks import LockStep
from api.models.term import Term
from api.services import inheritance, organization_news
from api.services.catalogue import edit_verdicts, refuse_absent, require_reading
from api.services.external_ids import ExternalId, Upsert, name_taken
from api.services.judged import Judged, Listed, Made, permitted
from api.services.rules_catalogue import refuse_faults, term_faults

INHERITED = frozenset({"drop_until", "withdraw_until", "promotion_ends_at"})
"""What classes take from their term."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of an organization."""

    policy: Policy
    ids: Ids

    def of_organization(self, tx: Transaction, actor: Actor, organization_id: UUID) -> Listed:
        """Every term of an organization.

        Raises:
            AuthenticationRequired, NotFound: the catalogue is not public.
        """
        require_reading(tx, self.policy, actor, Action.TERM_READ, organization_id)
        may_edit = self._may_edit(actor, organization_id)
        return Listed(
            select=terms.OF_ORGANIZATION,
            parameters={"organization_id": organization_id},
            judge=lambda _tx, rows: self._judged(actor, rows),
            verdicts={"create": permitted(may_edit)},
        )

    def get(self, tx: Transaction, actor: Actor, term_id: UUID) -> Judged:
        """One term.

        Raises:
            AuthenticationRequired, NotFound: no such term, or the catalogue is not public.
        """
        row = tx.first(terms.BY_ID, term_id=term_id)
        return self._read(actor, row)

    def get_by_external_id(self, tx: Transaction, actor: Actor, named: ExternalId) -> Judged:
        """The term that another system calls so.

        Raises:
            AuthenticationRequired, NotFound: no such term, or the catalogue is not public.
        """
        row = tx.first(terms.BY_EXTERNAL_ID, **named.parameters)
        if row is None:
            require_reading(tx, self.policy, actor, Action.TERM_READ, named.organization_id)
        return self._read(actor, row)

    def create(
        self, tx: Transaction, actor: Actor, organization_id: UUID, new: Mapping[str, Any]
    ) -> Judged:
        """Make a term.

        Raises:
            NotFound, Forbidden: the caller is no member, or not staff.
            ValidationFailed: its dates are in no order.
            DuplicateName: the external id is taken.
        """
        self.policy.require(actor, Action.TERM_EDIT, Subject(organization_id))
        refuse_faults(term_faults(new))
        now = tx.now()

        columns = {
            **_columns(new),
            "id": self.ids.new(organization_id),
            "organization_id": organization_id,
            "created_at": now,
            "updated_at": now,
            "version": 1,
        }
        try:
            row = tx.execute(insert(Term).values(**columns).returning(Term)).one()
        except IntegrityError as error:
            raise name_taken(error, "external_id") from error
        organization_news.note(
            tx, organization_id, "term.created", row.id, actor.user_id, version=1
        )
        return Judged(row, edit_verdicts(may_edit=True, is_in_use=False))

    def find_for_update(self, tx: Transaction, actor: Actor, term_id: UUID) -> Row[Any]:
        """The row, locked for an edit by staff.

        Raises:
            NotFound, Forbidden: the caller is no member, or not staff.
        """
        tx.lock(LockStep.TERM, term_id)
        row = tx.first(terms.BY_ID_FOR_UPDATE, term_id=term_id)
        if row is None:
            refuse_absent(self.policy, actor, Action.TERM_EDIT)
        self.policy.require(actor, Action.TERM_EDIT, Subject(row.organization_id))
        return row

    def update(
        self, tx: Transaction, actor: Actor, row: Row[Any], changes: Mapping[str, Any]
    ) -> Judged:
        """Change a term, and with it the deadlines of the classes that follow it.

        Locks those classes, by id, if a deadline changes.

        Raises:
            ValidationFailed: its dates are in no order.
            DuplicateName: the external id is taken.
        """
        verdicts = edit_verdicts(may_edit=True, is_in_use=row.is_in_use)
        if not changes:
            return Judged(row, verdicts)
        refuse_faults(term_faults({**row._asdict(), **changes}))

        columns = {**_columns(changes), "version": row.version + 1, "updated_at": tx.now()}
        statement = (
            update(Term)
            .where(Term.organization_id == row.organization_id, Term.id == row.id)
            .values(**columns)
        )
        try:
            changed = tx.execute(statement.returning(Term)).one()
        except IntegrityError as error:
            raise name_taken(error, "external_id") from error
        heirs = inheritance.follow_term(tx, changed) if INHERITED & changes.keys() else []
        organization_news.tell(
            tx,
            row.organization_id,
            organization_news.entry("term.updated", row.id, actor.user_id, version=changed.version),
            *(organization_news.class_updated(*heir, actor.user_id) for heir in heirs),
        )
        return Judged(changed, verdicts)

    def upsert(self, tx: Transaction, actor: Actor, wanted: Upsert) -> Judged | Made:
        """Update the term that another system calls so, or make it; what is not sent stays.

        Raises:
            NotFound, Forbidden: the caller is no member, or not staff.
            StaleVersion: `If-Match` names another version.
            ValidationFailed: a member that a new term needs is missing.
            DuplicateName: somebody else makes it at this moment.
        """
        named = wanted.external_id
        self.policy.require(actor, Action.TERM_EDIT, Subject(named.organization_id))
        row = tx.first(terms.BY_EXTERNAL_ID_FOR_UPDATE, **named.parameters)
        wanted.precondition(row)
        if row is None:
            return Made(self.create(tx, actor, named.organization_id, named.named(wanted.whole())))
        tx.lock(LockStep.TERM, row.id)
        sent = named.named(wanted.sent)
        changes = {name: value for name, value in sent.items() if getattr(row, name) != value}
        return self.update(tx, actor, row, changes)

    def delete(self, tx: Transaction, actor: Actor, row: Row[Any]) -> None:
        """Remove a term in which no class is held.

        Raises:
            ResourceInUse: classes are held in it; `counts` says how many.
        """
        # Asked anew: the row's own answer may be older than its lock.
        classes = tx.scalar(
            terms.CLASSES_IN_TERM, organization_id=row.organization_id, term_id=row.id
        )
        if classes:
            raise ResourceInUse("Classes are held in this term.", counts={"classes": classes})
        tx.execute(
            delete(Term).where(Term.organization_id == row.organization_id, Term.id == row.id)
        )
        organization_news.note(tx, row.organization_id, "term.deleted", row.id, actor.user_id)

    def _may_edit(self, actor: Actor, organization_id: UUID) -> bool:
        return self.policy.allows(actor, Action.TERM_EDIT, Subject(organization_id))

    def _read(self, actor: Actor, row: Row[Any] | None) -> Judged:
        if row is None:
            refuse_absent(self.policy, actor, Action.TERM_READ)
        subject = Subject(row.organization_id, is_public=row.public_catalog)
        self.policy.require(actor, Action.TERM_READ, subject)
        return self._judged(actor, [row])[0]

    def _judged(self, actor: Actor, rows: Sequence[Row[Any]]) -> list[Judged]:
        if not rows:
            return []
        may_edit = self._may_edit(actor, rows[0].organization_id)
        return [
            Judged(row, edit_verdicts(may_edit=may_edit, is_in_use=row.is_in_use)) for row in rows
        ]


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that hold these members, with their folded twins."""
    folded = {
        f"{name}_fold": None if values[name] is None else fold(values[name])
        for name in ("name", "external_id")
        if name in values
    }
    return {**values, **folded}
