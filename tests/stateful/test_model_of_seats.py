"""Seats, the line and offers against a plain model: any order of commands, at any speed of time."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select, update

from api.errors import Blocked, Refusal
from api.models import Event, PromotionDue, Registration, SchoolClass
from api.models.registration import RegistrationState
from api.models.school_class import ClassStatus
from api.services import class_seats
from api.services.registration_doors import Door
from api.services.rules_verdicts import OnFull
from api.services.rules_waitlist import Shrink
from api.services.sweeper import settle_class
from api.services.verification import verify
from tests import seat_changes
from tests.fake_clock import START
from tests.services.school import School
from tests.stateful.seats_model import LIVE, Offering, Refused, Window, World

SLOTS = (0, 0, 1)
"""Three classes, of which the first two meet at the same time."""
STUDENTS = 5
CROWD = 4
GROUPS = [{"early"}, {"early"}, set(), set(), set()]

SPANS = [timedelta(seconds=s) for s in (0, 1, 600, 3600, 86_400, 3 * 86_400, 14 * 86_400)]
CODES = ["class-full", "time-conflict", "not-open-yet", "class-not-open", "waitlist-full"]
TARGETS = ["enrolled", "rejected", "left", "declined", "dropped", "withdrawn", "removed"]
TARGETS += ["completed"]
STATUSES = ["open"] * 6 + ["closed"] * 3 + ["ended", "cancelled"]


def _mostly(value, other):
    return st.one_of(st.just(value), st.just(value), st.just(value), other)


numbers = st.integers(0, len(SLOTS) - 1)
students = st.integers(0, STUDENTS - 1)
capacities = st.sampled_from([1, 2, 1, 2, 0, 3, None])
spans = st.sampled_from(SPANS)
deadlines = _mostly(None, spans)
windows = st.tuples(st.sampled_from([None, "early"]), _mostly(SPANS[0], spans), spans)
rules_of_line = st.fixed_dictionaries(
    {},
    optional={
        "waitlist_mode": st.sampled_from(["auto", "offer"]),
        "waitlist_enabled": _mostly(True, st.booleans()),
        "waitlist_capacity": _mostly(None, st.sampled_from([0, 1, 2])),
        "offer_ttl": st.sampled_from([timedelta(seconds=300), timedelta(days=2)]),
        "approval_required": _mostly(False, st.booleans()),
        "promotion_ends_at": deadlines,
        "drop_until": deadlines,
        "withdraw_until": deadlines,
        "windows": _mostly([], st.lists(windows, max_size=2)),
    },
)
often = st.integers(0, 4).map(bool)
rushes = st.lists(students, min_size=1, max_size=4, unique=True)
picks = st.tuples(often, st.integers(0, 99))


def _has_places(machine):
    return any(offering.places for offering in machine.world.offerings)


class SeatsMachine(RuleBasedStateMachine):
    """Does to the services what it does to the model, and compares after every step."""

    def __init__(self, database, clock):
        super().__init__()
        clock.set(START)
        self.clock = clock
        self.school = School.found(database)
        self.people = [self._person(groups) for groups in GROUPS]
        self.ids = {}

    def _person(self, groups):
        student, actor = self.school.a_student_with_login(groups=sorted(groups))
        return student, actor

    @initialize(
        rules=st.lists(rules_of_line, min_size=3, max_size=3),
        seats=st.lists(st.sampled_from([1, 2, 0]), min_size=3, max_size=3),
        crowds=st.lists(st.permutations(range(STUDENTS)), min_size=3, max_size=3),
    )
    def found(self, rules, seats, crowds):
        """Three classes, and a crowd before each: whatever is done then finds a line."""
        self.world = World([Offering(slot) for slot in SLOTS], GROUPS, self.clock.now())
        self.rows = [self.school.a_class(waitlist_mode="auto") for _ in SLOTS]
        for slot, row in zip(SLOTS, self.rows, strict=True):
            self.school.a_session(row, START + timedelta(days=100 + slot))
        for number in range(len(SLOTS)):
            self._try(*self._resizing(number, seats[number], None))
            for student in crowds[number][:CROWD]:
                actor = self.people[student][1]
                self._try(*self._registration(number, student, True, (), by=actor))
            self._try(*self._revision(number, rules[number]))
        self._hold()

    @rule(number=numbers, rush=rushes, waits=often, is_dry=st.booleans())
    def register(self, number, rush, waits, is_dry):
        for student in rush:
            actor = self.people[student][1]
            self._do(*self._registration(number, student, waits, (), by=actor), is_dry)

    @rule(
        number=numbers,
        student=students,
        waits=st.booleans(),
        codes=st.sets(st.sampled_from(CODES), min_size=1, max_size=3),
    )
    def register_by_override(self, number, student, waits, codes):
        self._do(*self._registration(number, student, waits, codes, by=self.school.registrar))

    @precondition(_has_places)
    @rule(pick=picks, by_student=st.booleans(), is_dry=st.booleans())
    def leave(self, pick, by_student, is_dry):
        number, place = self._picked(pick)
        registration_id = self.ids[number, place.ticket]
        actor = self.people[place.student][1] if by_student else self.school.registrar

        def really(tx):
            self.school.transitions.leave(tx, actor, registration_id)

        self._do(lambda world: world.leave(number, place.ticket) and None, really, is_dry)

    @precondition(_has_places)
    @rule(pick=picks, to=st.sampled_from(TARGETS), is_dry=st.booleans())
    def move(self, pick, to, is_dry):
        number, place = self._picked(pick)
        wish = {"to": RegistrationState(to), "reason_code": "because"}
        registration_id = self.ids[number, place.ticket]

        def really(tx):
            actor = self.school.registrar
            return self.school.transitions.move(tx, actor, registration_id, wish).row

        self._do(lambda world: world.move(number, place.ticket, to), really, is_dry)

    @precondition(_has_places)
    @rule(pick=picks, priority=st.integers(0, 2))
    def prioritize(self, pick, priority):
        number, place = self._picked(pick)
        if place.priority == priority:
            return
        registration_id = self.ids[number, place.ticket]

        def really(tx):
            transitions, actor = self.school.transitions, self.school.registrar
            row = transitions.find_for_update(tx, actor, registration_id)
            return transitions.update(tx, actor, row, {"priority": priority}).row

        self._do(lambda world: world.prioritize(number, place.ticket, priority), really)

    @rule(
        number=numbers,
        capacity=capacities,
        shrink=st.sampled_from([None, *Shrink]),
        is_dry=st.booleans(),
    )
    def resize(self, number, capacity, shrink, is_dry):
        offering = self.world.offerings[number]
        if capacity != offering.capacity and offering.status in {"draft", "open", "closed"}:
            self._do(*self._resizing(number, capacity, shrink), is_dry)

    @rule(
        number=numbers,
        status=st.sampled_from(STATUSES),
        is_dry=st.booleans(),
    )
    def turn(self, number, status, is_dry):
        really = self._on_class(number, seat_changes.change_status, ClassStatus(status))
        self._do(lambda world: world.turn(number, status), really, is_dry)

    @rule(number=numbers, changes=rules_of_line)
    def revise(self, number, changes):
        self._do(*self._revision(number, changes))

    @rule(span=spans, is_swept=st.booleans())
    def pass_time(self, span, is_swept):
        self.world.now = self.clock.advance(seconds=span.total_seconds())
        if is_swept:
            self._sweep()

    def _sweep(self):
        with self.school.database.read() as tx:
            due = tx.all(
                select(SchoolClass.id).where(
                    SchoolClass.organization_id == self.school.organization.id,
                    SchoolClass.next_due_at <= self.clock.now(),
                )
            )
        found = {self._number(row.id) for row in due}
        assert {n for n in range(len(SLOTS)) if self.world.is_due(n)} <= found
        self._touch(found)
        self._hold()

    # How a step is done

    def _do(self, expected, really, is_dry=False):
        self._try(expected, really, is_dry)
        self._hold()

    def _try(self, expected, really, is_dry=False):
        self.world.now = self.clock.advance(milliseconds=1)
        if is_dry:
            before = self._everything()
            dry = self._outcome(really, is_dry=True)
            assert self._everything() == before
        world = self.world.copy()
        try:
            told = _shown(expected(world))
        except Refused as refusal:
            told = refusal.codes
        else:
            self.world = world
        done = self._outcome(really)
        assert done == told
        assert not is_dry or dry == done

    def _outcome(self, really, *, is_dry=False):
        try:
            with self.school.database.write() as tx:
                row = really(tx)
                if is_dry:
                    tx.discard()
        except Blocked as refusal:
            return [block.code for block in refusal.blocks]
        except Refusal as refusal:
            return [refusal.code]
        if isinstance(row, dict):
            row = row["made"]
            if not is_dry:
                self.ids[self._number(row.class_id), row.ticket] = row.id
        return _shown(row)

    def _hold(self):
        self._serve_notes()
        present = self._everything()
        note(f"{self.world.now}: {present['rows']}")
        for number, offering in enumerate(self.world.offerings):
            expected = [
                (
                    place.ticket,
                    self.people[place.student][0].id,
                    place.state,
                    place.priority,
                    place.skip_reason,
                    place.offer_expires_at,
                )
                for place in offering.places
            ]
            assert present["rows"][number] == expected
            assert present["classes"][number] == (
                offering.status,
                offering.capacity,
                offering.taken,
                offering.over_allowance,
                len(offering.line),
                len(offering.eligible),
                len(offering.places) + 1,
                False,
            )
        with self.school.database.snapshot() as tx:
            verdicts = verify(tx, organization_id=self.school.organization.id)
        assert [v for v in verdicts if not v.holds] == []

    def _serve_notes(self):
        """Let the sweeper look at once at the classes noted, as it does within a second."""
        noted = self._noted()
        while noted:
            self._touch(noted)
            noted = self._noted()

    def _noted(self):
        mine = PromotionDue.organization_id == self.school.organization.id
        with self.school.database.read() as tx:
            rows = tx.all(select(PromotionDue.class_id).where(mine))
        noted = {self._number(row.class_id) for row in rows}
        assert self.world.to_be_noted() <= noted
        return noted

    def _touch(self, due):
        for number in sorted(due):
            self.world.touch(number)
            with self.school.database.write() as tx:
                assert settle_class(tx, self.rows[number].id)

    def _everything(self):
        rows, classes = [], []
        with self.school.database.snapshot() as tx:
            for row in self.rows:
                places = tx.all(
                    select(
                        Registration.ticket,
                        Registration.student_id,
                        Registration.state,
                        Registration.priority,
                        Registration.skip_reason,
                        Registration.offer_expires_at,
                    )
                    .where(Registration.class_id == row.id)
                    .order_by(Registration.ticket)
                )
                rows.append([tuple(place) for place in places])
                counters = tx.first(
                    select(
                        SchoolClass.status,
                        SchoolClass.capacity,
                        SchoolClass.seats_taken,
                        SchoolClass.over_allowance,
                        SchoolClass.waiting,
                        SchoolClass.eligible_waiting,
                        SchoolClass.next_ticket,
                        SchoolClass.promotion_pending,
                    ).where(SchoolClass.id == row.id)
                )
                classes.append(tuple(counters))
            events = tx.scalar(
                select(func.count()).where(
                    Event.organization_id == self.school.organization.id,
                )
            )
        return {"rows": rows, "classes": classes, "events": events}

    # What a step is

    def _registration(self, number, student, waits, codes, *, by):
        def really(tx):
            new = {
                "student_id": self.people[student][0].id,
                "on_full": OnFull.WAITLIST if waits else OnFull.FAIL,
                "overrides": list(codes),
                "reason_code": "because" if codes else None,
            }
            door = Door(class_id=self.rows[number].id)
            return {"made": self.school.registrations.register(tx, by, door, new).row}

        return (
            lambda world: world.register(number, student, waits=waits, overrides=frozenset(codes)),
            really,
        )

    def _resizing(self, number, capacity, shrink):
        really = self._on_class(number, seat_changes.change_capacity, capacity, shrink)
        return lambda world: world.resize(number, capacity, shrink), really

    def _revision(self, number, changes):
        changes = self._dated(number, changes)

        def really(tx):
            row = class_seats.locked_class(tx, self.rows[number].id)
            columns = {**_columns(changes), "updated_at": tx.now(), "version": row.version + 1}
            tx.execute(
                update(SchoolClass)
                .where(SchoolClass.organization_id == row.organization_id, SchoolClass.id == row.id)
                .values(columns)
            )
            row = class_seats.locked_class(tx, row.id)
            class_seats.revised(tx, self.school.registrar, row)

        return lambda world: world.revise(number, changes), really

    def _dated(self, number, changes):
        """The changes with instants for spans, and deadlines in order."""
        now, offering = self.clock.now(), self.world.offerings[number]
        dated = dict(changes)
        for name in ("promotion_ends_at", "drop_until", "withdraw_until"):
            if dated.get(name) is not None:
                dated[name] = now + dated[name]
        if "windows" in dated:
            dated["windows"] = [
                Window(audience, now + opens, now + opens + lasts + timedelta(seconds=1))
                for audience, opens, lasts in dated["windows"]
            ]
        drop = dated.get("drop_until", offering.drop_until)
        withdraw = dated.get("withdraw_until", offering.withdraw_until)
        if drop is not None and withdraw is not None and drop > withdraw:
            dated["withdraw_until"] = drop
        return dated

    def _on_class(self, number, change, *arguments):
        def really(tx):
            row = class_seats.locked_class(tx, self.rows[number].id)
            change(tx, self.school.registrar, row, *arguments)

        return really

    def _picked(self, pick):
        """One registration, often a live one."""
        wants_live, index = pick
        offerings = enumerate(self.world.offerings)
        found = [(number, place) for number, one in offerings for place in one.places]
        live = [(number, place) for number, place in found if place.state in LIVE]
        chosen = live if wants_live and live else found
        return chosen[index % len(chosen)]

    def _number(self, class_id):
        return next(n for n, row in enumerate(self.rows) if row.id == class_id)


def _shown(place):
    """What a command shows of the registration: of the model's, and of the row."""
    if place is None:
        return None
    return str(place.state), place.ticket, place.priority, place.offer_expires_at


def _columns(changes):
    """The columns of a class for changes of the model's."""
    columns = {}
    for name, value in changes.items():
        match name:
            case "windows":
                columns[name] = [_stored(window) for window in value]
            case "offer_ttl":
                columns["waitlist_offer_ttl_seconds"] = int(value.total_seconds())
            case "promotion_ends_at" | "drop_until" | "withdraw_until":
                columns[name] = columns[f"effective_{name}"] = value
            case _:
                columns[name] = value
    return columns


def _stored(window):
    return {
        "audience": window.audience,
        "opens_at": window.opens_at.isoformat(),
        "closes_at": window.closes_at.isoformat(),
    }


@pytest.mark.hypothesis
def test_any_order_of_commands_does_what_the_model_does(database, clock):
    run_state_machine_as_test(lambda: SeatsMachine(database, clock), settings=_breadth())


def _breadth():
    """The profile that is loaded; by default few examples, for each is a whole school."""
    patient = settings(deadline=None, suppress_health_check=list(HealthCheck))
    if patient.max_examples > 100:
        return patient
    return settings(patient, max_examples=7, stateful_step_count=20)
