"""The invariants as statements: each gives the rows that break it, so a sound database gives none.

Every one looks across organizations, for the operator, unless `organization_id` is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    or_,
    select,
    true,
    union_all,
)

from api.models.base import Identifier, Instant
from api.models.event import Event, Stream, StreamKind
from api.models.idempotency import IdempotencyKey
from api.models.registration import (
    LIVE,
    SEATED,
    PromotionDue,
    Registration,
    RegistrationState,
    in_states,
)
from api.models.school_class import ClassStatus, SchoolClass
from api.models.student import Student
from api.models.tenancy import across


@dataclass(frozen=True, slots=True)
class Offenders:
    """A statement whose rows break an invariant; `id` of each is shown with `prefix`."""

    prefix: str
    select: Executable

    def __post_init__(self) -> None:
        # A frozen dataclass sets its fields only so.
        named = self.select.execution_options(**across("verify"))
        object.__setattr__(self, "select", named)


def scoped(column: Any) -> ColumnElement[bool]:
    """The rows of one organization, or of all where `organization_id` is null."""
    wanted = bindparam("organization_id", type_=Identifier)
    return or_(wanted.is_(None), column == wanted)


_OF_CLASS = and_(
    Registration.organization_id == SchoolClass.organization_id,
    Registration.class_id == SchoolClass.id,
)
_MINE = scoped(SchoolClass.organization_id)


def _counted(condition: ColumnElement[bool]) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


_WAITS = Registration.state == RegistrationState.WAITLISTED
COUNTERS_DIFFER = Offenders(
    "cls",
    select(SchoolClass.id)
    .outerjoin(Registration, _OF_CLASS)
    .where(_MINE)
    .group_by(SchoolClass.id)
    .having(
        or_(
            SchoolClass.seats_taken != _counted(in_states(Registration.state, SEATED)),
            SchoolClass.waiting != _counted(_WAITS),
            SchoolClass.eligible_waiting
            != _counted(and_(_WAITS, Registration.skip_reason.is_(None))),
        )
    ),
)
OVERSOLD = Offenders(
    "cls",
    select(SchoolClass.id).where(
        _MINE, SchoolClass.seats_taken > SchoolClass.capacity + SchoolClass.over_allowance
    ),
)
ALLOWANCE_DIFFERS = Offenders(
    "cls",
    select(SchoolClass.id).where(
        _MINE,
        SchoolClass.over_allowance
        != case(
            (SchoolClass.capacity.is_(None), 0),
            (SchoolClass.seats_taken <= SchoolClass.capacity, 0),
            else_=SchoolClass.seats_taken - SchoolClass.capacity,
        ),
    ),
)

_LEDGER = and_(Event.stream_kind == StreamKind.CLASS, scoped(Event.organization_id))
_running = (
    select(
        Event.stream_id.label("id"),
        Event.seq,
        Event.capacity_after,
        Event.over_after,
        func.sum(Event.seat_delta)
        .over(partition_by=Event.stream_id, order_by=Event.seq)
        .label("taken"),
    )
    .where(_LEDGER)
    .subquery()
)
OVERSOLD_ONCE = Offenders(
    "cls",
    select(_running.c.id, _running.c.seq).where(
        _running.c.taken > _running.c.capacity_after + _running.c.over_after
    ),
)

_of_this_class = and_(Event.stream_kind == StreamKind.CLASS, Event.stream_id == SchoolClass.id)
_ledger_sum = (
    select(func.coalesce(func.sum(Event.seat_delta), 0))
    .where(_of_this_class)
    .correlate(SchoolClass)
    .scalar_subquery()
)
_last_state = (
    select(Event.to_state)
    .where(Event.registration_id == Registration.id, Event.to_state.is_not(None))
    .order_by(Event.seq.desc())
    .limit(1)
    .correlate(Registration)
    .scalar_subquery()
)
LEDGER_SUM_DIFFERS = Offenders(
    "cls", select(SchoolClass.id).where(_MINE, SchoolClass.seats_taken != _ledger_sum)
)
LEDGER_STATE_DIFFERS = Offenders(
    "reg",
    select(Registration.id).where(
        scoped(Registration.organization_id),
        func.coalesce(_last_state, "none") != Registration.state,
    ),
)
LEDGER_KNOWS_MORE = Offenders(
    "cls",
    select(Event.stream_id.label("id"), Event.seq).where(
        _LEDGER,
        Event.registration_id.is_not(None),
        ~exists().where(
            Registration.id == Event.registration_id, Registration.class_id == Event.stream_id
        ),
    ),
)

TWICE_LIVE = Offenders(
    "cls",
    select(Registration.class_id.label("id"))
    .where(scoped(Registration.organization_id), in_states(Registration.state, LIVE))
    .group_by(Registration.class_id, Registration.student_id)
    .having(func.count() > 1),
)
IDLE_SEAT = Offenders(
    "cls",
    select(SchoolClass.id).where(
        _MINE,
        SchoolClass.status == ClassStatus.OPEN,
        SchoolClass.promotion_pending == false(),
        or_(
            SchoolClass.effective_promotion_ends_at.is_(None),
            SchoolClass.effective_promotion_ends_at > bindparam("soon", type_=Instant),
        ),
        or_(
            SchoolClass.capacity.is_(None),
            SchoolClass.seats_taken < SchoolClass.capacity,
        ),
        exists().where(_OF_CLASS, _WAITS, Registration.skip_reason.is_(None)),
    ),
)
TICKETS_NOT_DENSE = Offenders(
    "cls",
    select(SchoolClass.id)
    .outerjoin(Registration, _OF_CLASS)
    .where(_MINE)
    .group_by(SchoolClass.id)
    .having(
        or_(
            func.count(Registration.ticket.distinct()) != func.count(Registration.id),
            func.coalesce(func.max(Registration.ticket), 0) != func.count(Registration.id),
            SchoolClass.next_ticket != func.count(Registration.id) + 1,
        )
    ),
)

_events_of_class = select(func.count()).select_from(Event).where(_of_this_class)
_last_of_class = select(func.coalesce(func.max(Event.seq), 0)).where(_of_this_class)
CLASS_SEQ_HAS_GAP = Offenders(
    "cls",
    select(SchoolClass.id).where(
        _MINE,
        or_(
            SchoolClass.last_seq != _events_of_class.correlate(SchoolClass).scalar_subquery(),
            SchoolClass.last_seq != _last_of_class.correlate(SchoolClass).scalar_subquery(),
        ),
    ),
)
_of_this_stream = and_(
    Event.stream_kind == Stream.kind, Event.stream_id == Stream.id, Event.seq > Stream.floor_seq
)
_kept = select(func.count()).select_from(Event).where(_of_this_stream)
_last_kept = select(func.coalesce(func.max(Event.seq), Stream.floor_seq)).where(_of_this_stream)


def _gap_in(kind: StreamKind, prefix: str) -> Offenders:
    return Offenders(
        prefix,
        select(Stream.id).where(
            Stream.kind == kind,
            scoped(Stream.organization_id),
            or_(
                Stream.last_seq - Stream.floor_seq != _kept.correlate(Stream).scalar_subquery(),
                Stream.last_seq != _last_kept.correlate(Stream).scalar_subquery(),
            ),
        ),
    )


STREAM_SEQ_HAS_GAP = (_gap_in(StreamKind.ORG, "org"), _gap_in(StreamKind.USER, "usr"))

_organizations_of_streams = union_all(
    select(SchoolClass.id.label("id"), SchoolClass.organization_id),
    select(Stream.id, Stream.organization_id),
).subquery()
_no_such_event = ~exists().where(
    Event.stream_kind == IdempotencyKey.event_stream_kind,
    Event.stream_id == IdempotencyKey.event_stream_id,
    Event.seq == IdempotencyKey.event_seq,
)
_still_kept = ~exists().where(
    Stream.kind == IdempotencyKey.event_stream_kind,
    Stream.id == IdempotencyKey.event_stream_id,
    Stream.floor_seq >= IdempotencyKey.event_seq,
)
KEY_WITHOUT_EFFECT = Offenders(
    "usr",
    select(IdempotencyKey.user_id.label("id"), IdempotencyKey.key)
    .outerjoin(
        _organizations_of_streams,
        _organizations_of_streams.c.id == IdempotencyKey.event_stream_id,
    )
    .where(
        IdempotencyKey.event_seq.is_not(None),
        scoped(_organizations_of_streams.c.organization_id),
        _no_such_event,
        _still_kept,
    ),
)

OFFER_WITHOUT_END = Offenders(
    "reg",
    select(Registration.id).where(
        scoped(Registration.organization_id),
        case((Registration.state == RegistrationState.OFFERED, true()), else_=false())
        != Registration.offer_expires_at.is_not(None),
    ),
)
STRANGER = Offenders(
    "reg",
    select(Registration.id)
    .join(SchoolClass, SchoolClass.id == Registration.class_id)
    .join(Student, Student.id == Registration.student_id)
    .where(
        scoped(Registration.organization_id),
        or_(
            Registration.organization_id != SchoolClass.organization_id,
            Registration.organization_id != Student.organization_id,
        ),
    ),
)
# A large class is emptied in several transactions; until then it is noted as due.
CANCELLED_NOT_EMPTY = Offenders(
    "cls",
    select(SchoolClass.id).where(
        _MINE,
        SchoolClass.status == ClassStatus.CANCELLED,
        exists().where(_OF_CLASS, in_states(Registration.state, LIVE)),
        ~exists().where(PromotionDue.class_id == SchoolClass.id),
    ),
)
