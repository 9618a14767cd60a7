"""An export: the files of one organization as one snapshot has them, in one archive."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select

from api.models import roster
from api.models.database import Transaction
from api.services.oneroster import HEADERS, Cells, OneRoster

ROWS_A_STEP: Final = 500
"""Rows that are read at once, between two looks whether the job still stands."""

READINGS_OF_CLASSES: Final = 3
"""For the courses of those without, for themselves, and for who teaches them."""

BEFORE_ALL: Final = (dt.datetime.min.replace(tzinfo=dt.UTC), UUID(int=0))


@dataclass(slots=True, kw_only=True)
class Export:
    """What an export makes; `tell` hears after each step how many percent are done.

    `tx` is a snapshot. Whatever `tell` raises ends it.
    """

    tx: Transaction
    organization_id: UUID
    tell: Callable[[int], None]
    _read: int = 0
    _all: int = 1

    def made(self) -> tuple[str, bytes]:
        """The archive: the name under which a browser saves it, and its bytes."""
        (organization,) = self._rows(roster.ORGANIZATION)
        (size,) = self._rows(roster.SIZE)
        self._all = sum(size) + (READINGS_OF_CLASSES - 1) * size.classes
        as_of = self.tx.now()
        into = io.BytesIO()
        with zipfile.ZipFile(into, "w") as archive:
            for name, rows in self._files(OneRoster(organization=organization, as_of=as_of)):
                entry = zipfile.ZipInfo(f"{name}.csv", as_of.timetuple()[:6])
                entry.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(entry, "w") as raw:
                    text = io.TextIOWrapper(raw, encoding="utf-8", newline="")
                    csv.writer(text).writerows(chain([HEADERS[name]], rows))
                    text.flush()
        return f"{organization.slug}-{as_of:%Y-%m-%d}-oneroster.zip", into.getvalue()

    def _files(self, form: OneRoster) -> Iterator[tuple[str, Iterable[Cells]]]:
        (needs_year,) = self._rows(roster.HAS_CLASS_OF_NO_TERM)[0]
        year = form.year() if needs_year else ()
        yield "manifest", form.manifest()
        yield "orgs", form.orgs()
        yield "academicSessions", chain(year, self._each(roster.TERMS, form.term))
        made_up = self._each(roster.CLASSES, form.course_of)
        yield "courses", chain(self._each(roster.COURSES, form.course), made_up)
        yield "classes", self._each(roster.CLASSES, form.school_class)
        staff = self._each(roster.STAFF_MEMBERS, form.member)
        yield "users", chain(staff, self._each(roster.STUDENTS, form.student))
        teaching = self._each(roster.CLASSES, form.teaching)
        yield "enrollments", chain(teaching, self._each(roster.SEATS, form.seat))

    def _each(
        self, select: Select[Any], written: Callable[[Row[Any]], Iterator[Cells]]
    ) -> Iterator[Cells]:
        since, after = BEFORE_ALL
        while rows := self._rows(select, since=since, after=after, most=ROWS_A_STEP):
            for row in rows:
                yield from written(row)
            since, after = rows[-1].created_at, rows[-1].id
            self._read += len(rows)
            self.tell(min(99, 100 * self._read // self._all))

    def _rows(self, select: Select[Any], **more: Any) -> Any:
        return self.tx.all(select, organization_id=self.organization_id, **more)
