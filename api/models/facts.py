"""Everything that the guards of a registration look at, read in one statement before any lock.

The row carries `classes.version` and `students.guard_version`: whoever acts on it later compares
them under the lock, and reads again if either has risen.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.orm import aliased

from api.models.base import Instant
from api.models.guard_sql import database_clock, json_rows, minutes_after, opaque
from api.models.organization import ConflictPolicy, Organization
from api.models.registration import (
    LIVE,
    SEATED,
    Registration,
    RegistrationState,
    in_states,
)
from api.models.school_class import SchoolClass
from api.models.session import ClassSession, SessionStatus
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
_Ours, _Theirs = aliased(ClassSession), aliased(ClassSession)


def _clash_stamp() -> ColumnElement[Any]:
    """What the clashes of a class and a student rest on, as one text that differs when it does."""
    seated = (
        select(func.coalesce(func.sum(_OtherClass.version), 0))
        .select_from(_Other)
        .join(_OtherClass, _OtherClass.id == _Other.class_id)
        .where(
            _Other.organization_id == SchoolClass.organization_id,
            _Other.student_id == Student.id,
            in_states(_Other.state, SEATED),
        )
        .correlate(SchoolClass, Student, Organization)
        .scalar_subquery()
    )
    parts = (SchoolClass.version, Student.guard_version, seated, Organization.version)
    first, *others = (cast(part, Text) for part in parts)
    return reduce(lambda stamp, part: stamp.concat(".").concat(part), others, first)


_STAMP = _clash_stamp()
_KNOWN = bindparam("known_clashes", value=None, type_=Text)


def _clashes() -> ColumnElement[Any]:
    """Sessions of the class, each beside one of another class in which the student has a seat."""
    gap = Organization.min_gap_minutes
    pairs = (
        select(
            json_rows(
                _Ours.id,
                _Ours.starts_at,
                _Ours.ends_at,
                _Theirs.class_id,
                _Theirs.id,
                _Theirs.starts_at,
                _Theirs.ends_at,
            )
        )
        .select_from(_Other)
        .join(
            _Theirs,
            and_(
                _Theirs.organization_id == opaque(_Other.organization_id),
                _Theirs.class_id == _Other.class_id,
                _Theirs.status == SessionStatus.SCHEDULED,
            ),
        )
        .join(
            _Ours,
            and_(
                _Ours.organization_id == SchoolClass.organization_id,
                _Ours.class_id == SchoolClass.id,
                _Ours.status == SessionStatus.SCHEDULED,
                _Ours.starts_at < minutes_after(_Theirs.ends_at, gap),
                _Theirs.starts_at < minutes_after(_Ours.ends_at, gap),
            ),
        )
        .where(
            _Other.organization_id == SchoolClass.organization_id,
            _Other.student_id == Student.id,
            _Other.class_id != SchoolClass.id,
            in_states(_Other.state, SEATED),
        )
        .correlate(SchoolClass, Student, Organization)
        .scalar_subquery()
    )
    ignored = Organization.conflict_policy == ConflictPolicy.IGNORE
    return case((ignored, null()), else_=pairs)


def _in_term(limit: Any, states: Any) -> ColumnElement[Any]:
    """How many registrations in those states the student has in other classes of the term."""
    counted = (
        select(func.count())
        .select_from(_Other)
        .join(_OtherClass, _OtherClass.id == _Other.class_id)
        .where(
            _Other.organization_id == SchoolClass.organization_id,
            _Other.student_id == Student.id,
            _Other.class_id != SchoolClass.id,
            in_states(_Other.state, states),
            _OtherClass.term_id == SchoolClass.term_id,
        )
        .correlate(SchoolClass, Student, Organization)
        .scalar_subquery()
    )
    # Most organizations set no limit, and then nothing is counted.
    return case((limit.is_(None), 0), else_=counted)


_Live = aliased(Registration)
OF_STUDENT = (
    Student.id.label("subject_id"),
    Student.status.label("subject_status"),
    Student.groups.label("subject_groups"),
    Student.guard_version.label("subject_guard_version"),
)
_OF_SUBJECT = (
    *OF_STUDENT,
    _Live.id.label("live_id"),
    _Live.state.label("live_state"),
)
OF_ORGANIZATION = (
    Organization.conflict_policy.label("conflict_policy"),
    Organization.max_live_classes_per_term.label("max_live_classes_per_term"),
    Organization.max_waitlists_per_term.label("max_waitlists_per_term"),
    Organization.public_catalog.label("public_catalog"),
)
_DEEP_BUT_CLASHES = (
    _in_term(Organization.max_live_classes_per_term, LIVE).label("live_count"),
    _in_term(Organization.max_waitlists_per_term, {RegistrationState.WAITLISTED}).label(
        "waitlist_count"
    ),
    CLOCK.label("clock_now"),
)
DEEP = (*_DEEP_BUT_CLASHES, _clashes().label("clashes"))
LABELLED = tuple(getattr(SchoolClass, name).label(f"class_{name}") for name in CLASS_NAMES)
"""The columns of the class beside columns of another table: each under `class_…`."""


def _of_subject(student: ColumnElement[bool]) -> FromClause:
    """Classes with their organization, the subject, and the subject's live registration."""
    return (
        SchoolClass.__table__.join(
            Organization.__table__, Organization.id == SchoolClass.organization_id
        )
        .outerjoin(
            Student.__table__,
            and_(Student.organization_id == SchoolClass.organization_id, student),
        )
        .outerjoin(
            _Live,
            and_(
                _Live.class_id == SchoolClass.id,
                _Live.student_id == Student.id,
                in_states(_Live.state, LIVE),
            ),
        )
    )


_SUBJECTS = _of_subject(Student.id.in_(bindparam("student_ids", expanding=True)))

_PREVIOUS = aliased(Registration)
_previous_id = (
    select(_PREVIOUS.id)
    .where(
        _PREVIOUS.organization_id == SchoolClass.organization_id,
        _PREVIOUS.student_id == Student.id,
        _PREVIOUS.class_id == SchoolClass.id,
    )
    .order_by(_PREVIOUS.ticket.desc())
    .limit(1)
    .correlate(SchoolClass, Student)
    .scalar_subquery()
)

GUARDS: Select[Any] = (
    select(*LABELLED, *_OF_SUBJECT, *OF_ORGANIZATION, *DEEP, _previous_id.label("previous_id"))
    .select_from(_SUBJECTS)
    .where(SchoolClass.id == bindparam("class_id"))
)
"""One class as the guards see it, for each of `student_ids`; one row with nulls for none."""

CLASS_ITEM: Select[Any] = (
    select(
        SchoolClass.__table__,
        *_OF_SUBJECT,
        *OF_ORGANIZATION,
        *_DEEP_BUT_CLASHES,
        _STAMP.label("clash_stamp"),
        (_STAMP == _KNOWN).label("is_clash_known"),
        case((_STAMP == _KNOWN, null()), else_=_clashes()).label("clashes"),
    )
    .select_from(_SUBJECTS)
    .where(SchoolClass.id == bindparam("class_id"), Organization.archived_at.is_(None))
)
"""One class with every column, and what its guards look at for the one of `student_ids`.

With `known_clashes` (`api.services.known_clashes`) nothing is searched that is known already.
"""

_SHALLOW = (
    literal_column("0", Integer).label("live_count"),
    literal_column("0", Integer).label("waitlist_count"),
    null().label("clashes"),
)
"""What the cheap guards do not look at."""

CLASS_PAGE: Select[Any] = (
    select(
        SchoolClass.__table__,
        *_OF_SUBJECT,
        *OF_ORGANIZATION,
        *_SHALLOW,
        CLOCK.label("clock_now"),
    )
    .select_from(_SUBJECTS)
    .where(SchoolClass.organization_id == bindparam("organization_id"))
)
"""Classes of an organization with every column, and what the cheap guards look at."""

GUARDS_OF_PAGE: Select[Any] = (
    select(*LABELLED, *_OF_SUBJECT, *OF_ORGANIZATION, *DEEP)
    .select_from(_SUBJECTS)
    .where(
        SchoolClass.organization_id == bindparam("organization_id"),
        SchoolClass.id.in_(bindparam("class_ids", expanding=True)),
    )
)
"""Several classes as the guards see them, for the one of `student_ids`."""
