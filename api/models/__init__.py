"""What is stored. Importing this package makes the metadata complete."""

from api.models.course import Course
from api.models.event import Event, Stream, StreamKind
from api.models.idempotency import IdempotencyKey
from api.models.job import Job, JobFormat, JobKind, JobResult, JobState
from api.models.organization import ConflictPolicy, Invitation, Member, Organization, Role
from api.models.registration import (
    LIVE,
    MOVES,
    SEATED,
    PromotionDue,
    Registration,
    RegistrationState,
)
from api.models.schema_info import SchemaInfo
from api.models.school_class import NO_HASH, ClassStatus, SchoolClass, WaitlistMode
from api.models.session import ClassSession, MeetingPattern, SessionStatus
from api.models.student import Student, StudentStatus
from api.models.term import Term
from api.models.user import Token, User

__all__ = [
    "LIVE",
    "MOVES",
    "NO_HASH",
    "SEATED",
    "ClassSession",
    "ClassStatus",
    "ConflictPolicy",
    "Course",
    "Event",
    "IdempotencyKey",
    "Invitation",
    "Job",
    "JobFormat",
    "JobKind",
    "JobResult",
    "JobState",
    "MeetingPattern",
    "Member",
    "Organization",
    "PromotionDue",
    "Registration",
    "RegistrationState",
    "Role",
    "SchemaInfo",
    "SchoolClass",
    "SessionStatus",
    "Stream",
    "StreamKind",
    "Student",
    "StudentStatus",
    "Term",
    "Token",
    "User",
    "WaitlistMode",
]
