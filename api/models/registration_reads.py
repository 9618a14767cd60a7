"""Registrations as they are shown: alone, in lists and in the line, each with its place."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import aliased

from api.models.facts import CLOCK, DEEP, LABELLED, OF_ORGANIZATION, OF_STUDENT
from api.models.organization import Organization
from api.models.registration import Registration, RegistrationState, in_states
from api.models.school_class import SchoolClass, taught_by
from api.models.student import Student

_WAITING = {RegistrationState.WAITLISTED}
_Ahead = aliased(Registration)


TAUGHT = taught_by("member_text")

_ahead = (
    select(func.count())
    .select_from(_Ahead)
    .where(
        _Ahead.class_id == Registration.class_id,
        in_states(_Ahead.state, _WAITING),
        or_(
            _Ahead.priority > Registration.priority,
            and_(_Ahead.priority == Registration.priority, _Ahead.ticket < Registration.ticket),
        ),
    )
    .correlate(Registration)
    .scalar_subquery()
)
POSITION = case((in_states(Registration.state, _WAITING), 1 + _ahead), else_=None)

_SHOWN = (
    *Registration.__table__.columns,
    POSITION.label("position"),
    # The id of the class stands among the columns of the registration.
    *LABELLED[1:],
    *OF_STUDENT,
    *OF_ORGANIZATION,
)
_FROM = (
    Registration.__table__.join(SchoolClass.__table__, SchoolClass.id == Registration.class_id)
    .join(Organization.__table__, Organization.id == Registration.organization_id)
    .join(Student.__table__, Student.id == Registration.student_id)
)

ITEM: Select[Any] = (
    select(*_SHOWN, *DEEP)
    .select_from(_FROM)
    .where(Registration.id == bindparam("registration_id"), Organization.archived_at.is_(None))
)
"""One registration, its place, and what its moves depend on."""

_LIST: Select[Any] = (
    select(*_SHOWN, CLOCK.label("clock_now"))
    .select_from(_FROM)
    .where(Registration.organization_id == bindparam("organization_id"))
)
OF_ORGANIZATION_ALL = _LIST
OF_ORGANIZATION_TAUGHT = _LIST.where(TAUGHT)
OF_ORGANIZATION_OWN = _LIST.where(Registration.student_id == bindparam("own_student_id"))

OF_CLASS_ALL = _LIST.where(Registration.class_id == bindparam("class_id"))
OF_CLASS_OWN = OF_CLASS_ALL.where(Registration.student_id == bindparam("own_student_id"))

OF_STUDENT_ALL = _LIST.where(Registration.student_id == bindparam("student_id"))
OF_STUDENT_TAUGHT = OF_STUDENT_ALL.where(TAUGHT)

_line = (
    select(
        *Registration.__table__.columns,
        func.row_number()
        .over(order_by=(Registration.priority.desc(), Registration.ticket))
        .label("position"),
        func.count().over().label("length"),
    )
    .where(
        Registration.organization_id == bindparam("organization_id"),
        Registration.class_id == bindparam("class_id"),
        in_states(Registration.state, _WAITING),
    )
    .subquery("line")
)
LINE_COLUMNS = _line.c
LINE: Select[Any] = select(_line)
"""The line of a class, numbered 1 to n before anything narrows it."""

LINE_OWN: Select[Any] = LINE.where(_line.c.student_id == bindparam("own_student_id"))
