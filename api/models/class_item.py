"""One class as it is shown alone, and what its guards look at for one student."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, bindparam, select

from api.models.class_page import JUDGED
from api.models.facts import (
    CLASHES,
    CLOCK,
    COUNTS,
    OF_ORGANIZATION,
    OF_SUBJECT,
    SUBJECTS,
)
from api.models.organization import Organization
from api.models.school_class import SchoolClass

_VERSION = Organization.version.label("organization_version")
_ITEM = (
    select(SchoolClass.__table__, *OF_SUBJECT, *OF_ORGANIZATION, CLOCK.label("clock_now"), _VERSION)
    .select_from(SUBJECTS)
    .where(SchoolClass.id == bindparam("class_id"), Organization.archived_at.is_(None))
)

CLASS_ITEM: Select[Any] = _ITEM.add_columns(COUNTS, CLASHES)
"""One class with every column, and what its guards look at for the one of `student_ids`."""

CLASS_ITEM_UNSEARCHED: Select[Any] = _ITEM.add_columns(COUNTS)
"""The same without clashes, where they are known if the versions are what they were.

A search that does not run still costs PostgreSQL a sixth of the statement.
"""

CLASS_ITEM_BRIEF: Select[Any] = _ITEM.with_only_columns(
    *JUDGED, _VERSION, maintain_column_froms=True
)
"""The same with what changes without a version, where nothing is counted: all else is known."""
