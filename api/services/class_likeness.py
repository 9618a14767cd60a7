"""What the verdicts on a class depend on, so that classes which no guard can tell apart share one.

Nobody's name is in it: what one student may do is known for all others who stand alike.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row

from api.authz.actor import Actor
from api.models.school_class import instructor_ids
from api.services.guard_facts import Elsewhere


class Standing(NamedTuple):
    """What caller, subject and organization contribute: the same for all classes of a page."""

    member_id: UUID | None
    shared: tuple[Any, ...]

    @classmethod
    def of(cls, actor: Actor, row: Row[Any]) -> Standing:
        """From a row with the columns of subject and organization."""
        membership = actor.membership(row.organization_id)
        subject_id = row.subject_id
        is_own = subject_id is not None and (
            membership is not None and subject_id == membership.student_id
        )
        rules = row.conflict_policy, row.max_live_classes_per_term, row.max_waitlists_per_term
        role = None if membership is None else membership.role
        return cls(
            None if membership is None else membership.id,
            (actor.kind, role, is_own, row.subject_status, rules),
        )


def likeness(standing: Standing, row: Row[Any], elsewhere: Elsewhere) -> tuple[Any, ...] | None:
    """All that the verdicts on a class depend on; None where that is too much to compare."""
    if row.windows or (elsewhere.clashes and elsewhere.stamp is None):
        return None
    ends = row.effective_promotion_ends_at
    promotes = ends is None or present(row) < ends
    has_room = row.capacity is None or row.seats_taken < row.capacity
    is_queued = promotes and (row.eligible_waiting > 0 or row.promotion_pending)
    return (
        standing.shared,
        bool(row.instructors) and standing.member_id in instructor_ids(row.instructors),
        row.live_id,
        row.live_state,
        (row.id, row.subject_id, elsewhere.stamp) if elsewhere.clashes else None,
        row.status,
        promotes,
        # How full it is, how long its line and when that ends, is told only where no seat is free.
        None if has_room and not is_queued else (row.capacity, row.waiting, ends),
        row.waitlist_enabled,
        row.waitlist_capacity,
        row.approval_required,
        row.next_ticket > 1,
        elsewhere.live_count,
        elsewhere.waitlist_count,
    )


def present(row: Row[Any]) -> datetime:
    """Now, as a class sees it: its clock never runs backwards."""
    clock: datetime = row.clock_now
    return clock if row.last_decided_at is None else max(clock, row.last_decided_at)
