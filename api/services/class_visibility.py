"""Who sees which classes: drafts are for staff, and for who teaches them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Text, literal_column, or_

from api.authz.actor import Actor
from api.authz.policy import Action, Policy, Subject
from api.models import class_page
from api.models.organization import Role
from api.models.school_class import ClassStatus, SchoolClass, instructor_ids, taught_by

# Written out: of a status that it does not know PostgreSQL thinks that nearly no class has another.
_PUBLISHED = SchoolClass.status != literal_column(f"'{ClassStatus.DRAFT}'", Text)
_ALL = class_page.CLASS_PAGE
_VISIBLE = _ALL.where(_PUBLISHED)
_VISIBLE_OR_TAUGHT = _ALL.where(or_(_PUBLISHED, taught_by("member_id")))
BRIEF: Mapping[Select[Any], Select[Any]] = {
    select: select.with_only_columns(*class_page.JUDGED, maintain_column_froms=True)
    for select in (_ALL, _VISIBLE, _VISIBLE_OR_TAUGHT)
}
"""Each of the lists of classes with the columns alone that judging reads."""


def visible_classes(
    policy: Policy, actor: Actor, organization_id: UUID
) -> tuple[Select[Any], Mapping[str, Any]]:
    """The classes of an organization that the actor may see, and the parameters that say so."""
    if policy.allows(actor, Action.CLASS_READ_DRAFT, Subject(organization_id)):
        return _ALL, {}
    membership = actor.membership(organization_id)
    if membership is not None and membership.role is Role.INSTRUCTOR:
        return _VISIBLE_OR_TAUGHT, {"member_id": str(membership.id)}
    return _VISIBLE, {}


def subject_of(row: Row[Any], *, is_public: bool = False) -> Subject:
    """A class as the policy sees it."""
    return Subject(
        row.organization_id, instructors=instructor_ids(row.instructors), is_public=is_public
    )
