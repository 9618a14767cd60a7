"""What is known of a class, a student and an organization when a registration is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from api.models.organization import ConflictPolicy
from api.models.registration import RegistrationState
from api.models.school_class import ClassStatus
from api.models.student import StudentStatus
from api.services.rules_conflicts import Clash
from api.services.rules_windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRegistration:
    """The student's live registration in this very class."""

    id: UUID
    state: RegistrationState


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFacts:
    """What the guards read of a class; `capacity` and `waitlist_capacity` null: no limit."""

    status: ClassStatus
    windows: tuple[Window, ...] = ()
    capacity: int | None = None
    seats_taken: int = 0
    waiting: int = 0
    eligible_waiting: int = 0
    promotion_pending: bool = False
    promotion_ends_at: datetime | None = None
    waitlist_enabled: bool = True
    waitlist_capacity: int | None = None
    approval_required: bool = False
    effective_timezone: str = "UTC"
    """By which people read its deadlines."""

    def promotes_at(self, now: datetime) -> bool:
        """Whether somebody could still be promoted at `now`."""
        return self.promotion_ends_at is None or now < self.promotion_ends_at

    def has_seat_for_newcomer(self, now: datetime) -> bool:
        """Whether a seat is free that nobody in the line has a claim on."""
        if self.capacity is not None and self.seats_taken >= self.capacity:
            return False
        # At the end of promotion the line dissolves, whether or not that has been written yet.
        queued = self.eligible_waiting > 0 or self.promotion_pending
        return not (queued and self.promotes_at(now))


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentFacts:
    """What the guards read of a student; `groups` null: nobody in particular.

    The counts are of the student's *other* live and waitlisted registrations in the term of
    the class, and 0 for a class without a term. `clashes` are with the sessions of the other
    classes in which the student holds a seat.
    """

    status: StudentStatus = StudentStatus.ACTIVE
    groups: frozenset[str] | None = frozenset()
    live: LiveRegistration | None = None
    clashes: Sequence[Clash] = ()
    live_count: int = 0
    waitlist_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationFacts:
    """What the guards read of an organization; null: no limit."""

    conflict_policy: ConflictPolicy = ConflictPolicy.BLOCK
    max_live_classes_per_term: int | None = None
    max_waitlists_per_term: int | None = None


NOBODY = StudentFacts(groups=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that the guards look at, read before they are asked."""

    school_class: ClassFacts
    student: StudentFacts = NOBODY
    organization: OrganizationFacts = field(default_factory=OrganizationFacts)
