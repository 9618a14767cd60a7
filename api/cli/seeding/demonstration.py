"""The demonstration school: small enough for the moment in which `scripts/run` starts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, exists, select

from api import ids as public_ids
from api.cli.installation.opening import Installation
from api.cli.seeding.founding import Founding, Login
from api.models import Organization, Role, User
from api.models.database import Transaction
from api.services.registration_doors import Door
from api.services.rules_verdicts import OnFull

ZONE: Final = "Europe/Vienna"
SLUG: Final = "linden-school"
PASSWORD: Final = "try-homeroom"  # noqa: S105 - printed at every start, and never in production
"""Of every login of the demonstration, which is made on loopback and in development alone."""

STAFF: Final = {
    Role.OWNER: ("owner", "Olive Owner"),
    Role.REGISTRAR: ("registrar", "Reggie Registrar"),
    Role.INSTRUCTOR: ("instructor", "Ines Instructor"),
}
STUDENTS: Final = (
    ("student", "Stu", "Student"),
    ("student2", "Ada", "Alder"),
    ("student3", "Ben", "Birch"),
    ("student4", "Cleo", "Cedar"),
    ("student5", "Dov", "Dogwood"),
)
COURSES: Final = (
    ("ART 101", "Drawing from life", 3000),
    ("BIO 110", "Trees and how to know them", 4000),
    ("CS 105", "Programs that keep promises", 4000),
    ("MUS 120", "Choir", 1500),
    ("POT 130", "Pottery at the wheel", 2000),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offering:
    """A class of the demonstration: the course by its place, the hour in local time."""

    course: int
    section: str
    capacity: int | None
    weekdays: tuple[str, ...]
    start: str
    minutes: int = 90
    mode: str = "offer"
    status: str = "open"


POTTERY: Final = Offering(
    course=4, section="A", capacity=3, weekdays=("th",), start="17:00", minutes=120
)
"""The one that is full, with two in line."""

OFFERINGS: Final = (
    Offering(course=0, section="A", capacity=12, weekdays=("mo",), start="09:00"),
    Offering(course=0, section="B", capacity=12, weekdays=("tu",), start="14:00"),
    Offering(course=1, section="A", capacity=20, weekdays=("tu", "th"), start="10:00"),
    Offering(course=2, section="A", capacity=30, weekdays=("mo", "we"), start="11:00"),
    # Clashes with the one before, so that a conflict can be seen.
    Offering(course=2, section="B", capacity=30, weekdays=("mo",), start="12:00", mode="auto"),
    Offering(course=3, section="A", capacity=None, weekdays=("fr",), start="18:00"),
    POTTERY,
    Offering(course=4, section="B", capacity=8, weekdays=("fr",), start="17:00", status="draft"),
)

_IS_FILLED = select(exists().select_from(User))
_IS_DEMONSTRATION = select(exists().where(Organization.slug == SLUG))
_LOGINS = (
    select(User.username, User.version)
    .where(User.password_hash.is_not(None))
    .order_by(User.created_at, User.id)
    .limit(bindparam("most"))
)
MOST_NAMED: Final = 12
# Hashing a password takes its time, so only these can log in.
_NAMES = ("owner", "registrar", "instructor", "student", "student2")


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who can log in; the password is None unless it is the demonstration's."""

    username: str
    password: str | None


def logins(tx: Transaction) -> list[Known]:
    """Who can log in: the first of them."""
    is_demonstration = bool(tx.scalar(_IS_DEMONSTRATION))

    def is_as_made(username: str, version: int) -> bool:
        # Whoever has set another password has another version.
        return is_demonstration and username in _NAMES and version == 1

    return [
        Known(row.username, PASSWORD if is_as_made(row.username, row.version) else None)
        for row in tx.all(_LOGINS, most=MOST_NAMED)
    ]


def fill(here: Installation) -> bool:
    """Make the school if the database knows nobody yet; say whether it did."""
    with here.database.read() as tx:
        if tx.scalar(_IS_FILLED):
            return False
    # Before the transaction, as everywhere: hashing takes its time.
    hashes = iter([here.container.accounts.passwords.hash(PASSWORD) for _ in _NAMES])
    with here.database.write() as tx:
        if tx.scalar(_IS_FILLED):
            return False
        _make(here, tx, hashes)
    return True


def _make(here: Installation, tx: Transaction, hashes: Iterator[str]) -> None:
    staff = [
        Login(username=name, display_name=shown, role=role, password_hash=next(hashes))
        for role, (name, shown) in STAFF.items()
    ]
    organization = {"name": "Linden School", "slug": SLUG, "timezone": ZONE}
    school = Founding.begin(here.container, tx, organization, staff[0])
    _, teacher = [school.hire(one) for one in staff[1:]]
    today = here.clock.now().astimezone(ZoneInfo(ZONE)).date()
    # Before the students: whoever holds a student may lock no class.
    classes = _teach(school, teacher, today)
    students = [
        school.enrol(
            {"given_name": given, "family_name": family, "external_id": f"L-{number:03}"},
            Login(
                username=name,
                display_name=f"{given} {family}",
                role=Role.STUDENT,
                password_hash=next(hashes) if name in _NAMES else None,
            ),
        )
        for number, (name, given, family) in enumerate(STUDENTS, 1)
    ]
    full = Door(class_id=classes[OFFERINGS.index(POTTERY)])
    # The first in the list come last, so that `student` finds out what waiting is.
    for student in reversed(students):
        here.container.registrations.register(tx, student, full, {"on_full": OnFull.WAITLIST})


def _teach(school: Founding, teacher: UUID, today: date) -> list[UUID]:
    first = today + timedelta(days=7 - today.weekday())
    last = first + timedelta(weeks=10, days=-3)
    term_id = school.term(
        {"name": "This term", "starts_on": first.isoformat(), "ends_on": last.isoformat()}
    )
    course_ids = [
        school.course({"code": code, "title": title, "credits_milli": credits_milli})
        for code, title, credits_milli in COURSES
    ]
    instructor = {
        "member_id": public_ids.encode("mem", teacher),
        "name": STAFF[Role.INSTRUCTOR][1],
    }
    made = []
    for one in OFFERINGS:
        class_id = school.school_class(
            {
                "title": COURSES[one.course][1],
                "section": one.section,
                "term_id": public_ids.encode("trm", term_id),
                "course_id": public_ids.encode("crs", course_ids[one.course]),
                "capacity": one.capacity,
                "status": one.status,
                "waitlist": {"mode": one.mode},
                "instructors": [instructor],
            }
        )
        school.meets_weekly(
            class_id,
            {
                "weekdays": list(one.weekdays),
                "start_local": one.start,
                "duration_minutes": one.minutes,
                "from_date": first.isoformat(),
                "to_date": last.isoformat(),
            },
        )
        made.append(class_id)
    return made
