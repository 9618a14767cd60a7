"""Meeting patterns and sessions as clients see them."""

from __future__ import annotations

import enum
from datetime import datetime, time
from typing import Any

from marshmallow import ValidationError, fields

from api.models.session import MAX_DURATION_MINUTES, SessionStatus
from api.schemas import patterns
from api.schemas.base import Representation
from api.schemas.faults import FieldFault
from api.schemas.fields import Date, Enum, Id, Instant, Integer, ListOf, LocalTime
from api.schemas.hypermedia import Hypermedia, Rel
from api.schemas.limits import field_options
from api.services.rules_timetable import MAX_EXCEPT_DATES


class Weekday(enum.StrEnum):
    """The names of RFC 5545 section 3.3.10, in lower case."""

    MO = "mo"
    TU = "tu"
    WE = "we"
    TH = "th"
    FR = "fr"
    SA = "sa"
    SU = "su"


class LocalDateTime(fields.String):
    """A day and a time on the wall clock, without a zone: YYYY-MM-DDTHH:MM."""

    def __init__(self, **options: Any) -> None:
        pattern = patterns.LOCAL_DATE_TIME
        super().__init__(**field_options(options, nullable=False, pattern=pattern))

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        try:
            return datetime.strptime(value, "%Y-%m-%dT%H:%M")  # noqa: DTZ007  # it has no zone
        except (TypeError, ValueError):
            raise ValidationError(
                FieldFault("bad-format", "Use a local time such as 2026-11-20T09:30.")
            ) from None


class _Days(ListOf):
    """Days or weekdays that stand in their column as clients see them."""

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return value


def _start_local(row: Any) -> time:
    return time.fromisoformat(row.start_local)


class MeetingPatternSchema(Representation):
    """A weekly recurrence on the wall clock of the class; its sessions are made from it."""

    id = Id("pat", dump_only=True, metadata={"description": "Stable identifier."})
    class_id = Id("cls", dump_only=True, metadata={"description": "The class that meets."})
    weekdays = _Days(
        Enum(Weekday),
        least=1,
        most=7,
        required=True,
        metadata={"description": "On which days: mo tu we th fr sa su."},
    )
    start_local = LocalTime(
        required=True,
        metadata={
            "description": "When it begins, on the wall clock of the class.",
            "derived": _start_local,
        },
    )
    duration_minutes = Integer(
        1,
        MAX_DURATION_MINUTES,
        required=True,
        metadata={"description": "Elapsed minutes, also where the clocks change."},
    )
    from_date = Date(required=True, metadata={"description": "The first day it may fall on."})
    to_date = Date(required=True, metadata={"description": "The last day it may fall on."})
    except_dates = _Days(
        Date(),
        most=MAX_EXCEPT_DATES,
        data_key="except",
        load_default=list,
        metadata={"description": "Days on which it does not meet."},
    )
    created_at = Instant(dump_only=True, metadata={"description": "When it was made."})
    updated_at = Instant(dump_only=True, metadata={"description": "When it was last changed."})
    version = Integer(dump_only=True, metadata={"description": "Rises with every change."})


def _minutes(row: Any) -> int:
    return int((row.ends_at - row.starts_at).total_seconds()) // 60


class SessionSchema(Representation):
    """One meeting; the wall clock of the class is the truth, the instants follow from it."""

    id = Id("ses", dump_only=True, metadata={"description": "Stable identifier."})
    class_id = Id("cls", dump_only=True, metadata={"description": "The class that meets."})
    pattern_id = Id(
        "pat",
        dump_only=True,
        nullable=True,
        metadata={"description": "The pattern it was made from; null: made by hand."},
    )
    local_start = LocalDateTime(
        required=True,
        metadata={
            "description": "When it begins, on the wall clock of the class, from 1900 to 2999."
        },
    )
    duration_minutes = Integer(
        1,
        MAX_DURATION_MINUTES,
        required=True,
        metadata={
            "description": "Elapsed minutes, also where the clocks change.",
            "derived": _minutes,
        },
    )
    starts_at = Instant(dump_only=True, metadata={"description": "When it begins."})
    ends_at = Instant(dump_only=True, metadata={"description": "When it ends; not included."})
    status = Enum(
        SessionStatus,
        load_default=SessionStatus.SCHEDULED,
        metadata={"description": "Whether it is held; a cancelled one clashes with nothing."},
    )
    created_at = Instant(dump_only=True, metadata={"description": "When it was made."})
    updated_at = Instant(dump_only=True, metadata={"description": "When it was last changed."})
    version = Integer(dump_only=True, metadata={"description": "Rises with every change."})


_PATTERN = {"pattern_id": "id"}
MEETING_PATTERN = Hypermedia(
    schema=MeetingPatternSchema,
    itself=Rel(name="self", operation="get_meeting_pattern", path=_PATTERN),
    rels=(
        Rel(name="edit", operation="update_meeting_pattern", path=_PATTERN, judged=True),
        Rel(name="delete", operation="delete_meeting_pattern", path=_PATTERN, judged=True),
        Rel(name="class", operation="get_class", path={"class_id": "class_id"}),
    ),
)
_SESSION = {"session_id": "id"}
SESSION = Hypermedia(
    schema=SessionSchema,
    itself=Rel(name="self", operation="get_session", path=_SESSION),
    rels=(
        Rel(name="edit", operation="update_session", path=_SESSION, judged=True),
        Rel(name="delete", operation="delete_session", path=_SESSION, judged=True),
        Rel(name="class", operation="get_class", path={"class_id": "class_id"}),
    ),
)
