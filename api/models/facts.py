"""Everything that the guards of a registration look at, read in one statement before any lock.

The row carries `classes.version` and `students.guard_version`: whoever acts on it later compares
them under the lock, and reads again if either has risen.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.orm import aliased

from api.models.base import Instant
from api.models.clashes import OF_ROW, SOUGHT
from api.models.guard_sql import database_clock, json_list, opaque
from api.models.organization import Organization
from api.models.registration import (
    LIVE,
    Registration,
    RegistrationState,
    in_states,
)
from api.models.school_class import SchoolClass
from api.models.student import Student

CLASS_NAMES = (
    "id",
    "organization_id",
    "term_id",
    "version",
    "status",
    "windows",
    "approval_required",
    "effective_drop_until",
    "effective_withdraw_until",
    "effective_promotion_ends_at",
    "effective_timezone",
    "waitlist_enabled",
    "waitlist_capacity",
    "capacity",
    "seats_taken",
    "waiting",
    "eligible_waiting",
    "promotion_pending",
    "next_due_at",
    "last_seq",
    "last_decided_at",
    "instructors",
)
"""The columns of a class that a guard reads."""


CLOCK: ColumnElement[Any] = func.coalesce(
    bindparam("clock_now", type_=Instant), database_clock(), type_=Instant
)
"""The injected clock's reading (`Transaction.given_now`), else the database's own clock."""

_Other, _OtherClass = aliased(Registration), aliased(SchoolClass)
_WAITING = {RegistrationState.WAITLISTED}
# Written out, for a parameter is sent each time.
_ONE = literal_column("1", Integer)
_IS_UNLIMITED = and_(
    Organization.max_live_classes_per_term.is_(None),
    Organization.max_waitlists_per_term.is_(None),
)


_IN_TERM = and_(_Other.class_id != SchoolClass.id, _OtherClass.term_id == SchoolClass.term_id)
_LIVE_COUNT = func.count().filter(_IN_TERM)
_WAITLIST_COUNT = func.count().filter(_IN_TERM, in_states(_Other.state, _WAITING))


def _of_places(*columns: ColumnElement[Any]) -> Select[Any]:
    """Aggregates of the student's live registrations, each beside its class."""
    return (
        select(*columns)
        .select_from(_Other)
        .join(_OtherClass, _OtherClass.id == opaque(_Other.class_id))
        .where(
            _Other.organization_id == SchoolClass.organization_id,
            _Other.student_id == Student.id,
            in_states(opaque(_Other.state), LIVE),
        )
        .correlate(*OF_ROW)
    )


def _counts() -> ColumnElement[Any]:
    """How many live and how many waiting registrations there are in other classes of the term."""
    counted = _of_places(json_list(_LIVE_COUNT, _WAITLIST_COUNT)).scalar_subquery()
    # Most organizations set no limit, and then nothing is counted.
    return case((_IS_UNLIMITED, null()), else_=counted)


LIVE_OF_SUBJECT = aliased(Registration)
OF_STUDENT = (
    Student.id.label("subject_id"),
    Student.status.label("subject_status"),
    Student.groups.label("subject_groups"),
    Student.guard_version.label("subject_guard_version"),
)
OF_SUBJECT = (
    *OF_STUDENT,
    LIVE_OF_SUBJECT.id.label("live_id"),
    LIVE_OF_SUBJECT.state.label("live_state"),
)
OF_ORGANIZATION = (
    Organization.conflict_policy.label("conflict_policy"),
    Organization.max_live_classes_per_term.label("max_live_classes_per_term"),
    Organization.max_waitlists_per_term.label("max_waitlists_per_term"),
    Organization.public_catalog.label("public_catalog"),
)
COUNTS = _counts().label("counts")
CLASHES = SOUGHT.label("clashes")
DEEP = (COUNTS, CLOCK.label("clock_now"), CLASHES)
LABELLED = tuple(getattr(SchoolClass, name).label(f"class_{name}") for name in CLASS_NAMES)
"""The columns of the class beside columns of another table: each under `class_…`."""


_STUDENTS: BindParameter[Any] = bindparam("student_ids", expanding=True)


def subjects(*of_live: ColumnElement[bool]) -> FromClause:
    """Classes with their organization, the subject, and the subject's live registration.

    `of_live`: what else is so of that registration, by which PostgreSQL may find it.
    """
    return (
        SchoolClass.__table__.join(
            Organization.__table__, Organization.id == SchoolClass.organization_id
        )
        .outerjoin(
            Student.__table__,
            and_(
                Student.organization_id == opaque(SchoolClass.organization_id),
                Student.id.in_(_STUDENTS),
            ),
        )
        .outerjoin(
            LIVE_OF_SUBJECT,
            and_(
                LIVE_OF_SUBJECT.class_id == SchoolClass.id,
                LIVE_OF_SUBJECT.student_id == Student.id,
                # Said again so that the index is asked for both, whatever the planner concludes.
                LIVE_OF_SUBJECT.student_id.in_(_STUDENTS),
                in_states(LIVE_OF_SUBJECT.state, LIVE),
                *of_live,
            ),
        )
    )


SUBJECTS = subjects()

_PREVIOUS = aliased(Registration)
_previous_id = (
    select(_PREVIOUS.id)
    .where(
        _PREVIOUS.organization_id == SchoolClass.organization_id,
        _PREVIOUS.student_id == Student.id,
        opaque(_PREVIOUS.class_id) == SchoolClass.id,
    )
    .order_by(_PREVIOUS.ticket.desc())
    .limit(_ONE)
    .correlate(SchoolClass, Student)
    .scalar_subquery()
)

OF_GUARDS = (*LABELLED, *OF_SUBJECT, *OF_ORGANIZATION, *DEEP, _previous_id.label("previous_id"))
GUARDS: Select[Any] = (
    select(*OF_GUARDS).select_from(SUBJECTS).where(SchoolClass.id == bindparam("class_id"))
)
"""One class as the guards see it, for each of `student_ids`; one row with nulls for none."""
