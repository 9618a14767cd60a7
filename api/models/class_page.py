"""Classes as a list shows them: with every column, or with those alone by which they are judged."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, bindparam, select

from api.models.base import Identifier
from api.models.facts import CLOCK, LIVE_OF_SUBJECT, OF_ORGANIZATION, OF_SUBJECT, subjects
from api.models.school_class import SchoolClass

_ORGANIZATION = bindparam("organization_id", type_=Identifier)
# A student's few places are found once for the whole page, and not among those of all students.
_SUBJECTS = subjects(LIVE_OF_SUBJECT.organization_id == _ORGANIZATION)
CLASS_PAGE: Select[Any] = (
    select(SchoolClass.__table__, *OF_SUBJECT, *OF_ORGANIZATION, CLOCK.label("clock_now"))
    .select_from(_SUBJECTS)
    .where(SchoolClass.organization_id == _ORGANIZATION)
)
"""Classes of an organization with every column, and what the cheap guards look at."""

_JUDGED_NAMES = (
    "id",
    "organization_id",
    "term_id",
    "version",
    "status",
    "windows",
    "instructors",
    "approval_required",
    "effective_promotion_ends_at",
    "effective_timezone",
    "waitlist_enabled",
    "waitlist_capacity",
    "capacity",
    "over_allowance",
    "seats_taken",
    "waiting",
    "eligible_waiting",
    "promotion_pending",
    "next_ticket",
    "last_decided_at",
)
JUDGED = (
    *(getattr(SchoolClass, name) for name in _JUDGED_NAMES),
    *OF_SUBJECT,
    *OF_ORGANIZATION,
    CLOCK.label("clock_now"),
)
"""Of `CLASS_PAGE` what the guards look at, and what changes without a new version."""
