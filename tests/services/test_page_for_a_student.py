"""A page of classes judged for one student: each class as it is judged when it is read alone."""

from datetime import timedelta

import pytest

from api.authz.policy import Policy
from api.models import LIVE, RegistrationState, SessionStatus, class_item, class_page
from api.services import class_affordances
from api.services.class_affordances import Look
from api.services.guard_facts import clashes_of
from api.services.known_clashes import KNOWN_CLASHES
from api.services.page_facts import elsewhere_of_page
from tests import factories
from tests.services.school import School

DEEP = {"time-conflict", "term-limit", "waitlist-limit"}
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BLOCK, WARN, IGNORE = ({"conflict_policy": policy} for policy in ("block", "warn", "ignore"))
RULES = [
    (BLOCK, {"time-conflict"}),
    (
        BLOCK | {"min_gap_minutes": 15, "max_live_classes_per_term": 3},
        {"time-conflict", "term-limit"},
    ),
    (
        BLOCK | {"min_gap_minutes": 240, "max_waitlists_per_term": 1},
        {"time-conflict", "waitlist-limit"},
    ),
    (WARN | {"max_live_classes_per_term": 4}, {"term-limit"}),
    (
        IGNORE | {"max_live_classes_per_term": 4, "max_waitlists_per_term": 2},
        {"term-limit", "waitlist-limit"},
    ),
    (IGNORE, set()),
]
"""The rules of an organization, and which of them keep the student from something."""


class World:
    """A student with places of every kind, and classes that meet before, during and after."""

    def __init__(self, database, rules, codes):
        self.codes = codes
        self.school = School.found(database, **rules)
        self.student, self.actor = self.school.a_student_with_login()
        with database.write() as tx:
            self.terms = [factories.a_term(tx, self.school.organization.id).id for _ in range(2)]
            self.noon = tx.now() + 60 * DAY
            self._places(tx)
            self._others(tx)

    def _a_class(self, tx, *meetings, **given):
        row = factories.a_class(tx, self.school.organization.id, **given)
        for starts, lasts in meetings:
            begins = self.noon + starts
            factories.a_session(tx, row, starts_at=begins, ends_at=begins + lasts)
        return row

    def _places(self, tx):
        states = [*LIVE, RegistrationState.DROPPED, RegistrationState.LEFT]
        for number, state in enumerate(sorted(states) * 2):
            # From the seventh on they last as long as a session can.
            meeting = (number * DAY, DAY if number > 6 else HOUR)
            row = self._a_class(tx, meeting, meeting, term_id=self.terms[number % 2])
            factories.a_registration(tx, row, self.student, state=state)

    def _others(self, tx):
        terms = [*self.terms, None]
        offsets = [-28 * HOUR, -25 * HOUR, -HOUR, -15 * MINUTE, 0 * HOUR, 30 * MINUTE, HOUR]
        offsets += [HOUR + 14 * MINUTE, HOUR + 15 * MINUTE, 5 * HOUR, 5 * HOUR + MINUTE]
        for number, (offset, lasts) in enumerate(
            (offset, lasts) for offset in offsets for lasts in (MINUTE, HOUR, DAY)
        ):
            meetings = [(offset + day * DAY, lasts) for day in range(number % 14)]
            self._a_class(tx, *meetings, term_id=terms[number % 3], capacity=number % 4)
        called_off = self._a_class(tx)
        for day in range(12):
            factories.a_session(
                tx, called_off, starts_at=self.noon + day * DAY, status=SessionStatus.CANCELLED
            )

    def page(self, tx):
        return tx.all(
            class_page.CLASS_PAGE,
            organization_id=self.school.organization.id,
            student_ids=[self.student.id],
            clock_now=tx.now(),
        )

    def judged(self, tx, page):
        """The verdicts on each class of the page."""
        found = class_affordances.judge_page(
            tx, Policy(), self.actor, page, student_id=self.student.id
        )
        return {one.row.id: one.verdicts for one in found}

    def item(self, tx, class_id, statement=class_item.CLASS_ITEM):
        return tx.first(
            statement,
            class_id=class_id,
            student_ids=[self.student.id],
            clock_now=tx.now(),
        )


@pytest.fixture(params=RULES, ids=lambda rules: "-".join([str(rules[0]), *sorted(rules[1])]))
def world(request, database):
    rules, codes = request.param
    return World(database, rules, codes)


def _codes(judged):
    return {
        block.code
        for verdicts in judged.values()
        for blocks in verdicts.values()
        for block in blocks
        if block.code in DEEP
    }


def test_each_class_of_a_page_is_judged_as_it_is_alone(world, database):
    with database.read() as tx:
        page = world.page(tx)
        alone = {
            row.id: class_affordances.reread(tx, Policy(), world.actor, row.id).verdicts
            for row in page
        }
        searched = world.judged(tx, page)
        remembered = world.judged(tx, page)
        read = {
            row.id: class_affordances.read(tx, Policy(), world.actor, Look(row.id))[1]().verdicts
            for row in page
        }

    assert len(page) == 46
    assert _codes(alone) == world.codes
    assert searched == alone
    assert remembered == alone
    assert read == alone


def test_a_page_and_an_item_name_the_same_pairs(world, database):
    with database.read() as tx:
        page = world.page(tx)
        on_page = elsewhere_of_page(tx, page, world.student.id)
        alone = [world.item(tx, row.id).clashes for row in page]
    if world.school.organization.conflict_policy == "ignore":
        assert not any(elsewhere.clashes for elsewhere in on_page)
        assert not any(alone)
        return

    pairs = [elsewhere.clashes for elsewhere in on_page]
    assert pairs == [clashes_of(found, row.id) for found, row in zip(alone, page, strict=True)]
    assert 10 < sum(bool(found) for found in pairs) < len(page)


@pytest.mark.parametrize("world", [RULES[1]], indirect=True)
def test_what_a_page_has_found_an_item_need_not_search(world, database):
    with database.read() as tx:
        page = world.page(tx)
        on_page = elsewhere_of_page(tx, page, world.student.id)
        for row, elsewhere in zip(page, on_page, strict=True):
            known = KNOWN_CLASHES.find((row.id, world.student.id))

            item = world.item(tx, row.id, class_item.CLASS_ITEM_UNSEARCHED)

            assert known.stamp == (
                item.version,
                item.subject_guard_version,
                item.organization_version,
            )
            assert known.clashes == elsewhere.clashes
            assert (item.counts or [0, 0]) == [elsewhere.live_count, elsewhere.waitlist_count]
