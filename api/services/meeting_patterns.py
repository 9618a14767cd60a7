"""Meeting patterns: weekly recurrences from which the sessions of a class are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, bindparam, delete, insert, update

from api.authz.actor import Actor
from api.authz.policy import Policy
from api.ids import Ids
from api.models import session as sessions
from api.models.database import Transaction
from api.models.session import ClassSession, MeetingPattern, SessionStatus
from api.services import timetable
from api.services.judged import Judged, Listed
from api.services.rules_timetable import (
    MAX_SESSIONS,
    WEEKDAYS,
    Pattern,
    PlannedSession,
    TimetableFault,
    expand,
)

INSERT = insert(MeetingPattern).returning(MeetingPattern)
_MOVE = (
    update(ClassSession)
    .where(
        ClassSession.organization_id == bindparam("of_organization"),
        ClassSession.id == bindparam("of_session"),
    )
    .values(
        local_start=bindparam("local"),
        starts_at=bindparam("start"),
        ends_at=bindparam("end"),
        version=ClassSession.version + 1,
        updated_at=bindparam("now"),
    )
)
_REMOVE = delete(ClassSession).where(
    ClassSession.organization_id == bindparam("organization_id"),
    ClassSession.id.in_(bindparam("ids", expanding=True)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingPatterns:
    """The meeting patterns of classes."""

    policy: Policy
    ids: Ids

    def of_class(self, tx: Transaction, actor: Actor, class_id: UUID) -> Listed:
        """The patterns of a class.

        Raises:
            AuthenticationRequired, NotFound: no such class, or not for the caller's eyes.
        """
        heading = timetable.readable_class(
            tx, self.policy, actor, class_id, sessions.HEADING_OF_PATTERNS
        )
        may_edit = timetable.may_edit(self.policy, actor, heading.organization_id)
        verdicts = timetable.verdicts(may_edit=may_edit)
        return Listed(
            select=sessions.PATTERNS,
            parameters={"organization_id": heading.organization_id, "class_id": class_id},
            judge=lambda _tx, rows: [Judged(row, verdicts) for row in rows],
            verdicts=timetable.create_verdict(timetable.PATTERNS, heading, may_edit=may_edit),
        )

    def get(self, tx: Transaction, actor: Actor, pattern_id: UUID) -> Judged:
        """One pattern.

        Raises:
            AuthenticationRequired, NotFound: there is none, or not for the caller's eyes.
        """
        found = tx.first(sessions.PATTERN_BY_ID, pattern_id=pattern_id)
        row = timetable.require_reading(self.policy, actor, found)
        return self._judged(actor, row)

    def create(
        self, tx: Transaction, actor: Actor, class_id: UUID, new: Mapping[str, Any]
    ) -> Judged:
        """Make a pattern and its sessions. Locks the class.

        Raises:
            NotFound, Forbidden: no such class for the caller, or the caller is not staff.
            ValidationFailed: it makes too many sessions, or its dates are in no order.
            StateConflict: the class has as many patterns as it may.
        """
        school_class = timetable.editable_class(tx, self.policy, actor, class_id)
        of = {"organization_id": school_class.organization_id, "class_id": class_id}
        timetable.PATTERNS.refuse(tx.scalar(sessions.COUNT_OF_PATTERNS, **of))
        columns = _columns(new)
        room = MAX_SESSIONS - timetable.sessions_of(tx, school_class)
        planned = _planned(columns, school_class, room)

        row = tx.execute(
            INSERT,
            {
                **columns,
                **of,
                "id": self.ids.new(school_class.organization_id),
                "created_at": tx.now(),
                "updated_at": tx.now(),
                "version": 1,
            },
        ).one()
        self._insert(tx, row, planned)
        timetable.changed(tx, actor, school_class)
        return self._judged(actor, row)

    def find_for_update(
        self, tx: Transaction, actor: Actor, pattern_id: UUID
    ) -> tuple[Row[Any], Row[Any]]:
        """The class, locked, and the pattern.

        Raises:
            NotFound, Forbidden: no such pattern for the caller, or the caller is not staff.
        """
        found = tx.first(sessions.PATTERN_BY_ID, pattern_id=pattern_id)
        class_id = timetable.require_reading(self.policy, actor, found).class_id
        school_class = timetable.editable_class(tx, self.policy, actor, class_id)
        # Again, now that nobody else can change it.
        found = tx.first(sessions.PATTERN_BY_ID, pattern_id=pattern_id)
        return school_class, timetable.require_reading(self.policy, actor, found)

    def update(
        self,
        tx: Transaction,
        actor: Actor,
        found: tuple[Row[Any], Row[Any]],
        changes: Mapping[str, Any],
    ) -> Judged:
        """Change a pattern; sessions on days that it keeps stay the same, cancelled or not.

        Raises:
            ValidationFailed: it makes too many sessions, or its dates are in no order.
        """
        school_class, row = found
        if not changes:
            return self._judged(actor, row)
        columns = _columns(changes)
        of = {"organization_id": row.organization_id, "class_id": row.class_id}
        present = tx.all(sessions.SESSIONS_OF_PATTERN, **of, pattern_id=row.id)
        room = MAX_SESSIONS - timetable.sessions_of(tx, school_class) + len(present)
        planned = _planned({**row._asdict(), **columns}, school_class, room)

        statement = (
            update(MeetingPattern)
            .where(
                MeetingPattern.organization_id == row.organization_id, MeetingPattern.id == row.id
            )
            .values(**columns, version=row.version + 1, updated_at=tx.now())
        )
        changed = tx.execute(statement.returning(MeetingPattern)).one()
        self._reconcile(tx, changed, present, planned)
        timetable.changed(tx, actor, school_class)
        return self._judged(actor, changed)

    def delete(self, tx: Transaction, actor: Actor, found: tuple[Row[Any], Row[Any]]) -> None:
        """Remove a pattern with its sessions; those made by hand stay."""
        school_class, row = found
        for table, column in (
            (ClassSession, ClassSession.pattern_id),
            (MeetingPattern, MeetingPattern.id),
        ):
            tx.execute(
                delete(table).where(table.organization_id == row.organization_id, column == row.id)
            )
        timetable.changed(tx, actor, school_class)

    def _judged(self, actor: Actor, row: Row[Any]) -> Judged:
        may_edit = timetable.may_edit(self.policy, actor, row.organization_id)
        return Judged(row, timetable.verdicts(may_edit=may_edit))

    def _reconcile(
        self,
        tx: Transaction,
        pattern: Row[Any],
        present: Sequence[Row[Any]],
        planned: Sequence[PlannedSession],
    ) -> None:
        kept = {session.local_start[:10]: session for session in present}
        wanted = {session.local_start.date().isoformat(): session for session in planned}
        gone = [session.id for day, session in kept.items() if day not in wanted]
        if gone:
            tx.execute(_REMOVE, {"organization_id": pattern.organization_id, "ids": gone})
        moves = [
            {
                "of_organization": pattern.organization_id,
                "of_session": kept[day].id,
                "local": _local(session.local_start),
                "start": session.starts_at,
                "end": session.ends_at,
                "now": tx.now(),
            }
            for day, session in wanted.items()
            if day in kept
            and (kept[day].starts_at, kept[day].ends_at) != (session.starts_at, session.ends_at)
        ]
        if moves:
            tx.execute(_MOVE, moves)
        self._insert(tx, pattern, [wanted[day] for day in wanted if day not in kept])

    def _insert(
        self, tx: Transaction, pattern: Row[Any], planned: Sequence[PlannedSession]
    ) -> None:
        if not planned:
            return
        rows = [
            {
                "id": self.ids.new(pattern.organization_id),
                "organization_id": pattern.organization_id,
                "class_id": pattern.class_id,
                "pattern_id": pattern.id,
                "local_start": _local(session.local_start),
                "starts_at": session.starts_at,
                "ends_at": session.ends_at,
                "status": SessionStatus.SCHEDULED,
                "created_at": tx.now(),
                "updated_at": tx.now(),
                "version": 1,
            }
            for session in planned
        ]
        tx.execute(insert(ClassSession), rows)


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    columns = dict(values)
    if "weekdays" in columns:
        named = {str(day).upper() for day in columns["weekdays"]}
        columns["weekdays"] = [day.lower() for day in WEEKDAYS if day in named]
    if "start_local" in columns:
        columns["start_local"] = columns["start_local"].strftime("%H:%M")
    if "except_dates" in columns:
        columns["except_dates"] = sorted({day.isoformat() for day in columns["except_dates"]})
    return columns


def _planned(
    columns: Mapping[str, Any], school_class: Row[Any], room: int
) -> Sequence[PlannedSession]:
    pattern = Pattern(
        weekdays=frozenset(day.upper() for day in columns["weekdays"]),
        start_local=time.fromisoformat(columns["start_local"]),
        duration_minutes=columns["duration_minutes"],
        from_date=columns["from_date"],
        to_date=columns["to_date"],
        except_dates=frozenset(date.fromisoformat(day) for day in columns["except_dates"]),
    )
    try:
        return expand(pattern, ZoneInfo(school_class.effective_timezone), at_most=room)
    except TimetableFault as fault:
        raise timetable.refusal_of(fault) from fault


def _local(start: datetime) -> str:
    return start.isoformat(timespec="minutes")
