"""Windows, deadlines and the time for which a judgement stands."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import Block
from api.services.rules_windows import (
    Bounds,
    Deadlines,
    Window,
    bounds_around,
    effective_deadlines,
    pending_ends_at,
    window_block,
)

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)


def at(hours):
    return NOON + timedelta(hours=hours)


def a_window(opens, closes, audience=None):
    return Window(audience=audience, opens_at=at(opens), closes_at=at(closes))


def test_a_class_without_windows_is_open():
    assert window_block([], frozenset(), NOON) is None


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (at(1) - MOMENT, "not-open-yet"),
        (at(1), None),
        (at(2) - MOMENT, None),
        (at(2), "registration-closed"),
    ],
)
def test_a_window_is_open_from_its_first_instant_until_before_its_last(now, code):
    block = window_block([a_window(1, 2)], frozenset(), now)

    assert (block and block.code) == code


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ({"seniors"}, None),
        ({"honours"}, Block("registration-closed", {"closed_at": at(-2)})),
        (set(), Block("not-open-yet", {"opens_at": at(4)})),
        ({"juniors"}, Block("not-open-yet", {"opens_at": at(2)})),
    ],
)
def test_a_student_is_told_of_own_windows_alone(groups, expected):
    windows = [
        a_window(-1, 1, "seniors"),
        a_window(2, 3, "juniors"),
        a_window(-3, -2, "honours"),
    ]
    everybody = [] if groups == {"honours"} else [a_window(4, 5)]

    block = window_block(windows + everybody, frozenset(groups), NOON)

    assert block == expected
    assert (block and block.details) == (expected and expected.details)


def test_between_two_own_windows_the_next_one_counts():
    block = window_block([a_window(-3, -2), a_window(2, 3), a_window(5, 6)], frozenset(), NOON)

    assert block.details == {"opens_at": at(2)}


def test_after_the_last_own_window_the_latest_end_is_named():
    block = window_block([a_window(-3, -1), a_window(-5, -2)], frozenset(), NOON)

    assert (block.code, block.details) == ("registration-closed", {"closed_at": at(-1)})


def test_who_is_in_no_audience_is_told_which_there_are():
    windows = [a_window(-1, 1, "seniors"), a_window(2, 3, "juniors"), a_window(3, 4, "juniors")]

    block = window_block(windows, frozenset({"staff"}), NOON)

    assert (block.code, block.details) == ("audience", {"audiences": ["juniors", "seniors"]})


def test_for_nobody_in_particular_the_window_of_any_audience_will_do():
    assert window_block([a_window(-1, 1, "seniors")], None, NOON) is None


@pytest.mark.parametrize(
    ("own", "term", "first_session", "expected"),
    [
        (Deadlines(), Deadlines(), None, Deadlines()),
        (Deadlines(), Deadlines(), at(5), Deadlines(promotion_ends_at=at(5))),
        (
            Deadlines(drop_until=at(3)),
            Deadlines(drop_until=at(9), withdraw_until=at(9)),
            at(5),
            Deadlines(drop_until=at(3), withdraw_until=at(9), promotion_ends_at=at(3)),
        ),
        (
            Deadlines(withdraw_until=at(8)),
            Deadlines(drop_until=at(7), withdraw_until=at(9)),
            at(5),
            Deadlines(drop_until=at(7), withdraw_until=at(8), promotion_ends_at=at(5)),
        ),
        (
            Deadlines(promotion_ends_at=at(6)),
            Deadlines(drop_until=at(1), promotion_ends_at=at(2)),
            at(5),
            Deadlines(drop_until=at(1), promotion_ends_at=at(6)),
        ),
        (
            Deadlines(),
            Deadlines(promotion_ends_at=at(2)),
            at(1),
            Deadlines(promotion_ends_at=at(2)),
        ),
    ],
)
def test_the_own_deadline_holds_else_the_terms_else_what_follows(
    own, term, first_session, expected
):
    assert effective_deadlines(own, term, first_session) == expected


@pytest.mark.parametrize(
    ("drop", "withdraw", "expected"),
    [
        (None, None, True),
        (1, None, True),
        (None, 1, True),
        (1, 1, True),
        (1, 2, True),
        (2, 1, False),
    ],
)
def test_dropping_ends_no_later_than_withdrawing(drop, withdraw, expected):
    deadlines = Deadlines(
        drop_until=None if drop is None else at(drop),
        withdraw_until=None if withdraw is None else at(withdraw),
    )

    assert deadlines.in_order is expected


def test_a_pending_request_outlives_the_last_window_by_a_week():
    assert pending_ends_at([a_window(1, 2), a_window(-5, -4)]) == at(2) + timedelta(days=7)
    assert pending_ends_at([]) is None


@pytest.mark.parametrize(
    ("closes_at", "ends_at"),
    [
        ("9999-12-31T23:59:59.999Z", None),
        ("9999-12-25T00:00:00.000Z", None),
        ("9999-12-24T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_request_for_a_class_whose_window_does_not_close_stays(closes_at, ends_at):
    window = Window(opens_at=NOON, closes_at=datetime.fromisoformat(closes_at))

    found = pending_ends_at([window])

    assert found == (None if ends_at is None else datetime.fromisoformat(ends_at))


def test_bounds_are_the_instants_on_both_sides_of_now():
    bounds = bounds_around(NOON, [at(-2), None, at(-1), at(1), at(3)])

    assert bounds == Bounds(since=at(-1), until=at(1))
    assert bounds_around(NOON, [NOON]) == Bounds(since=NOON, until=None)
    assert bounds_around(NOON, []) == Bounds()


def test_bounds_hold_from_their_first_instant_until_before_their_last():
    bounds = Bounds(since=at(-1), until=at(1))

    moments = [at(-1) - MOMENT, at(-1), at(1) - MOMENT, at(1)]
    assert [bounds.contain(moment) for moment in moments] == [False, True, True, False]


@given(
    drawn=st.lists(
        st.tuples(st.integers(-9, 9), st.integers(1, 9), st.sampled_from("ab")), max_size=5
    ),
    now=st.integers(-10, 20),
    later=st.integers(-10, 20),
    groups=st.frozensets(st.sampled_from("ab")),
)
def test_a_window_judges_alike_throughout_its_bounds(drawn, now, later, groups):
    windows = [a_window(opens, opens + lasts, audience) for opens, lasts, audience in drawn]
    instants = [instant for window in windows for instant in (window.opens_at, window.closes_at)]
    bounds = bounds_around(at(now), instants)

    assert bounds.contain(at(now))
    if bounds.contain(at(later)):
        first, second = (window_block(windows, groups, at(hours)) for hours in (now, later))
        assert (first and (first.code, first.details)) == (second and (second.code, second.details))
