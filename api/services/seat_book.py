"""A class under its lock: moves are counted and chained in memory, and then written at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, update

from api.errors import Busy
from api.models import ledger, places, seats
from api.models.database import Transaction
from api.models.locks import LockStep
from api.models.registration import LIVE, RegistrationState
from api.models.school_class import SchoolClass
from api.models.streams import Entry
from api.services import organization_news
from api.services.due_notes import note_due
from api.services.place import WAITLISTED, Place
from api.services.registration_news import News, tell
from api.services.rules_states import seat_delta

_COUNTERS = (
    "status",
    "capacity",
    "seats_taken",
    "over_allowance",
    "waiting",
    "eligible_waiting",
    "next_ticket",
    "promotion_pending",
    "next_due_at",
    "last_seq",
    "head_hash",
    "version",
    "updated_at",
)
_WRITE_CLASS = (
    update(SchoolClass)
    .where(SchoolClass.id == bindparam("class_id"))
    .values(
        {
            name: bindparam(f"new_{name}", type_=getattr(SchoolClass, name).type)
            for name in (*_COUNTERS, "last_decided_at")
        }
    )
    .returning(SchoolClass.__table__)
)


@dataclass(slots=True)
class SeatBook:
    """The counters and the ledger of a class whose row is locked, `at` the moment of decision.

    Release before take: the counters change with each move, so what is free is always true.
    """

    row: Row[Any]
    at: datetime
    now: dict[str, Any] = field(default_factory=dict)
    """The counters as they will be."""
    entries: list[dict[str, Any]] = field(default_factory=list)
    made: list[dict[str, Any]] = field(default_factory=list)
    moved: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    line: dict[UUID, Place] = field(default_factory=dict)
    """Those of `moved` who wait, as they do so now."""
    present: dict[UUID, Place] = field(default_factory=dict)
    """The registrations that it has moved, as they will be."""
    students: set[UUID] = field(default_factory=set)
    left: set[UUID] = field(default_factory=set)
    news: list[News] = field(default_factory=list)
    of_organization: list[Entry] = field(default_factory=list)  # before `news`, by their locks
    locked: dict[UUID, Row[Any]] | None = None
    due_again: bool = False

    @classmethod
    def open(cls, row: Row[Any], clock_now: datetime) -> SeatBook:
        """The book of a locked class; time never runs backwards within it."""
        at = max(clock_now, row.last_decided_at or clock_now)
        return cls(row=row, at=at, now={name: getattr(row, name) for name in _COUNTERS})

    @property
    def free(self) -> int | None:
        """Seats that may be given away; null: no limit."""
        capacity = self.now["capacity"]
        return None if capacity is None else max(0, capacity - self.now["seats_taken"])

    def make(
        self, place: Place, to: RegistrationState, *, actor_id: UUID | None, **columns: Any
    ) -> None:
        """Make a registration in state `to`; `place.ticket` is the next ticket of the class."""
        reason_code = columns.pop("reason_code", None)
        raises_allowance = columns.pop("raises_allowance", False)
        self.now["next_ticket"] += 1
        self.made.append(
            {
                "id": place.id,
                "organization_id": self.row.organization_id,
                "class_id": self.row.id,
                "student_id": place.student_id,
                "state": to,
                "ticket": place.ticket,
                "priority": 0,
                "release_on_promotion": [],
                "decided_at": self.at,
                "created_at": self.at,
                "updated_at": self.at,
                "version": 1,
                **columns,
            }
        )
        self._count(place, to, is_eligible=to == WAITLISTED)
        if raises_allowance:
            self._allow()
        self.students.add(place.student_id)
        self._enter(f"registration.{to}", actor_id, place=place, to=to, reason_code=reason_code)

    def move(
        self,
        place: Place,
        to: RegistrationState,
        *,
        type: str,  # noqa: A002  # the name of the envelope's member
        actor_id: UUID | None = None,
        reason_code: str | None = None,
        is_news: bool = True,
        **columns: Any,
    ) -> None:
        """Take a registration from its state to `to`; `is_news`: its student did not ask for it."""
        skip_reason = columns.get("skip_reason")
        self._count(place, to, is_eligible=to == WAITLISTED and skip_reason is None)
        version = place.version + columns.get("versions", to != place.state)
        self.present[place.id] = replace(
            place,
            state=to,
            priority=columns.get("priority", place.priority),
            skip_reason=skip_reason,
            version=version,
        )
        self.moved[place.id] = {
            "of_organization": self.row.organization_id,
            "moved_id": place.id,
            "new_state": to,
            "new_priority": columns.get("priority", place.priority),
            "new_offer_expires_at": columns.get("offer_expires_at"),
            "new_skip_reason": skip_reason,
            "new_decided_at": self.at,
            "new_updated_at": self.at,
            "new_version": version,
        }
        self._keep(place, to)
        self.students.add(place.student_id)
        # Whoever is displaced stays in the line, but no session of this class holds them any more.
        if to not in LIVE or seat_delta(place.state, to) < 0:
            self.left.add(place.student_id)
        if is_news:
            self.news.append(News(place.id, type, actor_id, reason_code))
        self._enter(type, actor_id, place=place, to=to, reason_code=reason_code)

    def pass_over(self, place: Place, reason: str) -> None:
        """Note why a waiter could not have a free seat; the ticket is kept."""
        self.move(
            place, WAITLISTED, type="registration.skipped", reason_code=reason, skip_reason=reason
        )

    def now_of(self, row: Row[Any]) -> Place:
        """A registration as it will be, of which `row` is what is stored."""
        return self.present.get(row.id) or Place.of(row)

    def note(self, type: str, actor_id: UUID | None, reason_code: str | None = None) -> None:  # noqa: A002  # the same
        """Write an event about the class itself."""
        self._enter(type, actor_id, reason_code=reason_code)

    def resize(self, capacity: int | None) -> None:
        """Another capacity; whoever has a seat beyond it is allowed to keep it."""
        self.now["capacity"] = capacity
        self._allow()

    def lock_students(self, tx: Transaction, more: Iterable[UUID] = ()) -> dict[UUID, Row[Any]]:
        """Lock every student of the book and `more`, once, in the order of their ids."""
        wanted = self.students | set(more)
        if self.locked is None or not wanted <= self.locked.keys():
            in_order = sorted(wanted)
            tx.lock(LockStep.STUDENT, *in_order)
            rows = tx.all(seats.LOCKED_STUDENTS, student_ids=in_order)
            self.locked = {row.id: row for row in rows}
        return self.locked

    def require_unchanged(self, tx: Transaction, student_id: UUID, guard_version: int) -> None:
        """Hold a judgement of a student against the row under its lock.

        Raises:
            Busy: something that the guards looked at has changed since.
        """
        if self.lock_students(tx, [student_id])[student_id].guard_version != guard_version:
            raise Busy("The student is registering elsewhere at this moment.")

    def due(self, instant: datetime | None) -> None:
        """Have the sweeper look at the class at `instant` at the latest."""
        dues = [due for due in (self.now["next_due_at"], instant) if due is not None]
        self.now["next_due_at"] = min(dues, default=None)

    def write_rows(self, tx: Transaction) -> None:
        """Write the registrations, made and moved, and that their students have changed."""
        if not self.students:
            return
        self.lock_students(tx)
        if self.moved:
            tx.execute(places.MOVE, list(self.moved.values()))
        if self.made:
            tx.execute(places.INSERT, self.made)
        tx.execute(
            seats.BUMP_STUDENTS,
            {"of_organization": self.row.organization_id, "student_ids": sorted(self.students)},
        )

    def write_class(self, tx: Transaction) -> Row[Any]:
        """Write the counters, the ledger and the news; the class as it is then."""
        changed = tx.execute(
            _WRITE_CLASS,
            {
                "class_id": self.row.id,
                "new_last_decided_at": self.at if self.entries else self.row.last_decided_at,
                **{f"new_{name}": value for name, value in self.now.items()},
            },
        ).one()
        if self.entries:
            tx.execute(ledger.INSERT_ENTRIES, self.entries)
            tx.effect = (self.row.id, self.now["last_seq"])
        self._leave_notes(tx)
        tx.seen_seqs.setdefault(self.row.id, self.row.last_seq)
        organization_news.tell(tx, self.row.organization_id, *self.of_organization)
        if self.news and self.locked is not None:
            tell(tx, self.row.organization_id, self.news, self.locked, self.at)
        return changed

    def _leave_notes(self, tx: Transaction) -> None:
        classes: set[UUID] = {self.row.id} if self.due_again else set()
        organization_id = self.row.organization_id
        if self.left:
            skipped = tx.all(
                places.SKIPPED_ELSEWHERE,
                organization_id=organization_id,
                student_ids=sorted(self.left),
            )
            classes |= {row.class_id for row in skipped} - {self.row.id}
        note_due(tx, organization_id, classes)

    def _count(self, place: Place, to: RegistrationState, *, is_eligible: bool) -> None:
        now, delta = self.now, seat_delta(place.state, to)
        now["seats_taken"] += delta
        now["waiting"] += (to == WAITLISTED) - (place.state == WAITLISTED)
        now["eligible_waiting"] += is_eligible - place.is_eligible
        if delta < 0 and now["over_allowance"]:
            self._allow()

    def _keep(self, place: Place, to: RegistrationState) -> None:
        self.line.pop(place.id, None)
        if to == WAITLISTED:
            new = self.moved[place.id]
            self.line[place.id] = replace(
                place,
                state=to,
                priority=new["new_priority"],
                skip_reason=new["new_skip_reason"],
                version=new["new_version"],
            )

    def _allow(self) -> None:
        capacity, taken = self.now["capacity"], self.now["seats_taken"]
        self.now["over_allowance"] = 0 if capacity is None else max(0, taken - capacity)

    def _enter(
        self,
        type: str,  # noqa: A002  # the name of the envelope's member
        actor_id: UUID | None,
        *,
        place: Place | None = None,
        to: RegistrationState | None = None,
        reason_code: str | None = None,
    ) -> None:
        self.now["last_seq"] += 1
        subject: Mapping[str, Any] = {} if place is None else place.entry_of(to)
        entry = ledger.Entry(
            class_id=self.row.id,
            seq=self.now["last_seq"],
            at=self.at,
            type=type,
            actor_id=actor_id,
            capacity_after=self.now["capacity"],
            over_after=self.now["over_allowance"],
            reason_code=reason_code,
            **{"seat_delta": 0, **subject},
        )
        columns = entry.columns(self.row.organization_id, self.now["head_hash"])
        self.now["head_hash"] = columns["hash"]
        self.entries.append(columns)
