"""What registration promises, in plain Python over a few classes and students: no SQL, no counters.

Nothing here is taken from `api.services`; names of states and codes are those of the API.
"""

import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LIVE = {"pending", "waitlisted", "offered", "enrolled"}
SEATED = {"offered", "enrolled"}
LEAST_OFFER = timedelta(seconds=900)
PENDING_LASTS = timedelta(days=7)
STATUSES = {
    "draft": {"open", "cancelled"},
    "open": {"closed", "ended", "cancelled"},
    "closed": {"open", "ended", "cancelled"},
    "ended": set(),
    "cancelled": set(),
}
SOURCES = {
    "dropped": {"enrolled"},
    "withdrawn": {"enrolled"},
    "left": {"pending", "waitlisted"},
    "declined": {"offered"},
    "rejected": {"pending"},
    "removed": LIVE,
    "completed": {"enrolled"},
}


class Refused(Exception):
    """What a command comes to that changes nothing; `codes` are all its reasons."""

    def __init__(self, *codes):
        super().__init__(*codes)
        self.codes = list(codes)


@dataclass
class Place:
    """A registration; `student` is a number."""

    ticket: int
    student: int
    state: str
    priority: int = 0
    skip_reason: str | None = None
    offer_expires_at: datetime | None = None

    @property
    def queue_key(self):
        return -self.priority, self.ticket


@dataclass
class Window:
    audience: str | None
    opens_at: datetime
    closes_at: datetime


@dataclass
class Offering:
    """A class: its rules, and everybody who ever came. Classes of one `slot` meet at one time."""

    slot: int
    status: str = "open"
    capacity: int | None = None
    waitlist_mode: str = "auto"
    waitlist_enabled: bool = True
    waitlist_capacity: int | None = None
    offer_ttl: timedelta = timedelta(days=2)
    promotion_ends_at: datetime | None = None
    drop_until: datetime | None = None
    withdraw_until: datetime | None = None
    approval_required: bool = False
    windows: list[Window] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

    @property
    def taken(self):
        return sum(place.state in SEATED for place in self.places)

    @property
    def free(self):
        return 10**9 if self.capacity is None else max(0, self.capacity - self.taken)

    @property
    def over_allowance(self):
        return 0 if self.capacity is None else max(0, self.taken - self.capacity)

    @property
    def line(self):
        waiting = [place for place in self.places if place.state == "waitlisted"]
        return sorted(waiting, key=lambda place: place.queue_key)

    @property
    def eligible(self):
        return [place for place in self.line if place.skip_reason is None]

    def live_of(self, student):
        return next((p for p in self.places if p.student == student and p.state in LIVE), None)

    def promotion_is_over(self, now):
        return self.promotion_ends_at is not None and self.promotion_ends_at <= now

    def line_moves(self, now):
        if self.status != "open" or self.promotion_is_over(now):
            return False
        is_pressed = (
            self.promotion_ends_at is not None and self.promotion_ends_at - now < LEAST_OFFER
        )
        return not (self.waitlist_mode == "offer" and is_pressed)

    def may_drop(self, now):
        return self.status != "ended" if self.drop_until is None else now < self.drop_until

    def may_withdraw(self, now):
        is_in_time = self.withdraw_until is not None and now < self.withdraw_until
        return is_in_time and not self.may_drop(now)

    def is_overdue(self, place, now):
        """Whether time alone, or the end of the class, has ended this place."""
        if place.state not in LIVE or self.status == "cancelled":
            return place.state in LIVE
        if self.status == "ended":
            return place.state != "enrolled"
        if place.state == "offered":
            return place.offer_expires_at <= now
        if place.state == "waitlisted":
            return self.promotion_is_over(now)
        closes = [window.closes_at for window in self.windows]
        return place.state == "pending" and bool(closes) and max(closes) + PENDING_LASTS <= now


@dataclass
class World:
    """The classes, and the groups of each student by number."""

    offerings: list[Offering]
    groups: list[set[str]]
    now: datetime
    vacated: set[int] = field(default_factory=set)
    """Students who gave something up since this was last looked at."""

    def copy(self):
        return copy.deepcopy(self)

    # What time brings

    def settle(self, number):
        offering = self.offerings[number]
        for place in offering.places:
            if offering.is_overdue(place, self.now):
                self._end(place, "cancelled" if offering.status == "cancelled" else "expired")

    def promote(self, number):
        offering = self.offerings[number]
        for place in offering.line if offering.line_moves(self.now) else []:
            if not offering.free:
                return
            if self.clashes(number, place.student):
                place.skip_reason = "time-conflict"
                continue
            place.skip_reason = None
            place.state = "enrolled"
            if offering.waitlist_mode == "offer":
                place.state = "offered"
                expires_at = self.now + offering.offer_ttl
                place.offer_expires_at = min(expires_at, offering.promotion_ends_at or expires_at)

    def touch(self, number):
        """What a command does first that finds something overdue, and what the sweeper does."""
        self.settle(number)
        self.promote(number)

    def is_due(self, number):
        offering = self.offerings[number]
        return any(offering.is_overdue(place, self.now) for place in offering.places)

    def to_be_noted(self):
        """Classes that passed somebody over who has since given something up elsewhere."""
        noted = {
            number
            for number, offering in enumerate(self.offerings)
            for place in offering.line
            if place.skip_reason is not None and place.student in self.vacated
        }
        self.vacated = set()
        return noted

    def clashes(self, number, student):
        return any(
            other.slot == self.offerings[number].slot and live.state in SEATED
            for index, other in enumerate(self.offerings)
            if index != number and (live := other.live_of(student)) is not None
        )

    # Commands

    def register(self, number, student, *, waits, overrides=frozenset()):
        if self.is_due(number):
            self.touch(number)
        offering = self.offerings[number]
        against = self._against_newcomer(offering, student)
        against += ["time-conflict"] * self.clashes(number, student)
        is_full = not self._has_seat(offering)
        against += ["class-full"] * is_full
        is_full = is_full and "class-full" not in overrides
        line = self._against_line(offering) if is_full and waits else []
        standing = [code for code in against + line if not _is_waived(offering, code, overrides)]
        if is_full and waits and all(code in overrides for code in line):
            standing.remove("class-full")
        if standing:
            raise Refused(*standing)
        place = Place(len(offering.places) + 1, student, "waitlisted" if is_full else "enrolled")
        if offering.approval_required and not overrides:
            place.state = "pending"
        offering.places.append(place)
        return place

    def leave(self, number, ticket):
        self.settle(number)
        offering = self.offerings[number]
        place = offering.places[ticket - 1]
        to = {"offered": "declined", "pending": "left", "waitlisted": "left"}.get(place.state)
        if place.state == "enrolled":
            to = "withdrawn" if offering.may_withdraw(self.now) else "dropped"
        if to is None:
            raise Refused("state-conflict")
        return self._move(number, place, to)

    def move(self, number, ticket, to):
        self.settle(number)
        place = self.offerings[number].places[ticket - 1]
        if to == "enrolled" and place.state == "pending":
            return self._approve(number, place)
        return self._move(number, place, to)

    def prioritize(self, number, ticket, priority):
        self.settle(number)
        place = self.offerings[number].places[ticket - 1]
        if place.state not in {"pending", "waitlisted"}:
            raise Refused("state-conflict")
        place.priority = priority
        self.promote(number)
        return place

    def resize(self, number, capacity, shrink):
        self.settle(number)
        offering = self.offerings[number]
        over = 0 if capacity is None else max(0, offering.taken - capacity)
        if over and shrink is None:
            raise Refused("capacity-below-taken")
        offering.capacity = capacity
        if over and shrink == "displace_last":
            enrolled = [place for place in offering.places if place.state == "enrolled"]
            for place in enrolled[-over:]:
                place.state, place.priority = "waitlisted", 1000
                self.vacated.add(place.student)
        self.promote(number)

    def turn(self, number, status):
        offering = self.offerings[number]
        if status not in STATUSES[offering.status]:
            raise Refused("state-conflict")
        if status != "cancelled":
            self.settle(number)
        offering.status = status
        self.touch(number)

    def revise(self, number, changes):
        for name, value in changes.items():
            setattr(self.offerings[number], name, value)
        self.touch(number)

    # Rules

    def _against_newcomer(self, offering, student):
        against = []
        if offering.live_of(student):
            against.append("already-registered")
        if offering.status != "open":
            against.append("class-not-open")
        own = [w for w in offering.windows if w.audience in {None, *self.groups[student]}]
        if offering.windows and not own:
            against.append("audience")
        elif own and not any(w.opens_at <= self.now < w.closes_at for w in own):
            is_early = any(self.now < window.opens_at for window in own)
            against.append("not-open-yet" if is_early else "registration-closed")
        return against

    def _has_seat(self, offering):
        queued = offering.eligible and not offering.promotion_is_over(self.now)
        return offering.free > 0 and not queued

    def _against_line(self, offering):
        against = []
        if not offering.waitlist_enabled or offering.promotion_is_over(self.now):
            against.append("waitlist-closed")
        room = offering.waitlist_capacity
        if room is not None and len(offering.line) >= room:
            against.append("waitlist-full")
        return against

    def _approve(self, number, place):
        offering = self.offerings[number]
        against = ["class-not-open"] * (offering.status not in {"open", "closed"})
        against += ["time-conflict"] * self.clashes(number, place.student)
        is_full = not self._has_seat(offering)
        line = self._against_line(offering) if is_full else []
        if line:
            against += ["class-full", *line]
        if against:
            raise Refused(*against)
        place.state = "waitlisted" if is_full else "enrolled"
        self.promote(number)
        return place

    def _move(self, number, place, to):
        offering = self.offerings[number]
        if to in {"enrolled", "declined"} and place.state == "expired":
            raise Refused("offer-expired")
        if place.state not in SOURCES.get(to, {"offered"}):
            raise Refused("state-conflict")
        if to == "dropped" and not offering.may_drop(self.now):
            raise Refused("registration-closed")
        if to == "withdrawn" and not offering.may_withdraw(self.now):
            until = offering.withdraw_until
            is_over = until is None or until <= self.now
            raise Refused("registration-closed" if is_over else "not-open-yet")
        if to == "completed" and offering.status != "ended":
            raise Refused("state-conflict")
        if to == "enrolled":
            if self.clashes(number, place.student):
                raise Refused("time-conflict")
            place.state, place.offer_expires_at = "enrolled", None
        else:
            self._end(place, to)
        self.promote(number)
        return place

    def _end(self, place, state):
        place.state, place.offer_expires_at, place.skip_reason = state, None, None
        self.vacated.add(place.student)


def _is_waived(offering, code, overrides):
    if code == "already-registered" or code not in overrides:
        return False
    return not (code == "class-not-open" and offering.status in {"cancelled", "ended"})
