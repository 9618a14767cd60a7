"""What a class takes from its term and its organization, kept beside what it sets itself.

The columns `effective_…` are what guards read. They are rewritten in the transaction of the
change that moves them, class by class in the order of their ids, and bump `version`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, bindparam, update

from api.models import session as sessions
from api.models import term as terms
from api.models.database import Transaction
from api.models.locks import LockStep
from api.models.school_class import SchoolClass
from api.models.session import ClassSession
from api.services import class_seats, timetable_versions
from api.services.rules_timetable import instant_of
from api.services.rules_windows import Deadlines, effective_deadlines

_SETTLE_ONE = (
    update(SchoolClass)
    .where(
        SchoolClass.organization_id == bindparam("of_organization"),
        SchoolClass.id == bindparam("of_class"),
    )
    .values(
        effective_drop_until=bindparam("drop"),
        effective_withdraw_until=bindparam("withdraw"),
        effective_promotion_ends_at=bindparam("promotion"),
    )
)
_SETTLE = _SETTLE_ONE.values(version=SchoolClass.version + 1, updated_at=bindparam("now"))
_MOVE_ZONE = (
    update(SchoolClass)
    .where(
        SchoolClass.organization_id == bindparam("of_organization"), SchoolClass.timezone.is_(None)
    )
    .values(
        effective_timezone=bindparam("zone"),
        version=SchoolClass.version + 1,
        updated_at=bindparam("now"),
    )
)
_MOVE_SESSION = (
    update(ClassSession)
    .where(
        ClassSession.organization_id == bindparam("of_organization"),
        ClassSession.id == bindparam("of_session"),
    )
    .values(starts_at=bindparam("start"), ends_at=bindparam("end"))
)


class Revised(NamedTuple):
    """A class that took something else over, and its version since."""

    class_id: UUID
    version: int


def follow_term(tx: Transaction, term: Any) -> list[Revised]:
    """Let the classes of a term follow its deadlines. Locks them. Those that changed."""
    parameters = {"organization_id": term.organization_id, "term_id": term.id}
    locked = tx.all(terms.CLASSES_OF_TERM_LOCKED, **parameters)
    tx.lock(LockStep.CLASS, *(row.id for row in locked))
    settled = _settle(tx, tx.all(terms.HEIRS_OF_TERM, **parameters))
    return [Revised(heir.id, heir.version + 1) for heir in settled]


def follow_zone(tx: Transaction, organization_id: UUID, zone: str) -> list[Revised]:
    """Let the classes without a zone of their own follow the organization's. Those that did.

    Locks every class: one that has a zone may be giving it up at this moment. The wall clock is
    what was agreed on: sessions to come keep it and move in UTC.
    """
    parameters = {"organization_id": organization_id}
    locked = tx.all(terms.CLASSES_LOCKED, **parameters)
    tx.lock(LockStep.CLASS, *(row.id for row in locked))
    tx.execute(_MOVE_ZONE, {"of_organization": organization_id, "zone": zone, "now": tx.now()})
    rows = tx.all(sessions.TO_COME_BY_ZONE, **parameters, now=tx.now())
    _move(tx, rows, zone)
    heirs = tx.all(terms.HEIRS_OF_ZONE, **parameters)
    settled = {heir.id for heir in _settle(tx, heirs)}
    return [Revised(heir.id, heir.version + (heir.id in settled)) for heir in heirs]


def follow_own_zone(tx: Transaction, school_class: Any, zone: str) -> None:
    """Move the sessions to come of one class, which is locked, to another zone."""
    rows = tx.all(
        sessions.TO_COME,
        organization_id=school_class.organization_id,
        class_id=school_class.id,
        now=tx.now(),
    )
    _move(tx, rows, zone)


def settle(tx: Transaction, organization_id: UUID, class_id: UUID) -> None:
    """Write the effective deadlines of one class that is new, or locked and being edited.

    `version` is the caller's.
    """
    for heir in tx.all(terms.HEIR, organization_id=organization_id, class_id=class_id):
        wanted = deadlines_of(heir)
        if wanted != _present(heir):
            tx.execute(_SETTLE_ONE, _parameters(heir, wanted))


def deadlines_of(heir: Any) -> Deadlines:
    """The deadlines that hold for a class, given with its own and those of its term."""
    return effective_deadlines(
        Deadlines(
            drop_until=heir.drop_until,
            withdraw_until=heir.withdraw_until,
            promotion_ends_at=heir.promotion_ends_at,
        ),
        Deadlines(
            drop_until=heir.term_drop_until,
            withdraw_until=heir.term_withdraw_until,
            promotion_ends_at=heir.term_promotion_ends_at,
        ),
        heir.first_session_at,
    )


def _settle(tx: Transaction, heirs: Sequence[Row[Any]]) -> list[Row[Any]]:
    changed = [(heir, deadlines_of(heir)) for heir in heirs if deadlines_of(heir) != _present(heir)]
    if not changed:
        return []
    tx.execute(
        _SETTLE,
        [{**_parameters(heir, wanted), "now": tx.now()} for heir, wanted in changed],
    )
    for heir, _ in changed:
        # Without anybody in line or anything due, a deadline has nothing to do yet.
        if heir.waiting or heir.next_due_at is not None:
            row = class_seats.locked_class(tx, heir.id)
            assert row is not None, "the class is locked since it was read"
            class_seats.revised_among_others(tx, row)
    return [heir for heir, _ in changed]


def _parameters(heir: Any, wanted: Deadlines) -> dict[str, Any]:
    return {
        "of_organization": heir.organization_id,
        "of_class": heir.id,
        "drop": wanted.drop_until,
        "withdraw": wanted.withdraw_until,
        "promotion": wanted.promotion_ends_at,
    }


def _present(heir: Any) -> Deadlines:
    return Deadlines(
        drop_until=heir.effective_drop_until,
        withdraw_until=heir.effective_withdraw_until,
        promotion_ends_at=heir.effective_promotion_ends_at,
    )


def _move(tx: Transaction, rows: Sequence[Row[Any]], zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    moves = []
    for row in rows:
        start = instant_of(datetime.fromisoformat(row.local_start), zone)
        moves.append(
            {
                "of_organization": row.organization_id,
                "of_session": row.id,
                "start": start,
                "end": start + (row.ends_at - row.starts_at),
            }
        )
    if moves:
        tx.execute(_MOVE_SESSION, moves)
        timetable_versions.rise(tx, rows[0].organization_id, {row.class_id for row in rows})
