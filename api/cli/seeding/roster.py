"""Students from a file: each a record, a user whom nobody can log in as, and a membership."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from api.authz.actor import Actor
from api.cli.installation.opening import Installation
from api.cli.rehearsal.demand import open_text
from api.models import Organization, Student
from api.services.intake import AT_ONCE

_ORGANIZATIONS = (
    select(Organization.id, Organization.slug)
    .where(Organization.archived_at.is_(None))
    .order_by(Organization.created_at.desc(), Organization.id.desc())
)
_BY_SLUG = _ORGANIZATIONS.where(Organization.slug == bindparam("slug"))
_KNOWN = select(Student.external_id).where(
    Student.organization_id == bindparam("organization_id"), Student.external_id.is_not(None)
)


class RosterBroken(Exception):
    """The students cannot be made; the message says why."""


def school_named(here: Installation, slug: str | None) -> UUID:
    """The organization of that slug, or the only one.

    Raises:
        RosterBroken: there is none, or several and none was named.
    """
    with here.database.read() as tx:
        found = tx.all(_ORGANIZATIONS) if slug is None else tx.all(_BY_SLUG, slug=slug)
    if len(found) != 1:
        several = ", ".join(row.slug for row in found[:5])
        raise RosterBroken(
            f"name one of the organizations with --organization: {several}"
            if found
            else f"there is no organization {slug or 'yet; make one with --catalogue'}"
        )
    organization_id: UUID = found[0].id
    return organization_id


def read(path: Path) -> list[str]:
    """The external ids in the column `student`, each once, in the order of the file.

    Raises:
        RosterBroken: it cannot be read, or has no such column.
    """
    try:
        with open_text(path) as lines:
            return list(dict.fromkeys(row["student"] for row in csv.DictReader(lines)))
    except (OSError, KeyError, UnicodeDecodeError) as reason:
        raise RosterBroken(f"{path}: {reason!r}; a CSV with the column student is needed") from None


def enrol(here: Installation, organization_id: UUID, external_ids: list[str]) -> Iterator[int]:
    """Make those who are not there yet; give after each transaction how many it made."""
    with here.database.read() as tx:
        rows = tx.all(_KNOWN, organization_id=organization_id)
    known = {row.external_id for row in rows}
    left = (_student(one) for one in external_ids if one not in known)
    while some := list(islice(left, AT_ONCE)):
        with here.database.write() as tx:
            yield from here.container.intake.enroll(tx, Actor.system(), organization_id, some)


def _student(external_id: str) -> dict[str, Any]:
    return {"given_name": "Student", "family_name": external_id, "external_id": external_id}
