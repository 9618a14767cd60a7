"""Who may have a seat now: small guards, each named for the fact that it looks at.

The links of a class, their reasons when absent, and the command itself all ask here. A new
rule is a guard and its place, by relevance, in the depths that can afford it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.errors import Block
from api.models.organization import ConflictPolicy
from api.models.school_class import ClassStatus
from api.models.student import StudentStatus
from api.services.rules_conflicts import Clash
from api.services.rules_facts import Facts
from api.services.rules_windows import Bounds, bounds_around, window_block, windows_for

CLASHES_SHOWN = 20
"""Pairs of sessions named in a block; `conflict_count` says how many there are."""

_RUNNING = frozenset({ClassStatus.OPEN, ClassStatus.CLOSED})


Guard = Callable[[Facts, datetime], Block | None]


def already_registered(facts: Facts, _: datetime) -> Block | None:
    """One live registration for a student and a class."""
    live = facts.student.live
    if live is None:
        return None
    return Block("already-registered", {"registration_id": live.id, "state": live.state})


def inactive_block(status: StudentStatus) -> Block | None:
    """What a student's status has against every class."""
    return None if status == StudentStatus.ACTIVE else Block("student-inactive", {"status": status})


def student_inactive(facts: Facts, _: datetime) -> Block | None:
    """Only an active student takes a seat."""
    return inactive_block(facts.student.status)


def class_not_open(facts: Facts, _: datetime) -> Block | None:
    """Only an open class takes registrations."""
    status = facts.school_class.status
    return None if status == ClassStatus.OPEN else Block("class-not-open", {"status": status})


def class_not_running(facts: Facts, _: datetime) -> Block | None:
    """Who asked in time is decided on while the class is open or closed to others."""
    status = facts.school_class.status
    return None if status in _RUNNING else Block("class-not-open", {"status": status})


def no_open_window(facts: Facts, now: datetime) -> Block | None:
    """A window for this student is open: else `not-open-yet registration-closed audience`."""
    return window_block(facts.school_class.windows, facts.student.groups, now)


def conflict_block(clashes: Sequence[Clash]) -> Block | None:
    """The clashing pairs, the first ones by name and all by count."""
    if not clashes:
        return None
    conflicts = [
        {
            "session_id": clash.candidate.session_id,
            "starts_at": clash.candidate.starts_at,
            "ends_at": clash.candidate.ends_at,
            "conflicting_class_id": clash.taken.class_id,
            "conflicting_session_id": clash.taken.session_id,
            "conflicting_starts_at": clash.taken.starts_at,
            "conflicting_ends_at": clash.taken.ends_at,
        }
        for clash in clashes[:CLASHES_SHOWN]
    ]
    return Block("time-conflict", {"conflicts": conflicts, "conflict_count": len(clashes)})


def time_conflict(facts: Facts, _: datetime) -> Block | None:
    """No session clashes with one of a class in which the student holds a seat."""
    if facts.organization.conflict_policy != ConflictPolicy.BLOCK:
        return None
    return conflict_block(facts.student.clashes)


def term_limit(facts: Facts, _: datetime) -> Block | None:
    """The organization's limit of live classes in a term."""
    limit, count = facts.organization.max_live_classes_per_term, facts.student.live_count
    if limit is None or count < limit:
        return None
    return Block("term-limit", {"limit": limit, "count": count})


def class_full(facts: Facts, now: datetime) -> Block | None:
    """A free seat, and nobody in the line whose seat it would be."""
    school_class = facts.school_class
    if school_class.has_seat_for_newcomer(now):
        return None
    line_open = waitlist_closed(facts, now) is None and waitlist_full(facts, now) is None
    details = {
        "capacity": school_class.capacity,
        "waiting": school_class.waiting,
        "waitlist_open": line_open,
    }
    return Block("class-full", details)


def waitlist_limit(facts: Facts, _: datetime) -> Block | None:
    """The organization's limit of lines in a term."""
    limit, count = facts.organization.max_waitlists_per_term, facts.student.waitlist_count
    if limit is None or count < limit:
        return None
    return Block("waitlist-limit", {"limit": limit, "count": count})


def waitlist_closed(facts: Facts, now: datetime) -> Block | None:
    """There is a line, and it could still move."""
    school_class = facts.school_class
    if school_class.waitlist_enabled and school_class.promotes_at(now):
        return None
    return Block("waitlist-closed", {"promotion_ends_at": school_class.promotion_ends_at})


def waitlist_full(facts: Facts, _: datetime) -> Block | None:
    """The line has room."""
    waiting, capacity = facts.school_class.waiting, facts.school_class.waitlist_capacity
    if capacity is None or waiting < capacity:
        return None
    return Block("waitlist-full", {"waitlist_capacity": capacity, "waiting": waiting})


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How much is judged: guards of a seat and of a place in line, each most relevant first."""

    seat: tuple[Guard, ...]
    line: tuple[Guard, ...] = ()


FULL = Depth(
    seat=(
        already_registered,
        student_inactive,
        class_not_open,
        no_open_window,
        time_conflict,
        term_limit,
        class_full,
    ),
    line=(waitlist_limit, waitlist_closed, waitlist_full),
)
"""A registration, and the links of one class."""

CHEAP = Depth(
    seat=(
        already_registered,
        student_inactive,
        class_not_open,
        no_open_window,
        class_full,
    ),
    line=(waitlist_closed, waitlist_full),
)
"""The links of a class in a list: what its row and the caller's own snapshot tell."""

CLASS_ONLY = Depth(
    seat=(class_not_open, no_open_window, class_full), line=(waitlist_closed, waitlist_full)
)
"""The links of a class for nobody in particular."""

APPROVAL = Depth(
    seat=(
        student_inactive,
        class_not_running,
        time_conflict,
        term_limit,
        class_full,
    ),
    line=(waitlist_limit, waitlist_closed, waitlist_full),
)
"""A pending registration: it was made in time, so windows are not asked again."""

PROMOTION = Depth(seat=(student_inactive, time_conflict, term_limit))
"""Somebody in the line, when a seat is free."""

ACCEPTANCE = Depth(seat=(student_inactive, time_conflict))
"""Somebody whose seat is set aside already."""


def judge(guards: Sequence[Guard], facts: Facts, now: datetime) -> tuple[Block, ...]:
    """What each of `guards` has against it, in their order."""
    found = [guard(facts, now) for guard in guards]
    return tuple([block for block in found if block is not None])


def blocks(facts: Facts, now: datetime, depth: Depth = FULL) -> tuple[Block, ...]:
    """All reasons why a registration without a wish to wait would be refused at `now`."""
    return judge(depth.seat, facts, now)


def promotion_block(facts: Facts, now: datetime) -> Block | None:
    """Why a waiter cannot have the seat that is free: its code is the skip reason."""
    return next(iter(judge(PROMOTION.seat, facts, now)), None)


def conflict_warning(facts: Facts) -> Block | None:
    """The clashes that policy `warn` lets pass and shows."""
    if facts.organization.conflict_policy != ConflictPolicy.WARN:
        return None
    return conflict_block(facts.student.clashes)


def registration_bounds(facts: Facts, now: datetime) -> Bounds:
    """The time around `now` in which every guard of `facts` answers as it does at `now`."""
    own_windows = windows_for(facts.school_class.windows, facts.student.groups)
    return bounds_around(
        now,
        [
            facts.school_class.promotion_ends_at,
            *(window.opens_at for window in own_windows),
            *(window.closes_at for window in own_windows),
        ],
    )
