from datetime import timedelta
from types import SimpleNamespace

from api.models.ledger import Entry
from api.models.registration import RegistrationState
from api.services.rules_replay import LONGEST_OFFER, Known, Rules, replay
from api.services.rules_waitlist import DISPLACED_PRIORITY
from api.services.rules_windows import Window
from tests import factories
from tests.fake_clock import START

CLASS = factories.new_id()
HOUR = timedelta(hours=1)
S = RegistrationState


class Row(SimpleNamespace):
    """A row of `events`."""

    def _asdict(self):
        return vars(self)


class Ledger:
    """A ledger in the making; each call is an event, an hour after the one before."""

    def __init__(self):
        self.events = []
        self.people = {}
        self.stored = {}

    def event(self, who, what, before, to, seat_delta):
        person = self.people.setdefault(who, (factories.new_id(), len(self.people) + 1))
        entry = Entry(
            class_id=CLASS,
            seq=len(self.events) + 1,
            at=START + HOUR * len(self.events),
            type=f"registration.{what}",
            registration_id=person[0],
            student_id=person[0],
            from_state=before,
            to_state=to,
            ticket=person[1],
            seat_delta=seat_delta,
            capacity_after=None,
            over_after=0,
        )
        previous = self.events[-1].hash if self.events else bytes(32)
        columns = entry.columns(factories.new_id(), previous)
        self.events.append(Row(**columns))
        self.stored.setdefault(who, {"priority": 0, "is_override": False})
        return self

    def waits(self, who):
        return self.event(who, "waitlisted", None, S.WAITLISTED, 0)

    def enrolls(self, who, before=None):
        return self.event(who, "enrolled", before, S.ENROLLED, 1)

    def is_offered(self, who):
        return self.event(who, "offered", S.WAITLISTED, S.OFFERED, 1)

    def accepts(self, who):
        return self.event(who, "accepted", S.OFFERED, S.ENROLLED, 0)

    def faults(self, *, groups=frozenset(), student_updated_at=START, **rules):
        known = {
            self.people[who][0]: Known(
                **stored, groups=groups, student_updated_at=student_updated_at
            )
            for who, stored in self.stored.items()
        }
        settings = {
            "head_hash": self.events[-1].hash,
            "windows": (),
            "offer_ttl": timedelta(days=2),
            "promotion_ends_at": None,
            "updated_at": START - HOUR,
            **rules,
        }
        return [(one.number, one.seq) for one in replay(Rules(**settings), self.events, known)]


def test_whoever_comes_and_moves_in_turn_is_no_fault():
    ledger = Ledger().enrolls("ann").waits("ben").waits("cleo")

    ledger.enrolls("ben", S.WAITLISTED).is_offered("cleo").accepts("cleo")

    assert ledger.faults() == []


def test_a_newcomer_and_a_later_waiter_may_not_pass_the_line():
    ledger = Ledger().waits("ann").waits("ben").enrolls("ben", S.WAITLISTED).enrolls("cleo")

    assert ledger.faults() == [(8, 3), (8, 4)]


def test_whoever_was_skipped_may_be_passed():
    ledger = Ledger().waits("ann")
    ledger.event("ann", "skipped", S.WAITLISTED, S.WAITLISTED, 0).enrolls("ben")

    assert ledger.faults() == []


def test_whoever_was_displaced_stands_before_all_others():
    ledger = Ledger().enrolls("ann").waits("ben")
    ledger.event("ann", "displaced", S.ENROLLED, S.WAITLISTED, -1).enrolls("ben", S.WAITLISTED)
    ledger.stored["ann"]["priority"] = DISPLACED_PRIORITY

    assert ledger.faults() == [(8, 4)]


def test_what_staff_moved_or_waived_is_compared_with_nobody():
    passed = Ledger().waits("ann").enrolls("ben")
    passed.stored["ann"]["priority"] = 7
    mover = Ledger().waits("ann").enrolls("ben")
    mover.stored["ben"]["priority"] = 7
    override = Ledger().waits("ann").enrolls("ben")
    override.stored["ben"]["is_override"] = True

    assert [ledger.faults() for ledger in (passed, mover, override)] == [[], [], []]


def test_a_place_that_staff_moved_is_compared_with_nobody_from_then_on():
    ledger = Ledger().waits("ann").waits("ben")
    ledger.event("ben", "prioritized", S.WAITLISTED, S.WAITLISTED, 0).enrolls("ben", S.WAITLISTED)

    assert ledger.faults() == []


def test_an_event_about_the_class_itself_moves_nobody():
    ledger = Ledger().waits("ann")
    ledger.event("nobody", "noted", None, None, 0)

    assert ledger.faults(windows=()) == []


def test_a_line_that_no_longer_moves_has_no_claim():
    ledger = Ledger().waits("ann").enrolls("ben")

    assert ledger.faults(promotion_ends_at=START + HOUR) == []
    assert ledger.faults(promotion_ends_at=START + 2 * HOUR) == [(8, 2)]


def test_nobody_moves_up_at_the_end_of_promotion_or_later():
    ledger = Ledger().waits("ann").enrolls("ann", S.WAITLISTED)

    assert ledger.faults(promotion_ends_at=START + HOUR) == [(20, 2)]
    assert ledger.faults(promotion_ends_at=START + HOUR, updated_at=START + 2 * HOUR) == []


def test_an_offer_is_accepted_before_its_end():
    ledger = Ledger().waits("ann").is_offered("ann").accepts("ann")

    assert ledger.faults(offer_ttl=HOUR) == [(19, 3)]
    assert ledger.faults(offer_ttl=HOUR + timedelta(milliseconds=1)) == []


def test_an_offer_made_under_other_rules_has_the_longest_time_there_is():
    ledger = Ledger().waits("ann").is_offered("ann").accepts("ann")
    changed = START + 2 * HOUR

    assert ledger.faults(offer_ttl=HOUR, updated_at=changed) == []
    ledger.events[1].at -= LONGEST_OFFER
    assert (19, 3) in ledger.faults(offer_ttl=HOUR, updated_at=changed)


def test_nobody_accepts_what_was_not_offered():
    assert Ledger().accepts("ann").faults() == [(19, 1)]


def test_whoever_comes_comes_through_a_window_of_their_own():
    late = Window(audience="late", opens_at=START + HOUR, closes_at=START + 2 * HOUR)
    early = Window(audience="early", opens_at=START, closes_at=START + HOUR)
    ledger = Ledger().waits("ann")

    assert ledger.faults(windows=[early, late], groups=frozenset({"early"})) == []
    assert ledger.faults(windows=[early, late], groups=frozenset({"late"})) == [(20, 1)]
    assert ledger.faults(windows=[late], student_updated_at=START + HOUR) == [(20, 1)]
    assert ledger.faults(windows=[early], student_updated_at=START + HOUR) == []


def test_an_event_about_a_row_that_is_gone_is_judged_by_its_chain_alone():
    ledger = Ledger().waits("ann").enrolls("ben")
    ledger.stored.clear()

    assert ledger.faults(windows=[Window(opens_at=START, closes_at=START)]) == []


def test_a_broken_link_is_named_once_and_a_lost_end_too():
    ledger = Ledger().waits("ann").waits("ben").waits("cleo")
    ledger.events[1].prev_hash = bytes(32)
    cut = Ledger().waits("ann")

    assert ledger.faults() == [(14, 2)]
    assert cut.faults(head_hash=bytes(32)) == [(14, 1)]
