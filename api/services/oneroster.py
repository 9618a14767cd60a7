"""The rows of OneRoster 1.1 files (1EdTech, CSV tables, section 4), from rows of ours.

A `sourcedId` is the id that another system gave a thing, else its own. What OneRoster requires of a
class and Homeroom does not, a course and a session of the year, is made up for those without.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from api import ids
from api.models.organization import Role
from api.models.student import StudentStatus

Cells = Sequence[str]

IN_BULK: Final = ("academicSessions", "classes", "courses", "enrollments", "orgs", "users")
ABSENT: Final = (
    *("categories", "classResources", "courseResources", "demographics"),
    *("lineItems", "resources", "results"),
)
ROLES: Final = {
    Role.OWNER: "administrator",
    Role.REGISTRAR: "administrator",
    Role.INSTRUCTOR: "teacher",
}
_ANY = ("sourcedId", "status", "dateLastModified")
_BULK: Final = ("", "")
"""`status` and `dateLastModified`, which files in bulk leave empty."""

HEADERS: Final[Mapping[str, Cells]] = {
    "manifest": ("propertyName", "value"),
    "orgs": (*_ANY, "name", "type", "identifier", "parentSourcedId"),
    "academicSessions": (
        *(*_ANY, "title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"),
    ),
    "courses": (
        *(*_ANY, "schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId"),
        *("subjects", "subjectCodes"),
    ),
    "classes": (
        *(*_ANY, "title", "grades", "courseSourcedId", "classCode", "classType", "location"),
        *("schoolSourcedId", "termSourcedIds", "subjects", "subjectCodes", "periods"),
    ),
    "users": (
        *(*_ANY, "enabledUser", "orgSourcedIds", "role", "username", "userIds", "givenName"),
        *("familyName", "middleName", "identifier", "email", "sms", "phone", "agentSourcedIds"),
        *("grades", "password"),
    ),
    "enrollments": (
        *(*_ANY, "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary"),
        *("beginDate", "endDate"),
    ),
}
"""The columns of each file, in their order."""


@dataclass(slots=True, kw_only=True)
class OneRoster:
    """One organization's rows; users come before enrolments, which name only those."""

    organization: Any
    as_of: dt.datetime
    _teachers: set[UUID] = field(default_factory=set)

    @property
    def _org(self) -> str:
        return ids.encode("org", self.organization.id)

    def manifest(self) -> Iterator[Cells]:
        """What the archive holds."""
        yield "manifest.version", "1.0"
        yield "oneroster.version", "1.1"
        for name in sorted((*IN_BULK, *ABSENT), key=str.lower):
            yield f"file.{name}", "bulk" if name in IN_BULK else "absent"
        yield "source.systemName", "Homeroom"
        yield "source.systemCode", "homeroom"

    def orgs(self) -> Iterator[Cells]:
        """The organization."""
        yield self._org, *_BULK, self.organization.name, "school", self.organization.slug, ""

    def year(self) -> Iterator[Cells]:
        """The session for classes that belong to no term: the year of the export."""
        year = self.as_of.year
        period = (f"{year}-01-01", f"{year}-12-31")
        yield self._org, *_BULK, self.organization.name, "schoolYear", *period, "", str(year)

    def term(self, row: Any) -> Iterator[Cells]:
        """A term, which belongs to the school year in which it ends."""
        period = (row.starts_on.isoformat(), row.ends_on.isoformat())
        sourced = _sourced("trm", row.id, row.external_id)
        yield sourced, *_BULK, row.name, "term", *period, "", str(row.ends_on.year)

    def course(self, row: Any) -> Iterator[Cells]:
        """A course."""
        yield self._course(_sourced("crs", row.id, row.external_id), row.title, row.code)

    def course_of(self, row: Any) -> Iterator[Cells]:
        """A course for a class that offers none, by the id and title of the class.

        By our id: a course may have the external id of the class.
        """
        if row.course_id is None:
            code = row.section or _sourced("cls", row.id, row.external_id)
            yield self._course(ids.encode("cls", row.id), row.title, code)

    def school_class(self, row: Any) -> Iterator[Cells]:
        """A class."""
        sourced = _sourced("cls", row.id, row.external_id)
        course, term = ids.encode("cls", row.id), self._org
        if row.course_id is not None:
            course = _sourced("crs", row.course_id, row.course_external_id)
        if row.term_id is not None:
            term = _sourced("trm", row.term_id, row.term_external_id)
        place = (row.section or "", "scheduled", row.location or "", self._org, term)
        yield sourced, *_BULK, row.title, "", course, *place, "", "", ""

    def member(self, row: Any) -> Iterator[Cells]:
        """Somebody of the staff, whose e-mail address is between them and their account.

        Two names are required where Homeroom asks for one: its last word is the family's, and the
        given one, too, if there is no other.
        """
        self._teachers.add(row.id)
        given, _, family = (row.display_name or row.username).rpartition(" ")
        name = (given or family, family)
        sourced, who = ids.encode("mem", row.id), ("true", self._org, ROLES[row.role])
        yield self._user((sourced, *_BULK, *who), row.username, name, ("", ""))

    def student(self, row: Any) -> Iterator[Cells]:
        """A student; the user name is that of the login, or else our id: no login has that."""
        own, sourced = ids.encode("stu", row.id), _sourced("stu", row.id, row.external_id)
        is_active = "true" if row.status is StudentStatus.ACTIVE else "false"
        who, name = (is_active, self._org, "student"), (row.given_name, row.family_name)
        known = (row.external_id or "", row.email or "")
        yield self._user((sourced, *_BULK, *who), row.username or own, name, known)

    def teaching(self, row: Any) -> Iterator[Cells]:
        """Who teaches a class, as far as they are members; the first is the primary teacher."""
        sourced = _sourced("cls", row.id, row.external_id)
        named = (one["member_id"] for one in row.instructors)
        present = [UUID(one) for one in named if one is not None and UUID(one) in self._teachers]
        for number, member_id in enumerate(dict.fromkeys(present)):
            member = ids.encode("mem", member_id)
            primary = "true" if number == 0 else "false"
            yield self._enrolment(f"{sourced}:{member}", sourced, member, "teacher", primary)

    def seat(self, row: Any) -> Iterator[Cells]:
        """A seat taken."""
        school_class = _sourced("cls", row.class_id, row.class_external_id)
        student = _sourced("stu", row.student_id, row.student_external_id)
        sourced = ids.encode("reg", row.id)
        yield self._enrolment(sourced, school_class, student, "student", "false")

    def _course(self, sourced: str, title: str, code: str) -> Cells:
        return sourced, *_BULK, "", title, code, "", self._org, "", ""

    def _user(self, begin: Cells, username: str, name: Cells, known: Cells) -> Cells:
        """`known` is what the organization calls the person, and the e-mail address."""
        return *begin, username, "", *name, "", *known, "", "", "", "", ""

    def _enrolment(
        self, sourced: str, school_class: str, user: str, role: str, primary: str
    ) -> Cells:
        return sourced, *_BULK, school_class, self._org, user, role, primary, "", ""


def _sourced(prefix: str, identifier: UUID, external_id: str | None) -> str:
    return external_id or ids.encode(prefix, identifier)
