"""The school that every ephemeral Homeroom begins with: one class for each thing to be tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from api import ids as public_ids
from api.authz.actor import Actor
from api.clock import to_text
from api.container import Container
from api.ephemeral.people import STAFF, Cast, Casting
from api.models import ClassStatus
from api.models.database import Database, Transaction
from api.services.registration_doors import Door
from api.services.rules_verdicts import OnFull

ORGANIZATION: Final = {
    "name": "Fixture School",
    "slug": "fixture-school",
    "timezone": "Europe/Vienna",
}
STUDENTS: Final = 3
COURSES: Final = {"art": ("ART 101", "Drawing from life"), "music": ("MUS 120", "Choir")}
OFFER_SECONDS: Final = 3600
OPENS_AFTER: Final = timedelta(days=7)
CLOSES_AFTER: Final = timedelta(days=14)
DROP_WITHIN: Final = timedelta(days=3)

ONE_SEAT: Final = {"status": "open", "capacity": 1}
OFFERING: Final = {"mode": "offer", "offer_ttl_seconds": OFFER_SECONDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offering:
    """A class of the fixtures: the body that makes it, and what becomes of it then."""

    body: Mapping[str, Any]
    meets: Mapping[str, Any] | None = None
    is_closed_then: bool = False


REGISTERED: Final = {
    "full": ("student2", "student3"),
    "offer": ("student2", "student3"),
    "offered": ("student2", "student3"),
    "last-days-to-leave": ("student",),
}
"""Who registers where, in this order; the first of `offered` leaves again."""


def offerings_of(now: datetime) -> dict[str, Offering]:
    """The classes by name, with deadlines counted from the start of the clock."""
    opens, closes = to_text(now + OPENS_AFTER), to_text(now + CLOSES_AFTER)
    window = {"opens_at": opens, "closes_at": closes}
    drop_until = to_text(now + DROP_WITHIN)
    return {
        "open": Offering(body={"status": "open", "capacity": 10}, meets=_mondays(now, "09:00")),
        "clashing": Offering(body={"status": "open", "capacity": 10}, meets=_mondays(now, "09:30")),
        "unlimited": Offering(body={"status": "open"}),
        "full": Offering(body={**ONE_SEAT, "waitlist": {"mode": "auto"}}),
        "offer": Offering(body={**ONE_SEAT, "waitlist": OFFERING}),
        "offered": Offering(body={**ONE_SEAT, "waitlist": OFFERING}),
        "approval": Offering(body={**ONE_SEAT, "approval_required": True}),
        "opens-later": Offering(body={**ONE_SEAT, "windows": [window]}),
        "last-days-to-leave": Offering(body={**ONE_SEAT, "drop_until": drop_until}),
        "closed": Offering(body=ONE_SEAT, is_closed_then=True),
        "draft": Offering(body={"status": "draft", "capacity": 10}),
    }


def _mondays(now: datetime, start: str) -> dict[str, Any]:
    first, last = days_of_term(now.date())
    return {
        "weekdays": ["mo"],
        "start_local": start,
        "duration_minutes": 90,
        "from_date": first.isoformat(),
        "to_date": last.isoformat(),
    }


def days_of_term(today: date) -> tuple[date, date]:
    """The first and the last day of a term of fifteen weeks that begins on the next Monday."""
    first = today + timedelta(days=7 - today.weekday())
    return first, first + timedelta(weeks=15, days=-3)


def _instructor(cast: Cast) -> dict[str, Any]:
    instructor = cast.people["instructor"]
    return {
        "member_id": public_ids.encode("mem", instructor.member_id),
        "name": STAFF["instructor"][1],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class School:
    """The fixtures in the making: each class, and each registration, in a transaction."""

    database: Database
    container: Container
    casting: Casting

    def make(self) -> dict[str, Any]:
        """Make the school; what was made, as the JSON that a suite is told.

        The same each time for the same clock, ids and secrets.
        """
        now = self.database.clock.now()
        with self.database.write() as tx:
            cast = self.casting.cast(tx, ORGANIZATION, students=STUDENTS)
        catalogue = self._catalogue(cast, now.date())
        classes = self._classes(cast, offerings_of(now), catalogue)
        registrations = self._registrations(cast, classes)
        return {
            **cast.as_members(),
            **catalogue,
            "classes": {name: public_ids.encode("cls", one) for name, one in classes.items()},
            "registrations": {
                name: public_ids.encode("reg", one) for name, one in registrations.items()
            },
        }

    def _catalogue(self, cast: Cast, today: date) -> dict[str, Any]:
        with self.database.write() as tx:
            school = replace(cast.school, tx=tx)
            first, last = days_of_term(today)
            term = school.term(
                {
                    "name": "This term",
                    "external_id": "this-term",
                    "starts_on": first.isoformat(),
                    "ends_on": last.isoformat(),
                }
            )
            courses = {
                name: school.course({"code": code, "title": title, "external_id": name})
                for name, (code, title) in COURSES.items()
            }
        return {
            "term_id": public_ids.encode("trm", term),
            "courses": {name: public_ids.encode("crs", one) for name, one in courses.items()},
        }

    def _classes(
        self, cast: Cast, offerings: Mapping[str, Offering], catalogue: Mapping[str, Any]
    ) -> dict[str, UUID]:
        made = {}
        for name, offering in offerings.items():
            with self.database.write() as tx:
                school = replace(cast.school, tx=tx)
                made[name] = school.school_class(
                    {
                        "title": name.replace("-", " ").capitalize(),
                        "external_id": name,
                        "term_id": catalogue["term_id"],
                        "course_id": catalogue["courses"]["art"],
                        "instructors": [_instructor(cast)],
                        **offering.body,
                    }
                )
                if offering.meets is not None:
                    school.meets_weekly(made[name], offering.meets)
                if offering.is_closed_then:
                    self._close(tx, school.owner, made[name])
        return made

    def _close(self, tx: Transaction, owner: Actor, class_id: UUID) -> None:
        classes = self.container.classes
        row = classes.find_for_update(tx, owner, class_id)
        classes.update(tx, owner, row, {"status": ClassStatus.CLOSED})

    def _registrations(self, cast: Cast, classes: Mapping[str, UUID]) -> dict[str, UUID]:
        made = {}
        for name, students in REGISTERED.items():
            for student in students:
                with self.database.write() as tx:
                    made[f"{name}/{student}"] = self.container.registrations.register(
                        tx,
                        cast.students[student],
                        Door(class_id=classes[name]),
                        {"on_full": OnFull.WAITLIST},
                    ).row.id
        leaver, *_ = REGISTERED["offered"]
        with self.database.write() as tx:
            self.container.transitions.leave(tx, cast.students[leaver], made[f"offered/{leaver}"])
        return made
