"""The row of a class under its lock, and a seat taken by one statement: lock, test and write.

Class before student: in the one statement the student's row is joined to the class's row, which
only its lock brings forth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Integer, Row, String, TextualSelect, bindparam, select, text, update
from sqlalchemy.types import Boolean

from api.models.base import Identifier, Instant, Json
from api.models.database import Transaction
from api.models.facts import CLOCK
from api.models.ledger import HASH_SQL, public_parameters
from api.models.locks import LockStep
from api.models.organization import Member
from api.models.registration import Registration
from api.models.school_class import SchoolClass
from api.models.student import Student

LOCKED_CLASS = (
    select(SchoolClass.__table__, CLOCK.label("clock_now"))
    .where(SchoolClass.id == bindparam("class_id"))
    .with_for_update(of=SchoolClass)
)
"""A class with every column, locked, and the clock; parameters class_id, clock_now."""

DUE_CLASS = (
    select(SchoolClass.__table__, CLOCK.label("clock_now"))
    .where(SchoolClass.id == bindparam("class_id"))
    .with_for_update(of=SchoolClass, skip_locked=True)
)
"""The same unless somebody else holds it."""

LOCKED_STUDENTS = (
    select(Student.id, Student.guard_version, Member.user_id)
    .outerjoin(
        Member,
        (Member.organization_id == Student.organization_id) & (Member.id == Student.member_id),
    )
    .where(Student.id.in_(bindparam("student_ids", expanding=True)))
    .order_by(Student.id)
    .with_for_update(of=Student)
)
"""Students, locked in the order of their ids, each with the login it belongs to, if any."""

BUMP_STUDENTS = (
    update(Student)
    .where(Student.organization_id == bindparam("of_organization"))
    .where(Student.id.in_(bindparam("student_ids", expanding=True)))
    .values(guard_version=Student.guard_version + 1)
)

SEAT_SQL = f"""
WITH moment AS MATERIALIZED (
    SELECT coalesce(:clock_now, date_trunc('milliseconds', clock_timestamp())) AS at
),
held AS MATERIALIZED (
    SELECT c.id, c.organization_id, c.head_hash AS prev_hash, c.capacity,
        c.next_ticket AS ticket, c.last_seq + 1 AS seq,
        greatest(moment.at, c.last_decided_at) AS decided_at,
        CASE WHEN :raises_allowance
            THEN greatest(c.over_allowance, c.seats_taken + :seat_delta - c.capacity)
            ELSE c.over_allowance END AS over_after
    FROM classes c CROSS JOIN moment
    WHERE c.id = :class_id AND c.version = :version
        AND (c.next_due_at IS NULL OR c.next_due_at > greatest(moment.at, c.last_decided_at))
        AND (CAST(:since AS timestamptz) IS NULL
            OR greatest(moment.at, c.last_decided_at) >= :since)
        AND (CAST(:until AS timestamptz) IS NULL
            OR greatest(moment.at, c.last_decided_at) < :until)
        AND CASE :wanted
            WHEN 'seat' THEN (c.capacity IS NULL OR c.seats_taken < c.capacity)
                AND (:line_is_over OR (c.eligible_waiting = 0 AND NOT c.promotion_pending))
            WHEN 'line' THEN NOT ((c.capacity IS NULL OR c.seats_taken < c.capacity)
                AND (:line_is_over OR (c.eligible_waiting = 0 AND NOT c.promotion_pending)))
                AND (:line_is_waived OR c.waitlist_capacity IS NULL
                    OR c.waiting < c.waitlist_capacity)
            ELSE true END
    FOR UPDATE OF c
),
student AS (
    UPDATE students s SET guard_version = s.guard_version + 1
    FROM held
    WHERE s.id = :student_id AND s.guard_version = :guard_version
    RETURNING s.id
),
seat AS (SELECT held.* FROM held CROSS JOIN student),
written AS MATERIALIZED (SELECT seat.*, {HASH_SQL} AS hash FROM seat),
class AS (
    UPDATE classes c
    SET seats_taken = c.seats_taken + :seat_delta,
        over_allowance = written.over_after,
        waiting = c.waiting + :waits,
        eligible_waiting = c.eligible_waiting + :waits,
        next_ticket = written.ticket + 1,
        last_seq = written.seq,
        head_hash = written.hash,
        last_decided_at = written.decided_at,
        next_due_at = least(c.next_due_at, :due_at)
    FROM written
    WHERE c.id = written.id
    RETURNING c.id, c.seats_taken, c.waiting, c.last_seq
),
registration AS (
    INSERT INTO registrations (id, organization_id, class_id, student_id, state, ticket, priority,
        offer_expires_at, release_on_promotion, skip_reason, overrides, conflict_override,
        previous_id, decided_at, created_at, updated_at, version)
    SELECT :registration_id, written.organization_id, written.id, :student_id, :state,
        written.ticket, 0, NULL, '[]'::jsonb, NULL, :overrides, :conflict_override, :previous_id,
        written.decided_at, written.decided_at, written.decided_at, 1
    FROM written
    RETURNING *
),
event AS (
    INSERT INTO events (stream_kind, stream_id, seq, organization_id, at, type, actor_id,
        registration_id, student_id, from_state, to_state, ticket, seat_delta, capacity_after,
        over_after, reason_code, prev_hash, hash)
    SELECT 'class', written.id, written.seq, written.organization_id, written.decided_at, :type,
        :actor_id, :registration_id, :student_id, NULL, :state, written.ticket, :seat_delta,
        written.capacity, written.over_after, :reason_code, written.prev_hash, written.hash
    FROM written
)
SELECT registration.*, class.seats_taken, class.waiting, class.last_seq,
    CASE WHEN registration.state = 'waitlisted' THEN class.waiting END AS position
FROM registration CROSS JOIN class
"""  # noqa: S608  # made of constants

_TEXTS = ("wanted", "state", "type", "reason_code")
_IDS = ("class_id", "student_id", "registration_id", "previous_id", "actor_id")
_INSTANTS = ("clock_now", "since", "until", "due_at")
_NUMBERS = ("version", "guard_version", "seat_delta", "waits")
_FLAGS = ("raises_allowance", "line_is_over", "line_is_waived", "conflict_override")
_PUBLIC = ("class_public", "actor_public", "registration_public", "student_public")


def statement(sql: str) -> TextualSelect:
    """The seat statement with the types of its parameters and columns."""
    return (
        text(_short(sql))
        .bindparams(
            *(bindparam(name, type_=String()) for name in (*_TEXTS, *_PUBLIC)),
            *(bindparam(name, type_=Identifier) for name in _IDS),
            *(bindparam(name, type_=Instant) for name in _INSTANTS),
            *(bindparam(name, type_=Integer()) for name in _NUMBERS),
            *(bindparam(name, type_=Boolean()) for name in _FLAGS),
            bindparam("overrides", type_=Json),
        )
        .columns(
            **{column.name: column.type for column in Registration.__table__.columns},
            seats_taken=Integer(),
            waiting=Integer(),
            last_seq=Integer(),
            position=Integer(),
        )
    )


def _short(sql: str) -> str:
    # psycopg keeps the form in which a query is sent only if it is no longer than 4,096 characters.
    return " ".join(sql.split()).replace(", ", ",")


TAKE = statement(SEAT_SQL)


def take(tx: Transaction, wish: Mapping[str, Any]) -> Row[Any] | None:
    """Register in one statement, on PostgreSQL: lock, test, count, insert, chain the event.

    `wish` says for which class and student, on which versions of both the caller has judged, how
    long that judgement stands (`since`, `until`), and what to write. `wanted` is what must be so:
    `seat` (one is free that nobody waits for), `line` (none is, and the line has room), `any`.
    Nothing is written and None is given when anything of it does not hold any more: read the
    facts again. The row is the registration with its `position` and the counters of the class.
    """
    tx.lock(LockStep.CLASS, wish["class_id"])
    tx.lock(LockStep.STUDENT, wish["student_id"])
    return tx.first(TAKE, clock_now=tx.given_now(), **wish, **public_parameters(wish))
