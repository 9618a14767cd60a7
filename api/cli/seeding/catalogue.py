"""A university's catalogue, read from its files and made anew as courses, classes and meetings."""

import gzip
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson

from api import ids as public_ids
from api.cli.installation.opening import Installation
from api.cli.seeding.founding import Founding, Login
from api.models.organization import Role

ZONE: Final = "America/Los_Angeles"
STARTS_ON: Final = date(2022, 3, 28)
WEEKLY_UNTIL: Final = date(2022, 6, 3)
ENDS_ON: Final = date(2022, 6, 10)
"""The term of the files, a spring quarter: its Monday, its last weekly day, its last exam."""

WEEKS_AHEAD: Final = 8
AT_ONCE: Final = 200
"""Classes made in one transaction: a commit waits for the disk, and others wait for a long one."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class CatalogueBroken(Exception):
    """The files cannot be read as a catalogue; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The files of one catalogue; `name` is what stands between `catalogue_` and `_courses`."""

    name: str
    courses: list[dict[str, Any]]
    sections: list[dict[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> "Catalogue":
        """Read `catalogue_<name>_courses.jsonl.gz` and `…_sections.jsonl.gz`.

        Raises:
            CatalogueBroken: there is none, or more than one.
        """
        found = sorted(folder.glob("catalogue_*_sections.jsonl.gz"))
        if len(found) != 1:
            raise CatalogueBroken(
                f"{folder} holds {len(found)} files catalogue_*_sections.jsonl.gz, one is needed"
            )
        name = found[0].name.removeprefix("catalogue_").removesuffix("_sections.jsonl.gz")
        return cls(
            name=name,
            courses=_lines(folder / f"catalogue_{name}_courses.jsonl.gz"),
            sections=_lines(found[0]),
        )


def shift(today: date, starts_on: date | None) -> timedelta:
    """How far the term moves: whole weeks, so that every weekday stays what it was.

    Raises:
        CatalogueBroken: `starts_on` is no Monday, which the term begins on.
    """
    if starts_on is not None:
        if starts_on.weekday() != STARTS_ON.weekday():
            raise CatalogueBroken(f"--starts-on {starts_on}: the term begins on a Monday")
        return starts_on - STARTS_ON
    weeks = -((STARTS_ON - (today + timedelta(weeks=WEEKS_AHEAD))) // timedelta(weeks=1))
    return timedelta(weeks=weeks)


def credits_milli(units: str | None) -> int | None:
    """The only or the smallest number of a free text, in thousandths; None if there is none."""
    numbers = _NUMBER.findall(units or "")
    return round(min(map(float, numbers)) * 1000) if numbers else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sowing:
    """A catalogue on its way into the database."""

    here: Installation
    catalogue: Catalogue
    slug: str
    move: timedelta

    def sow(self) -> Iterator[int]:
        """Make everything; give after each transaction how many courses and classes it made."""
        with self.here.database.write() as tx:
            school = Founding.begin(
                self.here.container, tx, self._organization(), self._staff(Role.OWNER)
            )
            school.hire(self._staff(Role.REGISTRAR))
            term_id = school.term(
                {
                    "name": f"{self.catalogue.name}, from {STARTS_ON + self.move}",
                    "starts_on": (STARTS_ON + self.move).isoformat(),
                    "ends_on": (ENDS_ON + self.move).isoformat(),
                }
            )
            courses = {one["course"]: school.course(_course(one)) for one in self.catalogue.courses}
        yield len(courses)
        titles = {one["course"]: one["title"] or one["course"] for one in self.catalogue.courses}
        for some in _batches(self.catalogue.sections):
            with self.here.database.write() as tx:
                going_on = Founding(
                    container=school.container,
                    tx=tx,
                    owner=school.owner,
                    organization_id=school.organization_id,
                )
                for section in some:
                    body = _class(section, titles, term_id, courses)
                    self._meet(going_on, going_on.school_class(body), section["meetings"])
            yield len(some)

    def _organization(self) -> dict[str, Any]:
        return {
            "name": f"Catalogue {self.catalogue.name}",
            "slug": self.slug,
            "timezone": ZONE,
            "conflict_policy": "ignore",
        }

    def _staff(self, role: Role) -> Login:
        return Login(username=f"{self.slug}-{role}", display_name=role.title(), role=role)

    def _meet(
        self, school: Founding, class_id: UUID, meetings: Iterable[Mapping[str, Any]]
    ) -> None:
        for meeting in meetings:
            if meeting["start"] is None:
                continue
            minutes = _minutes(meeting["start"], meeting["end"])
            if meeting["date"] is not None:
                day = date.fromisoformat(meeting["date"]) + self.move
                school.meets_once(
                    class_id,
                    {"local_start": f"{day}T{meeting['start']}", "duration_minutes": minutes},
                )
                continue
            school.meets_weekly(
                class_id,
                {
                    "weekdays": [day.lower() for day in meeting["days"]],
                    "start_local": meeting["start"],
                    "duration_minutes": minutes,
                    "from_date": (STARTS_ON + self.move).isoformat(),
                    "to_date": (WEEKLY_UNTIL + self.move).isoformat(),
                },
            )


def _course(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "code": one["course"],
        "title": one["title"] or one["course"],
        "description": one["description"],
        "credits_milli": credits_milli(one["units"]),
    }


def _class(
    section: Mapping[str, Any],
    titles: Mapping[str, str],
    term_id: UUID,
    courses: Mapping[str, UUID],
) -> dict[str, Any]:
    rooms = [meeting["room"] for meeting in section["meetings"] if meeting["room"]]
    return {
        "title": titles[section["course"]],
        "section": section["section"],
        "external_id": section["section_id"],
        "term_id": public_ids.encode("trm", term_id),
        "course_id": public_ids.encode("crs", courses[section["course"]]),
        "location": rooms[0] if rooms else None,
        "instructors": [{"member_id": None, "name": name} for name in section["instructors"]],
        "capacity": section["seats"],
        "status": "open",
        "waitlist": {"mode": "auto"},
    }


def _minutes(start: str, end: str) -> int:
    from_start = datetime.strptime(end, "%H:%M") - datetime.strptime(start, "%H:%M")  # noqa: DTZ007 - a difference of wall clocks has no zone
    return int(from_start.total_seconds() // 60)


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        with gzip.open(path, "rb") as lines:
            return [orjson.loads(line) for line in lines]
    except (OSError, orjson.JSONDecodeError) as reason:
        raise CatalogueBroken(f"{path}: {reason}") from reason


def _batches(sections: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    left = iter(sections)
    while some := list(islice(left, AT_ONCE)):
        yield some
