"""An organization with somebody in every role, each with a token of every scope."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select

from api import ids as public_ids
from api.authz.actor import Actor
from api.cli.seeding.founding import Founding, Login
from api.container import Container
from api.models import Member, Role, Student, User
from api.models.database import Transaction

PASSWORD: Final = "try-homeroom"  # noqa: S105 - printed, and good on loopback for one session
TOKENS_LIVE: Final = timedelta(days=3650)
"""Whoever moves the clock to the next term, or the one after, is still signed in."""

STAFF: Final = {
    "owner": (Role.OWNER, "Olive Owner"),
    "registrar": (Role.REGISTRAR, "Reggie Registrar"),
    "instructor": (Role.INSTRUCTOR, "Ines Instructor"),
}

_PEOPLE = (
    select(
        User.username,
        User.id.label("user_id"),
        Member.id.label("member_id"),
        Member.role,
        Student.id.label("student_id"),
        Student.external_id,
    )
    .join(Member, Member.user_id == User.id)
    .outerjoin(
        Student,
        (Student.organization_id == Member.organization_id) & (Student.member_id == Member.id),
    )
    .where(Member.organization_id == bindparam("organization_id"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of an organization, with what a test needs to act as them."""

    username: str
    role: Role
    user_id: UUID
    member_id: UUID
    student_id: UUID | None
    external_id: str | None
    token: str

    def as_member(self) -> dict[str, Any]:
        """The person as JSON, ids in their public form."""
        student = self.student_id
        return {
            "username": self.username,
            "role": self.role.value,
            "token": self.token,
            "user_id": public_ids.encode("usr", self.user_id),
            "member_id": public_ids.encode("mem", self.member_id),
            "student_id": None if student is None else public_ids.encode("stu", student),
            "external_id": self.external_id,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Everybody of one organization, by what a test calls them: `owner`, `student2` …"""

    school: Founding
    students: Mapping[str, Actor]
    people: Mapping[str, Person]

    @property
    def organization_id(self) -> UUID:
        """The organization that they belong to."""
        return self.school.organization_id

    def as_members(self) -> dict[str, Any]:
        """The organization and its people as JSON."""
        return {
            "organization_id": public_ids.encode("org", self.organization_id),
            "tokens": {name: person.token for name, person in self.people.items()},
            "people": {name: person.as_member() for name, person in self.people.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Casting:
    """Makes organizations in one application, through the use-cases that it serves.

    Hashing a password is slow on purpose. All people share one hash, which is made once.
    """

    container: Container
    password_hash: str

    def cast(
        self, tx: Transaction, organization: Mapping[str, Any], *, students: int, suffix: str = ""
    ) -> Cast:
        """Make an organization of three staff and `students`, whose user names end in `suffix`.

        Raises:
            DuplicateName: the slug or a user name is taken.
        """
        owner, *staff = [
            self._login(name, shown, role, suffix) for name, (role, shown) in STAFF.items()
        ]
        school = Founding.begin(self.container, tx, organization, owner)
        for one in staff:
            school.hire(one)
        enrolled = {
            name: school.enrol(
                {
                    "given_name": "Student",
                    "family_name": f"{number:02}",
                    "external_id": f"S-{number:02}",
                },
                self._login(name, f"Student {number:02}", Role.STUDENT, suffix),
            )
            for number, name in enumerate(student_names(students), 1)
        }
        people = self._people(tx, school, [*STAFF, *enrolled], suffix)
        return Cast(school=school, students=enrolled, people=people)

    def _login(self, name: str, shown: str, role: Role, suffix: str) -> Login:
        return Login(
            username=name + suffix,
            display_name=shown,
            role=role,
            password_hash=self.password_hash,
        )

    def _people(
        self, tx: Transaction, school: Founding, names: Iterable[str], suffix: str
    ) -> dict[str, Person]:
        rows = {
            row.username: row for row in tx.all(_PEOPLE, organization_id=school.organization_id)
        }
        known = {name: rows[name + suffix] for name in names}
        tokens = self.container.tokens.issue_to(
            tx,
            Actor.system(),
            [row.user_id for row in known.values()],
            lifetime=TOKENS_LIVE,
            label="ephemeral",
        )
        return {
            name: Person(**row._asdict(), token=token)
            for (name, row), token in zip(known.items(), tokens, strict=True)
        }


def student_names(count: int) -> list[str]:
    """What the first `count` students are called: `student`, `student2`, `student3` …"""
    return ["student" if number == 1 else f"student{number}" for number in range(1, count + 1)]
