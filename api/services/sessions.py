"""Sessions: single meetings, made from a pattern or by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, delete, insert, update

from api.authz.actor import Actor
from api.authz.policy import Policy
from api.errors import Block
from api.ids import Ids
from api.models import session as sessions
from api.models.database import Transaction
from api.models.session import ClassSession, MeetingPattern
from api.services import timetable
from api.services.judged import Judged, Listed
from api.services.rules_timetable import PlannedSession, TimetableFault, session_at

Found = tuple[Row[Any], Row[Any]]
"""The class of a session, locked, and the session."""

INSERT = insert(ClassSession).returning(ClassSession)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """The sessions of classes."""

    policy: Policy
    ids: Ids

    def of_class(self, tx: Transaction, actor: Actor, class_id: UUID) -> Listed:
        """The sessions of a class.

        Raises:
            AuthenticationRequired, NotFound: no such class, or not for the caller's eyes.
        """
        heading = timetable.readable_class(
            tx, self.policy, actor, class_id, sessions.HEADING_OF_SESSIONS
        )
        may_edit = timetable.may_edit(self.policy, actor, heading.organization_id)
        return Listed(
            select=sessions.SESSIONS,
            parameters={"organization_id": heading.organization_id, "class_id": class_id},
            judge=lambda _tx, rows: [_judged(row, may_edit=may_edit) for row in rows],
            verdicts=timetable.create_verdict(timetable.SESSIONS, heading, may_edit=may_edit),
        )

    def get(self, tx: Transaction, actor: Actor, session_id: UUID) -> Judged:
        """One session.

        Raises:
            AuthenticationRequired, NotFound: there is none, or not for the caller's eyes.
        """
        found = tx.first(sessions.SESSION_BY_ID, session_id=session_id)
        row = timetable.require_reading(self.policy, actor, found)
        may_edit = timetable.may_edit(self.policy, actor, row.organization_id)
        return _judged(row, may_edit=may_edit)

    def create(
        self, tx: Transaction, actor: Actor, class_id: UUID, new: Mapping[str, Any]
    ) -> Judged:
        """Make a session by hand. Locks the class.

        Raises:
            NotFound, Forbidden: no such class for the caller, or the caller is not staff.
            ValidationFailed: its day is in no year of ours.
            StateConflict: the class has as many sessions as it may.
        """
        school_class = timetable.editable_class(tx, self.policy, actor, class_id)
        planned = _planned(school_class, new["local_start"], new["duration_minutes"])
        timetable.SESSIONS.refuse(timetable.sessions_of(tx, school_class))

        row = tx.execute(
            INSERT,
            {
                "id": self.ids.new(school_class.organization_id),
                "organization_id": school_class.organization_id,
                "class_id": class_id,
                "pattern_id": None,
                **_times(planned),
                "status": new["status"],
                "created_at": tx.now(),
                "updated_at": tx.now(),
                "version": 1,
            },
        ).one()
        timetable.changed(tx, actor, school_class)
        return Judged(row, timetable.verdicts(may_edit=True))

    def find_for_update(self, tx: Transaction, actor: Actor, session_id: UUID) -> Found:
        """The class, locked, and the session.

        Raises:
            NotFound, Forbidden: no such session for the caller, or the caller is not staff.
        """
        found = tx.first(sessions.SESSION_BY_ID, session_id=session_id)
        class_id = timetable.require_reading(self.policy, actor, found).class_id
        school_class = timetable.editable_class(tx, self.policy, actor, class_id)
        # Again, now that nobody else can change it.
        found = tx.first(sessions.SESSION_BY_ID, session_id=session_id)
        return school_class, timetable.require_reading(self.policy, actor, found)

    def update(
        self, tx: Transaction, actor: Actor, found: Found, changes: Mapping[str, Any]
    ) -> Judged:
        """Cancel, hold or move a session; one that is moved no longer follows its pattern.

        Raises:
            ValidationFailed: its day is in no year of ours.
            StateConflict: its pattern has as many exceptions as it may.
        """
        school_class, row = found
        if not changes:
            return _judged(row, may_edit=True)
        columns = {name: value for name, value in changes.items() if name == "status"}
        if changes.keys() - {"status"}:
            start = changes.get("local_start", datetime.fromisoformat(row.local_start))
            minutes = changes.get("duration_minutes", _minutes(row))
            columns |= _times(_planned(school_class, start, minutes))
            if row.pattern_id is not None:
                _except(tx, row)
                columns["pattern_id"] = None

        statement = (
            update(ClassSession)
            .where(ClassSession.organization_id == row.organization_id, ClassSession.id == row.id)
            .values(**columns, version=row.version + 1, updated_at=tx.now())
        )
        changed = tx.execute(statement.returning(ClassSession)).one()
        timetable.changed(tx, actor, school_class)
        against = () if changed.pattern_id is None else _against_exception(row)
        return Judged(changed, timetable.verdicts(may_edit=True, against_delete=against))

    def delete(self, tx: Transaction, actor: Actor, found: Found) -> None:
        """Remove a session; its pattern, if it has one, notes the day as an exception.

        Raises:
            StateConflict: the pattern has as many exceptions as it may.
        """
        school_class, row = found
        if row.pattern_id is not None:
            _except(tx, row)
        tx.execute(
            delete(ClassSession).where(
                ClassSession.organization_id == row.organization_id, ClassSession.id == row.id
            )
        )
        timetable.changed(tx, actor, school_class)


def _judged(row: Row[Any], *, may_edit: bool) -> Judged:
    against = _against_exception(row)
    return Judged(row, timetable.verdicts(may_edit=may_edit, against_delete=against))


def _against_exception(row: Row[Any]) -> tuple[Block, ...]:
    """What stands against one exception more of the pattern that a session follows."""
    return () if row.pattern_id is None else timetable.EXCEPTIONS.blocks(len(_other_days(row)))


def _other_days(row: Row[Any]) -> set[str]:
    return {*row.pattern_except_dates} - {row.local_start[:10]}


def _except(tx: Transaction, row: Row[Any]) -> None:
    """Let the pattern that a session follows leave out its day. The class is locked."""
    others = _other_days(row)
    timetable.EXCEPTIONS.refuse(len(others))
    tx.execute(
        update(MeetingPattern)
        .where(
            MeetingPattern.organization_id == row.organization_id,
            MeetingPattern.id == row.pattern_id,
        )
        .values(
            except_dates=sorted({*others, row.local_start[:10]}),
            version=MeetingPattern.version + 1,
            updated_at=tx.now(),
        )
    )


def _planned(school_class: Row[Any], start: datetime, minutes: int) -> PlannedSession:
    try:
        return session_at(start, minutes, ZoneInfo(school_class.effective_timezone))
    except TimetableFault as fault:
        raise timetable.refusal_of(fault) from fault


def _times(planned: PlannedSession) -> dict[str, Any]:
    return {
        "local_start": planned.local_start.isoformat(timespec="minutes"),
        "starts_at": planned.starts_at,
        "ends_at": planned.ends_at,
    }


def _minutes(row: Row[Any]) -> int:
    return int((row.ends_at - row.starts_at).total_seconds()) // 60
