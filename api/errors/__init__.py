"""Every refusal that Homeroom can give, by family, with a stable code; nothing here knows HTTP.

    Refusal
    ├── Malformed             what was sent cannot be read
    ├── Unauthenticated       who sent it is not known
    ├── Denied                known, and not allowed
    ├── Absent                nothing here, or nothing that the caller may see
    ├── Gone                  was here, and ended as it had been announced
    ├── Conflict              readable and allowed, and at odds with the present state
    │   └── Blocked           guards of a registration, all reasons at once
    ├── Stale, Unconditional  the precondition failed, or is missing
    ├── Invalid               readable, and breaks a rule of the representation
    ├── Throttled             too much in too short a time
    ├── Unavailable           a dependency is away, or too busy
    └── MethodNotAllowed, NotAcceptable, UnsupportedMediaType, BodyTooLarge, UriTooLong,
        HeadersTooLarge, InternalError: families of one

A refusal's docstring is the cause and `cure` the remedy: `/problems/{code}` shows both.
"""

from api.errors.access import (
    AuthenticationRequired,
    Forbidden,
    InsufficientScope,
    InvalidCredentials,
    InvalidToken,
    NotFound,
    RateLimited,
    SignupClosed,
)
from api.errors.refusal import (
    Absent,
    Block,
    Conflict,
    Denied,
    FieldError,
    Gone,
    Invalid,
    Malformed,
    Refusal,
    Stale,
    Throttled,
    Unauthenticated,
    Unconditional,
    WayOn,
    every_refusal,
)
from api.errors.registration import (
    BLOCK_CODES,
    BLOCKED_BY_CODE,
    BY_RELEVANCE,
    AlreadyRegistered,
    Audience,
    Blocked,
    ClassFull,
    ClassNotOpen,
    NotOpenYet,
    RegistrationClosed,
    StudentInactive,
    TermLimit,
    TimeConflict,
    WaitlistClosed,
    WaitlistFull,
    WaitlistLimit,
)
from api.errors.request import (
    BodyTooLarge,
    CursorMismatch,
    HeadersTooLarge,
    IdempotencyKeyReused,
    InvalidCursor,
    InvalidHeader,
    InvalidParameter,
    MalformedJson,
    MalformedPatch,
    MethodNotAllowed,
    NotAcceptable,
    PatchFailed,
    UnknownParameter,
    UnsupportedMediaType,
    UriTooLong,
    ValidationFailed,
)
from api.errors.service import (
    Busy,
    InternalError,
    Unavailable,
)
from api.errors.state import (
    CapacityBelowTaken,
    DuplicateName,
    LastOwner,
    OfferExpired,
    PatchTestFailed,
    PreconditionRequired,
    ResourceInUse,
    StaleVersion,
    StateConflict,
    VersionSunset,
)

__all__ = [
    "BLOCKED_BY_CODE",
    "BLOCK_CODES",
    "BY_RELEVANCE",
    "Absent",
    "AlreadyRegistered",
    "Audience",
    "AuthenticationRequired",
    "Block",
    "Blocked",
    "BodyTooLarge",
    "Busy",
    "CapacityBelowTaken",
    "ClassFull",
    "ClassNotOpen",
    "Conflict",
    "CursorMismatch",
    "Denied",
    "DuplicateName",
    "FieldError",
    "Forbidden",
    "Gone",
    "HeadersTooLarge",
    "IdempotencyKeyReused",
    "InsufficientScope",
    "InternalError",
    "Invalid",
    "InvalidCredentials",
    "InvalidCursor",
    "InvalidHeader",
    "InvalidParameter",
    "InvalidToken",
    "LastOwner",
    "Malformed",
    "MalformedJson",
    "MalformedPatch",
    "MethodNotAllowed",
    "NotAcceptable",
    "NotFound",
    "NotOpenYet",
    "OfferExpired",
    "PatchFailed",
    "PatchTestFailed",
    "PreconditionRequired",
    "RateLimited",
    "Refusal",
    "RegistrationClosed",
    "ResourceInUse",
    "SignupClosed",
    "Stale",
    "StaleVersion",
    "StateConflict",
    "StudentInactive",
    "TermLimit",
    "Throttled",
    "TimeConflict",
    "Unauthenticated",
    "Unavailable",
    "Unconditional",
    "UnknownParameter",
    "UnsupportedMediaType",
    "UriTooLong",
    "ValidationFailed",
    "VersionSunset",
    "WaitlistClosed",
    "WaitlistFull",
    "WaitlistLimit",
    "WayOn",
    "every_refusal",
]
