"""What the verdicts on a registration depend on, so that those which are alike share one object.

Nobody's name is in it: what one student may do with a seat is known for all who hold one alike.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from api.authz.actor import Actor
from api.models.registration import RegistrationState
from api.models.school_class import instructor_ids

_UNDECIDED = frozenset(
    {RegistrationState.PENDING, RegistrationState.OFFERED, RegistrationState.EXPIRED}
)
"""What may become of these depends on all the facts of a registration, or names their own end."""


def likeness(
    actor: Actor, registration: Any, context: Row[Any], now: datetime
) -> tuple[Any, ...] | None:
    """All that the verdicts depend on; None where that is too much to compare.

    `context` holds the class under `class_…`.
    """
    if registration.state in _UNDECIDED:
        return None
    membership = actor.membership(registration.organization_id)
    standing = None
    if membership is not None:
        teachers = context.class_instructors
        standing = (
            membership.role,
            bool(teachers) and membership.id in instructor_ids(teachers),
            membership.student_id == registration.student_id,
        )
    drop_until = context.class_effective_drop_until
    withdraw_until = context.class_effective_withdraw_until
    return (
        actor.kind,
        standing,
        registration.state,
        context.class_status,
        drop_until,
        drop_until is None or now < drop_until,
        withdraw_until,
        withdraw_until is None or now < withdraw_until,
    )
