"""What an export reads: the rows of one organization, page by page, as one snapshot has them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, bindparam, exists, func, select, tuple_

from api.models.base import Identifier, Instant
from api.models.course import Course
from api.models.organization import Member, Organization, Role
from api.models.registration import Registration, RegistrationState
from api.models.school_class import ClassStatus, SchoolClass
from api.models.student import Student, StudentStatus
from api.models.term import Term
from api.models.user import User

_ORGANIZATION = bindparam("organization_id", type_=Identifier)
_CLASS_SHOWN = and_(
    SchoolClass.organization_id == _ORGANIZATION,
    SchoolClass.status != ClassStatus.DRAFT,
    SchoolClass.status != ClassStatus.CANCELLED,
)
# The login of one who is staff, too, is that of the staff.
_USER = and_(
    Member.organization_id == Student.organization_id,
    Member.id == Student.member_id,
    Member.role == Role.STUDENT,
)

ORGANIZATION = select(Organization).where(Organization.id == _ORGANIZATION)


def _page(statement: Select[*tuple[Any, ...]], table: Any) -> Select[Any]:
    """The next `most` rows behind the moment `since` and the id `after`, as an index has them.

    By ids alone there is none for registrations; and the statistics may say that hardly a class is
    shown, by which PostgreSQL would begin with those and sort the whole school for each page.
    """
    position = tuple_(table.created_at, table.id)
    behind = position > tuple_(
        bindparam("since", type_=Instant), bindparam("after", type_=Identifier)
    )
    columns = statement.add_columns(table.created_at).where(behind)
    return columns.order_by(table.created_at, table.id).limit(bindparam("most"))


TERMS = _page(
    select(Term.id, Term.external_id, Term.name, Term.starts_on, Term.ends_on).where(
        Term.organization_id == _ORGANIZATION
    ),
    Term,
)
COURSES = _page(
    select(Course.id, Course.external_id, Course.title, Course.code).where(
        Course.organization_id == _ORGANIZATION
    ),
    Course,
)
CLASSES = _page(
    select(
        SchoolClass.id,
        SchoolClass.external_id,
        SchoolClass.title,
        SchoolClass.section,
        SchoolClass.location,
        SchoolClass.instructors,
        SchoolClass.course_id,
        SchoolClass.term_id,
        Course.external_id.label("course_external_id"),
        Term.external_id.label("term_external_id"),
    )
    .outerjoin(
        Course,
        and_(
            Course.organization_id == SchoolClass.organization_id,
            Course.id == SchoolClass.course_id,
        ),
    )
    .outerjoin(
        Term,
        and_(Term.organization_id == SchoolClass.organization_id, Term.id == SchoolClass.term_id),
    )
    .where(_CLASS_SHOWN),
    SchoolClass,
)
STAFF_MEMBERS = _page(
    select(Member.id, Member.role, User.username, User.display_name)
    .join(User, User.id == Member.user_id)
    .where(Member.organization_id == _ORGANIZATION, Member.role != Role.STUDENT),
    Member,
)
STUDENTS = _page(
    select(
        Student.id,
        Student.external_id,
        Student.given_name,
        Student.family_name,
        Student.email,
        Student.status,
        User.username,
    )
    .outerjoin(Member, _USER)
    .outerjoin(User, User.id == Member.user_id)
    .where(Student.organization_id == _ORGANIZATION, Student.status != StudentStatus.ERASED),
    Student,
)
SEATS = _page(
    select(
        Registration.id,
        Registration.class_id,
        Registration.student_id,
        SchoolClass.external_id.label("class_external_id"),
        Student.external_id.label("student_external_id"),
    )
    .join(
        SchoolClass,
        and_(
            SchoolClass.organization_id == Registration.organization_id,
            SchoolClass.id == Registration.class_id,
        ),
    )
    .join(
        Student,
        and_(
            Student.organization_id == Registration.organization_id,
            Student.id == Registration.student_id,
        ),
    )
    .where(
        Registration.organization_id == _ORGANIZATION,
        Registration.state == RegistrationState.ENROLLED,
        _CLASS_SHOWN,
    ),
    Registration,
)
"""Enrolments alone: who waits, or holds an offer, has no seat in another system yet."""

HAS_CLASS_OF_NO_TERM = select(exists().where(_CLASS_SHOWN, SchoolClass.term_id.is_(None)))
SIZE = select(
    *(
        select(func.count())
        .select_from(table)
        .where(table.organization_id == _ORGANIZATION)
        .scalar_subquery()
        .label(table.__tablename__)
        for table in (Term, Course, SchoolClass, Member, Student, Registration)
    )
)
"""How many rows of each there are, wanted or not: what a progress is measured by."""
