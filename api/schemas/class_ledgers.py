"""The ledger of a class as clients see it, and the links of a class to its seats."""

from __future__ import annotations

from typing import Any

from api import clock, ids
from api.models.ledger import public
from api.schemas.base import Representation
from api.schemas.fields import Boolean, Id, Instant, Integer, Part, Shown, Text
from api.schemas.hypermedia import Hypermedia, Rel

_CLASS = {"class_id": "id"}
_ITS_CLASS = {"class_id": "class_id"}

CLASS_SEAT_RELS = (
    Rel(
        name="register",
        operation="create_class_registration",
        path=_CLASS,
        judged=True,
        body={"on_full": "fail"},
    ),
    Rel(
        name="join-waitlist",
        operation="create_class_registration",
        path=_CLASS,
        judged=True,
        body={"on_full": "waitlist"},
    ),
    Rel(name="registrations", operation="list_class_registrations", path=_CLASS, judged=True),
    Rel(name="waitlist", operation="get_class_waitlist", path=_CLASS, judged=True),
    Rel(name="events", operation="list_class_events", path=_CLASS, judged=True),
    Rel(name="audit", operation="get_class_audit", path=_CLASS, judged=True),
)
"""The links of a class to its seats."""


class ClassEventDataSchema(Representation):
    """What an event of a class says, and its link in the chain of hashes."""

    registration_id = Id("reg", nullable=True, metadata={"description": "Whose move, if any."})
    student_id = Id("stu", nullable=True, metadata={"description": "Whose registration."})
    from_state = Text(nullable=True, metadata={"description": "The state before."})
    to_state = Text(nullable=True, metadata={"description": "The state after."})
    ticket = Integer(nullable=True, metadata={"description": "The registration's ticket."})
    seat_delta = Integer(metadata={"description": "Seats taken (1), freed (-1) or neither (0)."})
    capacity_after = Integer(nullable=True, metadata={"description": "Null: no limit."})
    over_after = Integer(metadata={"description": "The allowance beyond the capacity."})
    reason_code = Text(nullable=True, metadata={"description": "Why, as a code."})
    prev_hash = Text(metadata={"description": "The hash before, in hex; zeros for the first."})
    hash = Text(metadata={"description": "SHA-256 in hex of `prev_hash` and this event."})


class ClassEventSchema(Representation):
    """One event of a class."""

    stream = Text(dump_only=True, metadata={"description": "`class:` and the id of the class."})
    seq = Integer(dump_only=True, metadata={"description": "Its number in the stream, from 1."})
    at = Instant(dump_only=True, metadata={"description": "When it was decided."})
    type = Text(dump_only=True, metadata={"description": "What happened; an open set."})
    actor_id = Id(
        "usr", dump_only=True, nullable=True, metadata={"description": "Null: the system."}
    )
    data = Part(ClassEventDataSchema, dump_only=True, metadata={"description": "What it says."})


def shown_event(row: Any, stream: str) -> dict[str, Any]:
    """One row of `events` in a class's stream, in the envelope of all events."""
    return {
        "stream": stream,
        "seq": row.seq,
        "at": clock.to_text(row.at),
        "type": row.type,
        "actor_id": public("usr", row.actor_id),
        "data": {
            "registration_id": public("reg", row.registration_id),
            "student_id": public("stu", row.student_id),
            "from_state": row.from_state and row.from_state.value,
            "to_state": row.to_state and row.to_state.value,
            "ticket": row.ticket,
            "seat_delta": row.seat_delta,
            "capacity_after": row.capacity_after,
            "over_after": row.over_after,
            "reason_code": row.reason_code,
            "prev_hash": row.prev_hash.hex(),
            "hash": row.hash.hex(),
        },
    }


def _events(page: Any) -> list[dict[str, Any]]:
    stream = f"class:{ids.encode('cls', page.class_id)}"
    return [shown_event(row, stream) for row in page.items]


class ClassEventsSchema(Representation):
    """Some events of a class, in order."""

    items = Shown(
        Part(ClassEventSchema),
        dump_only=True,
        most=1_000,
        metadata={"description": "The events after `after`.", "derived": _events},
    )
    next_after = Integer(
        dump_only=True, metadata={"description": "What to send as `after` for those that follow."}
    )
    head_seq = Integer(dump_only=True, metadata={"description": "The last event of the class."})


CLASS_EVENTS = Hypermedia(
    schema=ClassEventsSchema,
    itself=Rel(name="self", operation="list_class_events", path=_ITS_CLASS),
    rels=(
        Rel(
            name="search",
            operation="list_class_events",
            path=_ITS_CLASS,
            query=("after", "limit"),
        ),
        Rel(name="audit", operation="get_class_audit", path=_ITS_CLASS),
        Rel(name="class", operation="get_class", path=_ITS_CLASS),
    ),
)


class ClassAuditSchema(Representation):
    """What replaying the ledger of a class came to."""

    valid = Boolean(dump_only=True, metadata={"description": "Whether every event holds."})
    events = Integer(dump_only=True, metadata={"description": "Events that hold, from the first."})
    seats_taken = Integer(dump_only=True, metadata={"description": "Seats taken by their count."})
    head_hash = Text(dump_only=True, metadata={"description": "The last hash that holds, in hex."})
    first_bad_seq = Integer(
        dump_only=True,
        nullable=True,
        metadata={"description": "The first event that does not hold or is missing."},
    )


CLASS_AUDIT = Hypermedia(
    schema=ClassAuditSchema,
    itself=Rel(name="self", operation="get_class_audit", path=_ITS_CLASS),
    rels=(
        Rel(name="events", operation="list_class_events", path=_ITS_CLASS),
        Rel(name="class", operation="get_class", path=_ITS_CLASS),
    ),
)
