"""What the guards of a registration look at, for the student that the holder of a token is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, bindparam, select

from api.models.facts import LIVE_OF_SUBJECT, OF_GUARDS
from api.models.guard_sql import opaque
from api.models.organization import Member, Organization
from api.models.registration import LIVE, in_states
from api.models.school_class import SchoolClass
from api.models.student import Student
from api.models.user import Token

# From the token on, and never from the students of the organization.
_HOLDER = Token.__table__.join(Member.__table__, Member.user_id == opaque(Token.user_id)).join(
    Student.__table__,
    and_(
        Student.organization_id == opaque(Member.organization_id),
        Student.member_id == opaque(Member.id),
    ),
)
GUARDS_OF_HOLDER: Select[Any] = (
    select(*OF_GUARDS)
    .select_from(
        SchoolClass.__table__.join(
            Organization.__table__, Organization.id == SchoolClass.organization_id
        )
        .outerjoin(
            _HOLDER,
            and_(
                Token.hash == bindparam("token_hash"),
                opaque(Student.organization_id) == SchoolClass.organization_id,
                # What is archived nobody is a member of.
                Organization.archived_at.is_(None),
            ),
        )
        .outerjoin(
            LIVE_OF_SUBJECT,
            and_(
                LIVE_OF_SUBJECT.class_id == SchoolClass.id,
                LIVE_OF_SUBJECT.student_id == Student.id,
                in_states(LIVE_OF_SUBJECT.state, LIVE),
            ),
        )
    )
    .where(SchoolClass.id == bindparam("class_id"))
)
"""The row of `GUARDS` for the caller's own students, found before it is known who they are.

Whether the token still counts is not asked here: who acts on the row has been authenticated.
"""
