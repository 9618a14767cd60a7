"""What is refused although the schema allows it: each reason by code, place and operation."""

import re
from dataclasses import dataclass

import schemathesis
from schemathesis.openapi.checks import RejectedPositiveData

from api.schemas.patterns import ENTITY_TAGS


@dataclass(frozen=True)
class Reason:
    """A refusal that JSON Schema has no words for; docs/fuzzing.md says the same to people."""

    code: str
    place: str
    why: str
    operations: str = ".*"

    def explains(self, operation, code, place):
        parts = ((self.operations, operation), (self.code, code), (self.place, place))
        return all(re.fullmatch(pattern, text) for pattern, text in parts)


REGISTERING = "create_(class_|student_)?registration"
DATED = "(create|update|replace|upsert)_(class|term)"
REASONS = (
    Reason("stale-version", "", "A well-formed tag may be of another version."),
    Reason("invalid-cursor|cursor-mismatch", "", "A cursor is opaque, signed, and of one list."),
    Reason(
        "malformed-patch",
        "",
        "RFC 6902 section 4: which members a step needs, its `op` says.",
        "update_.*",
    ),
    Reason(
        "not-found|read-only",
        r"#/\d+/(path|from)",
        "A pointer leads into what is stored.",
        "update_.*",
    ),
    Reason("unknown-member", "#/[^/]*", "A step can write to any place.", "update_.*"),
    Reason(
        "not-found",
        r"#/(course_id|term_id|instructors/\d+/member_id)",
        "A class is of a course, a term and members that are there.",
        "(create|update|replace|upsert)_class",
    ),
    Reason("not-found", "#/(class|student)_(id|url)", "Both have to be there.", REGISTERING),
    Reason("not-found", "#/student_id", "The record has to be there.", "create_invitation"),
    Reason("not-found", "#/username", "The user has to be there.", "create_member"),
    Reason("not-found", "#/code", "A code is a secret.", "create_invitation_acceptance"),
    Reason(
        "not-found|required",
        "#/current_password",
        "Who sets a new password says the old one, which has to be right.",
        "update_user",
    ),
    Reason("not-a-choice", "#/password", "It is easily guessed.", "(create|update)_user"),
    Reason("bad-format", "#/external_id", "It is that of the address.", "upsert_.*"),
    Reason("required", "#/[a-z_]+", "Where nothing stands yet, it is a POST.", "upsert_.*"),
    Reason(
        "bad-format",
        "#/(class|student)_url",
        "The address has to be one of this server, and excludes the id.",
        REGISTERING,
    ),
    Reason(
        "required",
        "#/(class|student)_id",
        "The id or the address; a student may leave out their own.",
        REGISTERING,
    ),
    Reason(
        "required",
        "#/(username|password)",
        "In the body, or as Authorization: Basic.",
        "create_token",
    ),
    Reason(
        "required",
        "#/reason_code",
        "Whoever sets rules aside says why.",
        f"{REGISTERING}|create_registration_transition",
    ),
    Reason(
        "bad-format|out-of-range",
        "#/local_start",
        "The calendar has no such day, or it is not of the years 1900 to 2999.",
        "create_class_session|update_session",
    ),
    Reason(
        "not-a-choice",
        "#/timezone",
        "The names are those of the time zone database.",
        "(create|update|replace|upsert)_(class|organization)",
    ),
    Reason(
        "not-a-choice",
        "#/student_id",
        "Only an invitation of a student claims a record.",
        "create_invitation",
    ),
    Reason(
        "not-a-choice",
        "#/status",
        "An erased record is made by DELETE, a class begins as a draft or open.",
        "(create|update|replace|upsert)_(class|student)|create_class_session|update_session",
    ),
    Reason("bad-format", "fields|sort|expand", "Each name stands once."),
    Reason(
        "out-of-range",
        "#/(ends_on|drop_until|withdraw_until|promotion_ends_at)",
        "An end is not before its beginning, nor years away from it.",
        DATED,
    ),
    Reason(
        "out-of-range",
        "#/(to_date|from_date)",
        "An end is not before its beginning, nor years away from it.",
        "create_class_meeting_pattern|update_meeting_pattern",
    ),
    Reason(
        "out-of-range",
        r"#/windows/\d+/closes_at",
        "A window closes after it opens.",
        "(create|update|replace|upsert)_class",
    ),
)

CONDITIONS = ("If-Match", "If-None-Match")
POSITIVE = ["2xx", "3xx", "400", "401", "403", "404", "409", "412", "422", "429"]
"""400, 412 and 422 are judged by `refused_for_a_reason`; a server error is none of these.

401, 403, 404 and 409: who asks, for what, and what stands there is in no schema;
429: nor is how often.
"""
NEGATIVE = [
    *("400", "401", "403", "404", "405", "406", "409", "412", "414", "415", "422", "428", "429")
]
"""412: whether the version is another comes before what is wrong with the body.

401, 403, 404, 409 and 429: so do who asks, for what, what stands there and how often. 405, 406, 415
and 428 are of the method and the header fields, which are spoilt too.
414: a query that breaks its bounds may be longer than any address may be.
"""
WITHOUT_A_HEADER = ["400", "401", "403", "404", "406", "412", "415", "422", "428"]
"""428 (RFC 6585 section 3) is what a missing `If-Match` gets."""

CHECKS = {
    "enabled": True,
    "positive_data_acceptance": {"expected-statuses": POSITIVE},
    "negative_data_rejection": {"expected-statuses": NEGATIVE},
    "missing_required_header": {"expected-statuses": WITHOUT_A_HEADER},
}
"""All checks of schemathesis are on."""


def faults_of(problem):
    """List the code and the place of each fault; a problem without faults is one itself."""
    errors = problem.get("errors", [])
    places = [
        (error["code"], error.get("pointer") or error.get("parameter") or error.get("header") or "")
        for error in errors
    ]
    return places or [(problem["code"], "")]


def unexplained(operation, problem):
    """Give the faults of an operation's answer that no reason explains."""
    return [
        fault
        for fault in faults_of(problem)
        if not any(reason.explains(operation, *fault) for reason in REASONS)
    ]


def is_expected(failure, case, response):
    """Tell whether a failed check is none: `fields` asks for fewer members than are required."""
    is_sparse = "fields" in (case.query or {})
    return (
        is_sparse
        and failure.title == "Response violates schema"
        and "is a required property" in failure.message
    )


def is_malformed(case, name):
    """Tell whether a condition was sent that the document forbids, though it is called valid."""
    sent = (case.headers or {}).get(name)
    return name in CONDITIONS and sent is not None and not re.fullmatch(ENTITY_TAGS, sent)


@schemathesis.check
def refused_for_a_reason(ctx, response, case):
    """What the schema allows is refused only for a reason of the table above."""
    # In the coverage phase a part can be invalid although the case is called positive.
    if case.meta is None or not all(i.mode.is_positive for i in case.meta.components.values()):
        return
    if response.status_code not in (400, 412, 422):
        return
    operation = case.operation.definition.raw["operationId"]
    faults = unexplained(operation, response.json())
    left = [fault for fault in faults if not is_malformed(case, fault[1])]
    if left:
        raise RejectedPositiveData(
            operation=case.operation.label,
            message=f"refused beyond the schema: {left}",
            status_code=response.status_code,
            allowed_statuses=POSITIVE,
        )


@schemathesis.check
def status_is_listed(ctx, response, case):
    """The status stands in the document by its number: `default` documents nothing.

    A dry run alone may be documented as `2XX` (ADR 0023).
    """
    listed = case.operation.definition.raw["responses"]
    if "dry_run" in (case.query or {}) and response.status_code == 200 and "2XX" in listed:
        return
    is_another = case.method.lower() != case.operation.method.lower()
    if str(response.status_code) in listed or (is_another and response.status_code in (204, 405)):
        # OPTIONS is answered everywhere, and every other method that is not offered is refused.
        return
    raise AssertionError(f"{response.status_code} is not listed")
