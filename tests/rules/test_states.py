"""Which moves of a registration are legal in which state and at which instant."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import Block
from api.models.registration import LIVE, MOVES, SEATED, RegistrationState
from api.models.school_class import ClassStatus
from api.services.rules_states import (
    ASKABLE,
    ASKABLE_MOVES,
    Asker,
    MoveFacts,
    Rel,
    class_status_block,
    move_blocks,
    moves,
    rel_of,
    rel_of_leaving,
    seat_delta,
)
from tests.rules.facts import BLOCKING, FULL_CLASS, INACTIVE, NOON, at, some_facts

S = RegistrationState
MOMENT = timedelta(milliseconds=1)
ENDED = {"status": ClassStatus.ENDED}


def a_registration(state, *, drop=None, withdraw=None, expires=None, **facts):
    return MoveFacts(
        state=state,
        facts=some_facts(**facts),
        offer_expires_at=expires,
        drop_until=drop,
        withdraw_until=withdraw,
    )


def legal(facts, now=NOON):
    return {rel for rel, against in moves(facts, now).items() if not against}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (a_registration(S.PENDING), {"leave", "approve", "reject", "remove"}),
        (a_registration(S.WAITLISTED), {"leave", "remove"}),
        (a_registration(S.OFFERED, expires=at(1)), {"accept", "decline", "remove"}),
        (a_registration(S.ENROLLED), {"drop", "remove"}),
        (a_registration(S.ENROLLED, **ENDED), {"remove", "complete"}),
        *[(a_registration(state), set()) for state in S if state not in LIVE],
    ],
)
def test_each_state_allows_its_moves_and_a_final_one_none(facts, expected):
    assert legal(facts) == expected


@pytest.mark.parametrize(
    ("drop", "withdraw", "now", "expected"),
    [
        (1, 2, at(1) - MOMENT, "drop"),
        (1, 2, at(1), "withdraw"),
        (1, 2, at(2) - MOMENT, "withdraw"),
        (1, 2, at(2), None),
        (1, None, at(1), None),
        (1, 1, at(1), None),
        (None, 2, at(1), "drop"),
        (None, None, at(999), "drop"),
    ],
)
def test_a_seat_is_dropped_before_the_deadline_and_withdrawn_from_after_it(
    drop, withdraw, now, expected
):
    facts = a_registration(
        S.ENROLLED,
        drop=None if drop is None else at(drop),
        withdraw=None if withdraw is None else at(withdraw),
    )

    assert legal(facts, now) - {"remove"} == ({expected} if expected else set())


def test_a_class_without_a_deadline_is_dropped_until_it_has_ended():
    assert "drop" in legal(a_registration(S.ENROLLED, status=ClassStatus.CLOSED))
    assert legal(a_registration(S.ENROLLED, **ENDED)) == {"remove", "complete"}
    still = a_registration(S.ENROLLED, withdraw=at(1), **ENDED)
    assert legal(still) == {"withdraw", "remove", "complete"}


@pytest.mark.parametrize(
    ("rel", "facts", "expected"),
    [
        (Rel.DROP, a_registration(S.LEFT), Block("state-conflict", {"state": S.LEFT})),
        (
            Rel.DROP,
            a_registration(S.ENROLLED, drop=at(-1)),
            Block("registration-closed", {"closed_at": at(-1)}),
        ),
        (
            Rel.WITHDRAW,
            a_registration(S.ENROLLED, drop=at(1), withdraw=at(2)),
            Block("not-open-yet", {"opens_at": at(1)}),
        ),
        (
            Rel.WITHDRAW,
            a_registration(S.ENROLLED, drop=at(-2), withdraw=NOON),
            Block("registration-closed", {"closed_at": NOON}),
        ),
        (
            Rel.WITHDRAW,
            a_registration(S.ENROLLED, drop=at(-2)),
            Block("registration-closed", {"closed_at": None}),
        ),
        (
            Rel.ACCEPT,
            a_registration(S.OFFERED, expires=NOON),
            Block("offer-expired", {"offer_expires_at": NOON}),
        ),
        (
            Rel.DECLINE,
            a_registration(S.OFFERED, expires=NOON),
            Block("offer-expired", {"offer_expires_at": NOON}),
        ),
        (
            Rel.ACCEPT,
            a_registration(S.EXPIRED),
            Block("offer-expired", {"offer_expires_at": None}),
        ),
        (Rel.ACCEPT, a_registration(S.PENDING), Block("state-conflict", {"state": S.PENDING})),
        (
            Rel.COMPLETE,
            a_registration(S.ENROLLED),
            Block("state-conflict", {"state": S.ENROLLED, "class_status": ClassStatus.OPEN}),
        ),
    ],
)
def test_an_illegal_move_says_what_stands_against_it(rel, facts, expected):
    (block,) = move_blocks(rel, facts, NOON)

    assert (block.code, block.details) == (expected.code, expected.details)


@pytest.mark.parametrize(
    ("rel", "facts", "expected"),
    [
        (Rel.DROP, a_registration(S.ENROLLED, **INACTIVE), []),
        (Rel.DROP, a_registration(S.ENROLLED, drop=NOON), ["registration-closed"]),
        (
            Rel.ACCEPT,
            a_registration(S.OFFERED, expires=at(1), **INACTIVE, **BLOCKING),
            ["student-inactive", "time-conflict"],
        ),
        (
            Rel.ACCEPT,
            a_registration(S.OFFERED, expires=at(1), status=ClassStatus.CLOSED, **FULL_CLASS),
            [],
        ),
        (Rel.APPROVE, a_registration(S.PENDING, **FULL_CLASS), []),
        (Rel.APPROVE, a_registration(S.PENDING, **INACTIVE), ["student-inactive"]),
        (Rel.LEAVE, a_registration(S.WAITLISTED, **INACTIVE), []),
    ],
)
def test_status_and_conflicts_stand_against_the_moves_that_ask_for_them(rel, facts, expected):
    assert [block.code for block in move_blocks(rel, facts, NOON)] == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (a_registration(S.ENROLLED), Rel.DROP),
        (a_registration(S.ENROLLED, drop=at(-1), withdraw=at(1)), Rel.WITHDRAW),
        (a_registration(S.ENROLLED, drop=at(-1)), Rel.DROP),
        (a_registration(S.WAITLISTED), Rel.LEAVE),
        (a_registration(S.PENDING), Rel.LEAVE),
        (a_registration(S.OFFERED, expires=at(1)), Rel.DECLINE),
        *[(a_registration(state), None) for state in S if state not in LIVE],
    ],
)
def test_to_leave_means_what_is_legal_in_the_state(facts, expected):
    assert rel_of_leaving(facts, NOON) == expected


@pytest.mark.parametrize("state", S)
def test_enrolled_is_asked_for_by_approval_or_acceptance(state):
    assert rel_of(S.ENROLLED, state) is (Rel.APPROVE if state is S.PENDING else Rel.ACCEPT)


@pytest.mark.parametrize("to", sorted(set(S) - {S.ENROLLED}))
def test_a_person_asks_for_the_states_of_the_table_and_for_no_other(to):
    rel = rel_of(to, S.ENROLLED)

    assert (rel is None) is (to in {S.PENDING, S.WAITLISTED, S.OFFERED, S.EXPIRED, S.CANCELLED})
    assert (to in ASKABLE) is (rel is not None)
    assert rel is None or ASKABLE_MOVES[rel].to is to


@pytest.mark.parametrize("rel", Rel)
def test_every_askable_move_is_a_move_that_a_place_can_make(rel):
    move = ASKABLE_MOVES[rel]

    assert all(move.to in MOVES[source] for source in move.sources)
    assert move.needs_reason is (rel in {Rel.REJECT, Rel.REMOVE})
    student_moves = {Rel.DROP, Rel.WITHDRAW, Rel.LEAVE, Rel.ACCEPT, Rel.DECLINE}
    assert (Asker.STUDENT in move.askers) is (rel in student_moves)
    assert (Asker.INSTRUCTOR in move.askers) is (rel not in student_moves)
    assert Asker.REGISTRAR in move.askers


def test_seats_change_with_the_states_that_hold_one():
    assert seat_delta(None, S.ENROLLED) == 1
    assert seat_delta(None, S.WAITLISTED) == 0
    assert seat_delta(S.WAITLISTED, S.OFFERED) == 1
    assert seat_delta(S.OFFERED, S.ENROLLED) == 0
    assert seat_delta(S.ENROLLED, S.WAITLISTED) == -1
    assert all(seat_delta(state, S.CANCELLED) == -(state in SEATED) for state in LIVE)


@pytest.mark.parametrize("status", ClassStatus)
@pytest.mark.parametrize("to", ClassStatus)
def test_a_class_goes_only_where_its_status_may_go(status, to):
    allowed = {
        ("draft", "open"),
        ("open", "closed"),
        ("closed", "open"),
        ("open", "ended"),
        ("closed", "ended"),
        ("draft", "cancelled"),
        ("open", "cancelled"),
        ("closed", "cancelled"),
    }

    block = class_status_block(status, to)

    assert (block is None) is ((status, to) in allowed)
    if block is not None:
        assert block.code == "state-conflict"
        assert block.details["allowed"] == sorted(end for start, end in allowed if start == status)


instants = st.none() | st.integers(-9, 9).map(at)


@given(state=st.sampled_from(S), drop=instants, withdraw=instants, now=st.integers(-10, 10))
def test_nobody_may_both_drop_and_withdraw(state, drop, withdraw, now):
    found = legal(a_registration(state, drop=drop, withdraw=withdraw), at(now))

    assert not {"drop", "withdraw"} <= found
