"""What a registration comes to: a seat, a place in line, a request, or all the reasons why not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.models.organization import ConflictPolicy
from api.models.registration import RegistrationState
from api.models.school_class import ClassStatus
from api.models.student import StudentStatus
from api.services.rules_registration import CHEAP, blocks
from api.services.rules_verdicts import (
    Enroll,
    OnFull,
    Pending,
    Refused,
    Waitlist,
    approval_verdict,
    join_waitlist,
    verdict,
)
from tests.rules.facts import (
    BLOCKING,
    EVERYTHING_WRONG,
    FULL_CLASS,
    INACTIVE,
    NOON,
    a_clash,
    a_live_registration,
    some_facts,
)

SHUT_LINES = [
    ({"waitlist_enabled": False}, "waitlist-closed"),
    ({"promotion_ends_at": NOON}, "waitlist-closed"),
    ({"waitlist_capacity": 0}, "waitlist-full"),
    ({"max_waitlists_per_term": 1, "waitlist_count": 1}, "waitlist-limit"),
]


def codes(outcome):
    return [block.code for block in outcome.blocks]


@pytest.mark.parametrize("on_full", OnFull)
def test_a_free_seat_is_given_whatever_was_wished_for_a_full_class(on_full):
    assert verdict(some_facts(), NOON, on_full) == Enroll()


def test_a_full_class_refuses_who_does_not_want_to_wait():
    assert codes(verdict(some_facts(**FULL_CLASS), NOON)) == ["class-full"]


def test_a_full_class_with_an_open_line_takes_who_wants_to_wait():
    assert verdict(some_facts(**FULL_CLASS), NOON, OnFull.WAITLIST) == Waitlist()


def test_a_newcomer_queues_behind_eligible_waiters_although_a_seat_is_free():
    facts = some_facts(capacity=2, seats_taken=1, waiting=1, eligible_waiting=1)

    assert verdict(facts, NOON, OnFull.WAITLIST) == Waitlist()


@pytest.mark.parametrize(("line", "code"), SHUT_LINES)
def test_a_line_that_takes_nobody_is_named_beside_the_full_class(line, code):
    outcome = verdict(some_facts(**FULL_CLASS, **line), NOON, OnFull.WAITLIST)

    assert codes(outcome) == ["class-full", code]


@pytest.mark.parametrize(("line", "_"), SHUT_LINES)
def test_a_line_that_takes_nobody_is_no_matter_while_a_seat_is_free(line, _):
    assert verdict(some_facts(**line), NOON, OnFull.WAITLIST) == Enroll()


def test_who_may_not_register_may_not_wait_either():
    facts = some_facts(**FULL_CLASS, **BLOCKING, **INACTIVE)

    assert codes(verdict(facts, NOON, OnFull.WAITLIST)) == ["student-inactive", "time-conflict"]


def test_all_reasons_come_at_once():
    assert codes(verdict(some_facts(**EVERYTHING_WRONG), NOON, OnFull.WAITLIST)) == [
        "already-registered",
        "student-inactive",
        "class-not-open",
        "time-conflict",
        "term-limit",
        "class-full",
        "waitlist-limit",
        "waitlist-closed",
        "waitlist-full",
    ]


def test_a_class_that_approves_takes_a_request_and_refuses_what_it_would_refuse():
    assert verdict(some_facts(approval_required=True), NOON) == Pending()
    full = some_facts(approval_required=True, **FULL_CLASS)
    assert codes(verdict(full, NOON)) == ["class-full"]
    assert verdict(full, NOON, OnFull.WAITLIST) == Pending()


@pytest.mark.parametrize("members", [{}, {"approval_required": True}, FULL_CLASS])
def test_a_clash_under_the_policy_to_warn_is_told_and_refuses_nothing(members):
    facts = some_facts(clashes=(a_clash(),), conflict_policy=ConflictPolicy.WARN, **members)

    outcome = verdict(facts, NOON, OnFull.WAITLIST)

    assert [block.code for block in outcome.warnings] == ["time-conflict"]


def test_an_override_sets_aside_the_rules_that_it_names_and_no_other():
    facts = some_facts(**FULL_CLASS, **BLOCKING, **INACTIVE)

    partly = verdict(facts, NOON, overrides={"class-full", "student-inactive"})
    wholly = verdict(facts, NOON, overrides={"class-full", "student-inactive", "time-conflict"})

    assert codes(partly) == ["time-conflict"]
    assert wholly == Enroll(waived=("student-inactive", "time-conflict", "class-full"))


def test_an_override_needs_no_approval():
    facts = some_facts(approval_required=True, **FULL_CLASS)

    assert verdict(facts, NOON, overrides={"class-full"}) == Enroll(waived=("class-full",))


def test_an_override_of_the_line_is_a_place_in_it():
    facts = some_facts(**FULL_CLASS, waitlist_capacity=0)

    outcome = verdict(facts, NOON, OnFull.WAITLIST, overrides={"waitlist-full"})

    assert outcome == Waitlist(waived=("waitlist-full",))


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"live": a_live_registration()}, "already-registered"),
        ({"status": ClassStatus.CANCELLED}, "class-not-open"),
        ({"status": ClassStatus.ENDED}, "class-not-open"),
        ({"student_status": StudentStatus.ERASED}, "student-inactive"),
    ],
)
def test_some_rules_are_never_waived(members, code):
    assert codes(verdict(some_facts(**members), NOON, overrides={code})) == [code]


def test_staff_may_register_into_a_closed_class_by_override():
    facts = some_facts(status=ClassStatus.CLOSED)

    assert verdict(facts, NOON, overrides={"class-not-open"}) == Enroll(waived=("class-not-open",))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, Enroll()),
        ({"status": ClassStatus.CLOSED}, Enroll()),
        (FULL_CLASS, Waitlist()),
        ({"approval_required": True}, Enroll()),
        ({"live": a_live_registration(RegistrationState.PENDING)}, Enroll()),
    ],
)
def test_an_approved_request_gets_a_seat_or_its_place_in_line(members, expected):
    assert approval_verdict(some_facts(**members), NOON) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"status": ClassStatus.ENDED}, ["class-not-open"]),
        (INACTIVE, ["student-inactive"]),
        ({**FULL_CLASS, "waitlist_enabled": False}, ["class-full", "waitlist-closed"]),
    ],
)
def test_the_rules_are_asked_again_at_an_approval(members, expected):
    assert codes(approval_verdict(some_facts(**members), NOON)) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, None),
        (FULL_CLASS, []),
        (INACTIVE, ["student-inactive"]),
        ({**FULL_CLASS, **INACTIVE}, ["student-inactive"]),
        ({**FULL_CLASS, "waitlist_capacity": 0}, ["class-full", "waitlist-full"]),
    ],
)
def test_there_is_a_line_to_join_only_when_nothing_but_the_full_class_is_in_the_way(
    members, expected
):
    found = join_waitlist(some_facts(**members), NOON)

    assert (None if found is None else [block.code for block in found]) == expected


def test_a_list_judges_the_line_by_the_row_alone():
    facts = some_facts(**FULL_CLASS, **BLOCKING, max_waitlists_per_term=1, waitlist_count=1)

    assert join_waitlist(facts, NOON, CHEAP) == ()
    assert join_waitlist(facts, NOON)


members_drawn = st.fixed_dictionaries(
    {},
    optional={
        "capacity": st.none() | st.integers(0, 3),
        "seats_taken": st.integers(0, 3),
        "eligible_waiting": st.integers(0, 1),
        "promotion_pending": st.booleans(),
        "waitlist_enabled": st.booleans(),
        "waitlist_capacity": st.none() | st.integers(0, 1),
        "approval_required": st.booleans(),
        "status": st.sampled_from(ClassStatus),
        "student_status": st.sampled_from(StudentStatus),
        "clashes": st.sampled_from([(), (a_clash(),)]),
    },
)


@given(members=members_drawn, on_full=st.sampled_from(OnFull))
def test_links_and_command_agree_and_no_seat_is_given_past_the_capacity(members, on_full):
    facts = some_facts(**members)

    outcome = verdict(facts, NOON, on_full)

    link = blocks(facts, NOON) if on_full is OnFull.FAIL else join_waitlist(facts, NOON) or ()
    assert (outcome.blocks if isinstance(outcome, Refused) else ()) == link
    if isinstance(outcome, Enroll):
        capacity = facts.school_class.capacity
        assert capacity is None or facts.school_class.seats_taken < capacity
        assert facts.school_class.eligible_waiting == 0
        assert not facts.school_class.promotion_pending
