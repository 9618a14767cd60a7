"""Courses: what the catalogue of an organization describes, edited by staff."""

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
from api.models import course as courses
from api.models.base import fold
from api.models.course import Course
from api.models.database import Transaction
from api.models.locks import LockStep
from api.services import organization_news
from api.services.catalogue import edit_verdicts, refuse_absent, require_reading
from api.services.external_ids import ExternalId, Upsert, name_taken
from api.services.judged import Judged, Listed, Made, permitted

INSERT = insert(Course).returning(Course)


@dataclass(frozen=True, slots=True, kw_only=True)
class Courses:
    """The courses of an organization."""

    policy: Policy
    ids: Ids

    def of_organization(self, tx: Transaction, actor: Actor, organization_id: UUID) -> Listed:
        """Every course of an organization.

        Raises:
            AuthenticationRequired, NotFound: the catalogue is not public.
        """
        require_reading(tx, self.policy, actor, Action.COURSE_READ, organization_id)
        may_edit = self._may_edit(actor, organization_id)
        return Listed(
            select=courses.OF_ORGANIZATION,
            parameters={"organization_id": organization_id},
            judge=lambda _tx, rows: self._judged(actor, rows),
            verdicts={"create": permitted(may_edit)},
        )

    def get(self, tx: Transaction, actor: Actor, course_id: UUID) -> Judged:
        """One course.

        Raises:
            AuthenticationRequired, NotFound: no such course, or the catalogue is not public.
        """
        row = tx.first(courses.BY_ID, course_id=course_id)
        return self._read(actor, row)

    def get_by_external_id(self, tx: Transaction, actor: Actor, named: ExternalId) -> Judged:
        """The course that another system calls so.

        Raises:
            AuthenticationRequired, NotFound: no such course, or the catalogue is not public.
        """
        row = tx.first(courses.BY_EXTERNAL_ID, **named.parameters)
        if row is None:
            require_reading(tx, self.policy, actor, Action.COURSE_READ, named.organization_id)
        return self._read(actor, row)

    def create(
        self, tx: Transaction, actor: Actor, organization_id: UUID, new: Mapping[str, Any]
    ) -> Judged:
        """Make a course.

        Raises:
            NotFound, Forbidden: the caller is no member, or not staff.
            DuplicateName: the code or the external id is taken.
        """
        self.policy.require(actor, Action.COURSE_EDIT, Subject(organization_id))
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
            row = tx.execute(INSERT, columns).one()
        except IntegrityError as error:
            raise name_taken(error, "code", "external_id") from error
        organization_news.note(
            tx, organization_id, "course.created", row.id, actor.user_id, version=1
        )
        return Judged(row, edit_verdicts(may_edit=True, is_in_use=False))

    def find_for_update(self, tx: Transaction, actor: Actor, course_id: UUID) -> Row[Any]:
        """The row, locked for an edit by staff.

        Raises:
            NotFound, Forbidden: the caller is no member, or not staff.
        """
        tx.lock(LockStep.COURSE, course_id)
        row = tx.first(courses.BY_ID_FOR_UPDATE, course_id=course_id)
        if row is None:
            refuse_absent(self.policy, actor, Action.COURSE_EDIT)
        self.policy.require(actor, Action.COURSE_EDIT, Subject(row.organization_id))
        return row

    def update(
        self, tx: Transaction, actor: Actor, row: Row[Any], changes: Mapping[str, Any]
    ) -> Judged:
        """Change a course; nothing is written if nothing differs.

        Raises:
            DuplicateName: the code or the external id is taken.
        """
        verdicts = edit_verdicts(may_edit=True, is_in_use=row.is_in_use)
        if not changes:
            return Judged(row, verdicts)

        columns = {**_columns(changes), "version": row.version + 1, "updated_at": tx.now()}
        statement = (
            update(Course)
            .where(Course.organization_id == row.organization_id, Course.id == row.id)
            .values(**columns)
        )
        try:
            changed = tx.execute(statement.returning(Course)).one()
        except IntegrityError as error:
            raise name_taken(error, "code", "external_id") from error
        organization_news.note(
            tx,
            row.organization_id,
            "course.updated",
            row.id,
            actor.user_id,
            version=changed.version,
        )
        return Judged(changed, verdicts)

    def upsert(self, tx: Transaction, actor: Actor, wanted: Upsert) -> Judged | Made:
        """Update the course that another system calls so, or make it; what is not sent stays.

        Raises:
            NotFound, Forbidden: the caller is no member, or not staff.
            StaleVersion: `If-Match` names another version.
            ValidationFailed: a member that a new course needs is missing.
            DuplicateName: somebody else makes it at this moment.
        """
        named = wanted.external_id
        self.policy.require(actor, Action.COURSE_EDIT, Subject(named.organization_id))
        row = tx.first(courses.BY_EXTERNAL_ID_FOR_UPDATE, **named.parameters)
        wanted.precondition(row)
        if row is None:
            return Made(self.create(tx, actor, named.organization_id, named.named(wanted.whole())))
        tx.lock(LockStep.COURSE, row.id)
        sent = named.named(wanted.sent)
        changes = {name: value for name, value in sent.items() if getattr(row, name) != value}
        return self.update(tx, actor, row, changes)

    def delete(self, tx: Transaction, actor: Actor, row: Row[Any]) -> None:
        """Remove a course that no class offers.

        Raises:
            ResourceInUse: classes offer it; `counts` says how many.
        """
        # Asked anew: the row's own answer may be older than its lock.
        classes = tx.scalar(
            courses.CLASSES_OF_COURSE, organization_id=row.organization_id, course_id=row.id
        )
        if classes:
            raise ResourceInUse("Classes offer this course.", counts={"classes": classes})
        tx.execute(
            delete(Course).where(Course.organization_id == row.organization_id, Course.id == row.id)
        )
        organization_news.note(tx, row.organization_id, "course.deleted", row.id, actor.user_id)

    def _may_edit(self, actor: Actor, organization_id: UUID) -> bool:
        return self.policy.allows(actor, Action.COURSE_EDIT, Subject(organization_id))

    def _read(self, actor: Actor, row: Row[Any] | None) -> Judged:
        if row is None:
            refuse_absent(self.policy, actor, Action.COURSE_READ)
        subject = Subject(row.organization_id, is_public=row.public_catalog)
        self.policy.require(actor, Action.COURSE_READ, subject)
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
        for name in ("code", "title", "external_id")
        if name in values
    }
    return {**values, **folded}
