"""Every invariant that the database alone can show, checked in one snapshot of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row

from api import ids
from api.models import verify as offenders
from api.models import verify_rows as rows
from api.models.database import Transaction
from api.models.verify import Offenders
from api.services.guard_facts import windows_of
from api.services.rules_double_booking import Meeting, Seat, double_booked
from api.services.rules_replay import Known, Rules, replay

CLAIMS: Final[Mapping[int, str]] = {
    1: "The counters of a class are those of its registrations",
    2: "No class is oversold",
    3: "The allowance of a class is what it exceeds its capacity by",
    4: "No class was oversold at any event of its ledger",
    5: "The ledger says what the registrations say",
    6: "A student has at most one live registration in a class",
    7: "No seat is idle while somebody eligible waits",
    8: "Nobody was seated past somebody who stood before in line",
    9: "The tickets of a class are 1 to n",
    11: "No student sits in two classes at once where conflicts block",
    12: "The events of a stream are numbered without a gap",
    14: "The hash chain of every ledger verifies",
    16: "Every kept answer belongs to an effect that is there",
    19: "Only offers expire, and none was accepted too late",
    20: "Everybody came while a window was open, and moved up before promotion ended",
    23: "A registration, its class and its student are of one organization",
    25: "A cancelled class is empty",
}
"""The numbers are those of the documentation; the others need the API to be seen."""

STATEMENTS: Final[Mapping[int, Sequence[Offenders]]] = {
    1: (offenders.COUNTERS_DIFFER,),
    2: (offenders.OVERSOLD,),
    3: (offenders.ALLOWANCE_DIFFERS,),
    4: (offenders.OVERSOLD_ONCE,),
    5: (
        offenders.LEDGER_SUM_DIFFERS,
        offenders.LEDGER_STATE_DIFFERS,
        offenders.LEDGER_KNOWS_MORE,
    ),
    6: (offenders.TWICE_LIVE,),
    7: (offenders.IDLE_SEAT,),
    9: (offenders.TICKETS_NOT_DENSE,),
    12: (
        offenders.CLASS_SEQ_HAS_GAP,
        *offenders.STREAM_SEQ_HAS_GAP,
        *rows.STREAM_WITHOUT_COUNTER,
    ),
    16: (offenders.KEY_WITHOUT_EFFECT,),
    19: (offenders.OFFER_WITHOUT_END,),
    23: (offenders.STRANGER,),
    25: (offenders.CANCELLED_NOT_EMPTY,),
}

NO_OFFER_BELOW: Final = dt.timedelta(seconds=900)
"""With less time left than this nobody is offered a seat, so that one may be idle."""

CLASSES_AT_ONCE: Final = 200
MOST_NAMED: Final = 20
"""Offenders that a verdict names; it counts them all."""

_FIRST = UUID(int=0)


@dataclass(slots=True)
class Verdict:
    """Whether an invariant holds; `offenders` are public ids, with `#seq` where it is an event."""

    number: int
    claim: str
    count: int = 0
    offenders: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing breaks it."""
        return self.count == 0

    def accuse(self, prefix: str, identifier: UUID, detail: object = None) -> None:
        """Note something that breaks it."""
        self.count += 1
        if len(self.offenders) < MOST_NAMED:
            name = ids.encode(prefix, identifier)
            self.offenders.append(name if detail is None else f"{name}#{detail}")


Progress = Callable[[int], object]


def size(tx: Transaction, organization_id: UUID | None = None) -> int:
    """How far `verify` has to go: a step for each statement, the timetables, and each event."""
    events = tx.scalar(rows.COUNT_EVENTS, organization_id=organization_id)
    return sum(map(len, STATEMENTS.values())) + 1 + int(events)


def verify(
    tx: Transaction,
    *,
    organization_id: UUID | None = None,
    on_progress: Progress = lambda _: None,
) -> list[Verdict]:
    """Check everything, or one organization; `tx` is a snapshot, so others may go on working.

    `on_progress` is told of the steps done since it was last told, of those that `size` counts.
    """
    if tx.dialect == "postgresql":
        tx.execute(rows.NO_LIMIT_HERE)
    verdicts = {number: Verdict(number, claim) for number, claim in CLAIMS.items()}
    given = {"organization_id": organization_id, "soon": tx.now() + NO_OFFER_BELOW}
    for number, statements in STATEMENTS.items():
        for statement in statements:
            _run(tx, statement, given, verdicts[number])
            on_progress(1)
    _find_double_booked(tx, organization_id, verdicts[11])
    on_progress(1)
    for page in _pages(tx, organization_id):
        _replay_all(tx, page, organization_id, verdicts, on_progress)
    return list(verdicts.values())


def _run(tx: Transaction, statement: Offenders, given: Mapping[str, Any], verdict: Verdict) -> None:
    for row in tx.execute(statement.select, given):
        offender, *detail = tuple(row)
        verdict.accuse(statement.prefix, offender, *detail)


def _find_double_booked(tx: Transaction, organization_id: UUID | None, verdict: Verdict) -> None:
    seats = tx.all(rows.SEATS_THAT_MAY_NOT_CLASH, organization_id=organization_id)
    # Without seats there is no need to look at a whole timetable.
    meetings = (
        tx.all(rows.MEETINGS_THAT_MAY_NOT_CLASH, organization_id=organization_id) if seats else ()
    )
    timetables = {
        class_id: [Meeting(row.starts_at, row.ends_at, row.updated_at) for row in held]
        for class_id, held in groupby(meetings, attrgetter("class_id"))
    }
    taken = (
        Seat(row.student_id, row.class_id, row.decided_at, row.blocking_since) for row in seats
    )
    for student_id in double_booked(taken, timetables):
        verdict.accuse("stu", student_id)


@dataclass(frozen=True, slots=True)
class _Page:
    """Some classes in a row by id, the last before them, and themselves."""

    after: UUID
    classes: Sequence[Row[Any]]


def _pages(tx: Transaction, organization_id: UUID | None) -> Iterator[_Page]:
    after = _FIRST
    while True:
        classes = tx.all(
            rows.CLASSES, organization_id=organization_id, after=after, most=CLASSES_AT_ONCE
        )
        if not classes:
            return
        yield _Page(after, classes)
        after = classes[-1].id


def _replay_all(
    tx: Transaction,
    page: _Page,
    organization_id: UUID | None,
    verdicts: Mapping[int, Verdict],
    on_progress: Progress,
) -> None:
    between = {
        "organization_id": organization_id,
        "after": page.after,
        "upto": page.classes[-1].id,
    }
    known = {row.id: _known(row) for row in tx.execute(rows.PLACES, between)}
    events = tx.all(rows.EVENTS, **between)
    ledgers = {key: list(of) for key, of in groupby(events, attrgetter("stream_id"))}
    for school_class in page.classes:
        ledger = ledgers.get(school_class.id, [])
        for fault in replay(_rules(school_class), ledger, known):
            verdicts[fault.number].accuse("cls", school_class.id, fault.seq)
    on_progress(len(events))


def _known(row: Row[Any]) -> Known:
    return Known(
        priority=row.priority,
        is_override=bool(row.overrides),
        groups=frozenset(row.groups),
        student_updated_at=row.student_updated_at,
    )


def _rules(row: Row[Any]) -> Rules:
    return Rules(
        head_hash=row.head_hash,
        windows=windows_of(row.windows),
        offer_ttl=dt.timedelta(seconds=row.waitlist_offer_ttl_seconds),
        promotion_ends_at=row.effective_promotion_ends_at,
        updated_at=row.updated_at,
    )
