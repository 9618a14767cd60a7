"""Rows for tests, written by plain SQL: one function for each table, with honest defaults.

Each takes a write transaction, gives the row as it is stored, and makes what it needs itself: a
student needs an organization, so `a_student(tx)` makes one. Any column can be given by name.
"""

import functools
import hashlib
import itertools
import secrets
import time
from datetime import date, timedelta

from sqlalchemy import insert, select, update

from api.ids import Ids
from api.models import (
    LIVE,
    SEATED,
    ClassSession,
    ClassStatus,
    Course,
    Invitation,
    Job,
    JobFormat,
    JobKind,
    JobResult,
    JobState,
    MeetingPattern,
    Member,
    Organization,
    Registration,
    RegistrationState,
    Role,
    SchoolClass,
    Student,
    Term,
    Token,
    User,
)
from api.models.base import fold

_ids = Ids(lambda: time.time_ns() // 1_000_000)
_numbers = itertools.count(1)
_suffixes = iter(lambda: f"-{secrets.token_hex(4)}", None)


def make_repeatable(ids):
    """Draw nothing by lot in this process any more: for a recording, on a database of its own."""
    globals().update(_ids=ids, _numbers=itertools.count(1), _suffixes=itertools.repeat(""))


def new_id(organization_id=None):
    return _ids.new(organization_id)


def a_user(tx, **given):
    return _row(tx, User, {"id": new_id(), "username": f"user-{_unique()}"}, given)


def a_token(tx, user_id=None, **given):
    defaults = {
        "id": new_id(),
        "user_id": user_id or a_user(tx).id,
        "hash": hashlib.sha256(secrets.token_bytes(16)).digest(),
        "shown_prefix": "hr_test",
        "scopes": [],
        "expires_at": tx.now() + timedelta(days=30),
    }
    return _row(tx, Token, defaults, given)


def an_organization(tx, **given):
    number = _unique()
    defaults = {
        "id": new_id(),
        "name": f"School {number}",
        "slug": f"school-{number}",
        "timezone": "Europe/Vienna",
    }
    return _row(tx, Organization, defaults, given)


def a_member(tx, organization_id=None, role=Role.REGISTRAR, **given):
    organization_id = organization_id or an_organization(tx).id
    defaults = {
        "id": new_id(organization_id),
        "organization_id": organization_id,
        "user_id": given.get("user_id") or a_user(tx).id,
        "role": role,
    }
    return _row(tx, Member, defaults, given)


def a_job(tx, organization_id, **given):
    """A job that waits; nothing in these tests does it by itself."""
    defaults = {
        "id": new_id(),
        "organization_id": organization_id,
        "kind": JobKind.EXPORT,
        "format": JobFormat.ONEROSTER_1_1,
        "requested_by": new_id(),
        "expires_at": tx.now() + timedelta(days=7),
    }
    return _row(tx, Job, defaults, given)


def a_finished_job(tx, organization_id, body=b"PK", **given):
    """A job that has made a file."""
    ended = {"state": JobState.SUCCEEDED, "progress": 100, "finished_at": tx.now()}
    job = a_job(tx, organization_id, **ended, **given)
    result = {"job_id": job.id, "organization_id": organization_id}
    tx.execute(insert(JobResult).values(**result, file_name="file.zip", body=body))
    return job


def an_invitation(tx, organization_id=None, role=Role.REGISTRAR, **given):
    organization_id = organization_id or an_organization(tx).id
    defaults = {
        "id": new_id(organization_id),
        "organization_id": organization_id,
        "role": role,
        "code_hash": hashlib.sha256(secrets.token_bytes(16)).digest(),
        "created_by": new_id(),
        "expires_at": tx.now() + timedelta(days=14),
    }
    return _row(tx, Invitation, defaults, given)


def a_student(tx, organization_id=None, **given):
    organization_id = organization_id or an_organization(tx).id
    number = next(_numbers)
    defaults = {
        "id": new_id(organization_id),
        "organization_id": organization_id,
        "given_name": f"Given {number}",
        "family_name": f"Family {number}",
    }
    return _row(tx, Student, defaults, given)


def a_student_with_login(tx, organization_id=None, **given):
    """Make a student who is a member; the member's user is a new one."""
    organization_id = organization_id or an_organization(tx).id
    member = a_member(tx, organization_id, Role.STUDENT)
    return a_student(tx, organization_id, **{"member_id": member.id, **given})


def a_term(tx, organization_id=None, **given):
    organization_id = organization_id or an_organization(tx).id
    defaults = {
        "id": new_id(organization_id),
        "organization_id": organization_id,
        "name": f"Term {next(_numbers)}",
        "starts_on": date(2026, 10, 1),
        "ends_on": date(2027, 1, 31),
    }
    return _row(tx, Term, defaults, given)


def a_course(tx, organization_id=None, **given):
    organization_id = organization_id or an_organization(tx).id
    number = next(_numbers)
    defaults = {
        "id": new_id(organization_id),
        "organization_id": organization_id,
        "code": f"CRS {number}",
        "title": f"Course {number}",
        "credits_milli": 4000,
    }
    return _row(tx, Course, defaults, given)


def a_class(tx, organization_id=None, **given):
    """Make an open class without limit, windows or timetable; `effective_…` follow what is set."""
    organization_id = organization_id or an_organization(tx).id
    defaults = {
        "id": new_id(organization_id),
        "organization_id": organization_id,
        "title": f"Class {next(_numbers)}",
        "status": ClassStatus.OPEN,
        "effective_timezone": given.get("timezone") or "Europe/Vienna",
        "effective_drop_until": given.get("drop_until"),
        "effective_withdraw_until": given.get("withdraw_until"),
        "effective_promotion_ends_at": given.get("promotion_ends_at"),
    }
    return _row(tx, SchoolClass, defaults, given)


def a_meeting_pattern(tx, school_class=None, **given):
    school_class = school_class or a_class(tx)
    defaults = {
        "id": new_id(school_class.organization_id),
        "organization_id": school_class.organization_id,
        "class_id": school_class.id,
        "weekdays": ["mo", "we"],
        "start_local": "09:00",
        "duration_minutes": 90,
        "from_date": date(2026, 10, 1),
        "to_date": date(2027, 1, 31),
    }
    return _row(tx, MeetingPattern, defaults, given)


def a_session(tx, school_class=None, **given):
    """Make a session of one hour; `local_start` is a guess unless it is given."""
    school_class = school_class or a_class(tx)
    starts_at = given.get("starts_at") or tx.now() + timedelta(days=60)
    defaults = {
        "id": new_id(school_class.organization_id),
        "organization_id": school_class.organization_id,
        "class_id": school_class.id,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=1),
        "local_start": starts_at.strftime("%Y-%m-%dT%H:%M"),
    }
    return _row(tx, ClassSession, defaults, given)


def a_registration(tx, school_class=None, student=None, **given):
    """Make a registration, enrolled unless `state` says otherwise, and keep the class's counters.

    It writes no event, so the ledger of its class does not add up.
    """
    school_class = school_class or a_class(tx)
    student = student or a_student(tx, school_class.organization_id)
    state = given.get("state", RegistrationState.ENROLLED)
    defaults = {
        "id": new_id(school_class.organization_id),
        "organization_id": school_class.organization_id,
        "class_id": school_class.id,
        "student_id": student.id,
        "state": state,
        "ticket": tx.scalar(
            select(SchoolClass.next_ticket).where(SchoolClass.id == school_class.id)
        ),
        "offer_expires_at": (
            tx.now() + timedelta(days=2) if state == RegistrationState.OFFERED else None
        ),
        "decided_at": tx.now(),
    }
    _count(tx, school_class.id, state, skipped=given.get("skip_reason") is not None)
    if state in LIVE:
        tx.execute(
            update(Student)
            .where(Student.id == student.id)
            .values(guard_version=Student.guard_version + 1)
        )
    return _row(tx, Registration, defaults, given)


def _count(tx, class_id, state, *, skipped):
    waits = state == RegistrationState.WAITLISTED
    tx.execute(
        update(SchoolClass)
        .where(SchoolClass.id == class_id)
        .values(
            next_ticket=SchoolClass.next_ticket + 1,
            seats_taken=SchoolClass.seats_taken + (1 if state in SEATED else 0),
            waiting=SchoolClass.waiting + (1 if waits else 0),
            eligible_waiting=SchoolClass.eligible_waiting + (1 if waits and not skipped else 0),
        )
    )


def _row(tx, table, defaults, given):
    """Insert the row, with the times and the folded columns that the table has; give it back."""
    names = set(table.__table__.columns.keys())
    times = {"created_at": tx.now(), "updated_at": tx.now()}
    values = {name: value for name, value in times.items() if name in names} | defaults | given
    for name in names:
        plain = name.removesuffix("_fold")
        if plain != name and name not in values:
            values[name] = None if values.get(plain) is None else fold(values[plain])
    return tx.execute(_insert(table), values).one()


@functools.cache
def _insert(table):
    """Made once: to make it anew took most of the time of a row."""
    return insert(table.__table__).returning(table.__table__)


def _unique():
    # Other workers, and other runs, may write to the same server.
    return f"{next(_numbers)}{next(_suffixes)}"
