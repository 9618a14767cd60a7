"""Each guard for its fact, all of them together, and the time for which they answer alike."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import BLOCK_CODES
from api.models.organization import ConflictPolicy
from api.models.registration import RegistrationState
from api.models.school_class import ClassStatus
from api.models.student import StudentStatus
from api.services.rules_facts import ClassFacts, Facts
from api.services.rules_registration import (
    CHEAP,
    CLASHES_SHOWN,
    CLASS_ONLY,
    FULL,
    blocks,
    conflict_warning,
    judge,
    promotion_block,
    registration_bounds,
)
from api.services.rules_windows import Window
from tests.rules.facts import (
    BLOCKING,
    EVERYTHING_WRONG,
    FULL_CLASS,
    NOON,
    a_clash,
    a_live_registration,
    at,
    some_facts,
)


def codes(found):
    return [block.code for block in found]


def the_block(facts, now=NOON):
    (block,) = blocks(facts, now)
    return block.code, block.details


def test_nothing_stands_against_a_free_seat_in_an_open_class():
    assert blocks(some_facts(), NOON) == ()


def test_a_live_registration_is_named_with_its_state():
    facts = some_facts(live=a_live_registration(RegistrationState.WAITLISTED))

    assert the_block(facts) == (
        "already-registered",
        {"registration_id": UUID(int=7), "state": "waitlisted"},
    )


@pytest.mark.parametrize("status", [StudentStatus.INACTIVE, StudentStatus.ERASED])
def test_only_an_active_student_registers(status):
    assert the_block(some_facts(student_status=status)) == ("student-inactive", {"status": status})


@pytest.mark.parametrize("status", sorted(set(ClassStatus) - {ClassStatus.OPEN}))
def test_only_an_open_class_takes_registrations(status):
    assert the_block(some_facts(status=status)) == ("class-not-open", {"status": status})


def test_a_window_that_is_not_open_names_its_instant():
    windows = (Window(opens_at=at(1), closes_at=at(2)),)

    assert the_block(some_facts(windows=windows)) == ("not-open-yet", {"opens_at": at(1)})


def test_a_clash_names_both_sessions_and_the_other_class():
    code, details = the_block(some_facts(**BLOCKING))

    assert code == "time-conflict"
    assert details == {
        "conflict_count": 1,
        "conflicts": [
            {
                "session_id": UUID(int=1),
                "starts_at": at(1),
                "ends_at": at(2),
                "conflicting_class_id": UUID(int=200),
                "conflicting_session_id": UUID(int=51),
                "conflicting_starts_at": at(1),
                "conflicting_ends_at": at(3),
            }
        ],
    }


def test_of_many_clashes_the_first_are_named_and_all_counted():
    clashes = tuple(a_clash(number) for number in range(CLASHES_SHOWN + 5))

    _, details = the_block(some_facts(clashes=clashes))

    assert details["conflict_count"] == CLASHES_SHOWN + 5
    assert len(details["conflicts"]) == CLASHES_SHOWN


@pytest.mark.parametrize("policy", [ConflictPolicy.WARN, ConflictPolicy.IGNORE])
def test_a_clash_blocks_only_under_the_policy_that_says_so(policy):
    facts = some_facts(clashes=(a_clash(),), conflict_policy=policy)

    assert blocks(facts, NOON) == ()
    warned = conflict_warning(facts)
    assert (warned is not None) is (policy is ConflictPolicy.WARN)


def test_the_policy_to_warn_has_nothing_to_say_without_a_clash():
    assert conflict_warning(some_facts(conflict_policy=ConflictPolicy.WARN)) is None


@pytest.mark.parametrize(("count", "blocked"), [(2, False), (3, True), (4, True)])
def test_the_limit_of_a_term_is_how_many_there_may_be(count, blocked):
    found = blocks(some_facts(max_live_classes_per_term=3, live_count=count), NOON)

    assert [(block.code, block.details) for block in found] == (
        [("term-limit", {"limit": 3, "count": count})] if blocked else []
    )


@pytest.mark.parametrize(
    ("school_class", "full"),
    [
        ({"capacity": None, "seats_taken": 9_000}, False),
        ({"capacity": 0}, True),
        ({"capacity": 2, "seats_taken": 1}, False),
        ({"capacity": 2, "seats_taken": 2}, True),
        ({"capacity": 2, "seats_taken": 3}, True),
        ({"capacity": 2, "seats_taken": 1, "eligible_waiting": 1, "waiting": 1}, True),
        ({"capacity": 2, "seats_taken": 1, "waiting": 1}, False),
        ({"capacity": None, "eligible_waiting": 1, "waiting": 1}, True),
        ({"capacity": 2, "seats_taken": 1, "promotion_pending": True}, True),
        ({"capacity": 2, "eligible_waiting": 1, "promotion_ends_at": at(1)}, True),
        ({"capacity": 2, "eligible_waiting": 1, "promotion_ends_at": NOON}, False),
    ],
)
def test_a_seat_is_for_a_newcomer_only_if_nobody_in_line_has_a_claim(school_class, full):
    found = blocks(some_facts(**school_class), NOON)

    assert codes(found) == (["class-full"] if full else [])


@pytest.mark.parametrize(
    ("line", "is_open"),
    [
        ({}, True),
        ({"waitlist_enabled": False}, False),
        ({"waitlist_capacity": 5, "waiting": 4}, True),
        ({"waitlist_capacity": 5, "waiting": 5}, False),
        ({"waitlist_capacity": 0}, False),
        ({"promotion_ends_at": at(1)}, True),
        ({"promotion_ends_at": NOON}, False),
    ],
)
def test_a_full_class_says_whether_its_line_is_open(line, is_open):
    code, details = the_block(some_facts(**FULL_CLASS, **line))

    assert code == "class-full"
    assert details == {
        "capacity": 2,
        "waiting": line.get("waiting", 0),
        "waitlist_open": is_open,
    }


def test_all_reasons_come_at_once_the_most_relevant_first():
    facts = some_facts(**EVERYTHING_WRONG, windows=(Window(opens_at=at(1), closes_at=at(2)),))

    assert codes(blocks(facts, NOON)) == [
        "already-registered",
        "student-inactive",
        "class-not-open",
        "not-open-yet",
        "time-conflict",
        "term-limit",
        "class-full",
    ]
    assert codes(judge(FULL.line, facts, NOON)) == [
        "waitlist-limit",
        "waitlist-closed",
        "waitlist-full",
    ]


def test_the_guards_stand_in_the_order_of_relevance_of_the_codes():
    facts = some_facts(**EVERYTHING_WRONG, windows=(Window(opens_at=at(1), closes_at=at(2)),))

    found = codes(blocks(facts, NOON) + judge(FULL.line, facts, NOON))

    assert found == sorted(found, key=BLOCK_CODES.index)
    assert set(BLOCK_CODES) - set(found) == {"registration-closed", "audience"}


def test_a_list_leaves_conflicts_and_limits_out():
    facts = some_facts(**EVERYTHING_WRONG)

    left_out = set(codes(blocks(facts, NOON))) - set(codes(blocks(facts, NOON, CHEAP)))

    assert left_out == {"time-conflict", "term-limit"}
    assert set(CHEAP.seat) < set(FULL.seat)
    assert set(CHEAP.line) < set(FULL.line)


def test_for_nobody_only_the_class_itself_is_judged():
    windows = (Window(audience="seniors", opens_at=at(-1), closes_at=at(1)),)

    is_open = Facts(school_class=ClassFacts(status=ClassStatus.OPEN, windows=windows))
    full = ClassFacts(status=ClassStatus.CLOSED, windows=windows, **FULL_CLASS)
    closed = Facts(school_class=full)

    assert blocks(is_open, NOON, CLASS_ONLY) == ()
    assert codes(blocks(closed, NOON, CLASS_ONLY)) == ["class-not-open", "class-full"]
    assert codes(blocks(closed, at(2), CLASS_ONLY))[1] == "registration-closed"
    assert set(CLASS_ONLY.seat) < set(CHEAP.seat)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({}, None),
        (EVERYTHING_WRONG, "student-inactive"),
        (BLOCKING, "time-conflict"),
        ({"max_live_classes_per_term": 3, "live_count": 3}, "term-limit"),
        ({"status": ClassStatus.CLOSED, **FULL_CLASS, "live": a_live_registration()}, None),
    ],
)
def test_a_waiter_is_skipped_for_the_most_relevant_reason_of_the_student(members, code):
    block = promotion_block(some_facts(**members), NOON)

    assert (block and block.code) == code


@given(
    windows=st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 9)), max_size=3),
    ends=st.none() | st.integers(-9, 9),
    eligible=st.integers(0, 1),
    later=st.integers(-10, 20),
)
def test_every_guard_answers_alike_throughout_the_bounds(windows, ends, eligible, later):
    facts = some_facts(
        windows=tuple(
            Window(opens_at=at(opens), closes_at=at(opens + lasts)) for opens, lasts in windows
        ),
        promotion_ends_at=None if ends is None else at(ends),
        eligible_waiting=eligible,
    )
    bounds = registration_bounds(facts, NOON)

    assert bounds.contain(NOON)
    if bounds.contain(at(later)):
        for guards in (FULL.seat, FULL.line):
            assert codes(judge(guards, facts, NOON)) == codes(judge(guards, facts, at(later)))
