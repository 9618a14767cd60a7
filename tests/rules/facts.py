"""Facts for the guards, with honest defaults: an open class with a free seat, an active student."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.models.organization import ConflictPolicy
from api.models.registration import RegistrationState
from api.models.school_class import ClassStatus
from api.services.rules_conflicts import Clash, Span
from api.services.rules_facts import (
    ClassFacts,
    Facts,
    LiveRegistration,
    OrganizationFacts,
    StudentFacts,
)

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


def at(hours):
    return NOON + timedelta(hours=hours)


def some_facts(**members):
    """Facts with the given members, each at the one of the three that has it."""
    parts = {ClassFacts: {"status": ClassStatus.OPEN}, StudentFacts: {}, OrganizationFacts: {}}
    for name, value in members.items():
        # `status` is the class's; the student's is `student_status`.
        owner = next(
            kind
            for kind in parts
            if name in kind.__slots__ or (name == "student_status" and kind is StudentFacts)
        )
        parts[owner]["status" if name == "student_status" else name] = value
    school_class, student, organization = (kind(**given) for kind, given in parts.items())
    return Facts(school_class=school_class, student=student, organization=organization)


def a_live_registration(state=RegistrationState.ENROLLED):
    return LiveRegistration(id=UUID(int=7), state=state)


def a_clash(number=1):
    ours = Span(session_id=UUID(int=number), class_id=UUID(int=100), starts_at=at(1), ends_at=at(2))
    theirs = Span(
        session_id=UUID(int=50 + number), class_id=UUID(int=200), starts_at=at(1), ends_at=at(3)
    )
    return Clash(ours, theirs)


INACTIVE = {"student_status": "inactive"}
FULL_CLASS = {"capacity": 2, "seats_taken": 2}
BLOCKING = {"clashes": (a_clash(),), "conflict_policy": ConflictPolicy.BLOCK}
EVERYTHING_WRONG = {
    **FULL_CLASS,
    **BLOCKING,
    "status": ClassStatus.CLOSED,
    **INACTIVE,
    "live": a_live_registration(),
    "max_live_classes_per_term": 3,
    "live_count": 3,
    "max_waitlists_per_term": 1,
    "waitlist_count": 1,
    "waitlist_enabled": False,
    "waitlist_capacity": 0,
}
