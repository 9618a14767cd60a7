"""Clashes of sessions: half-open intervals and a gap, found by halving and not pair by pair."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.services.rules_conflicts import Clash, Span, Timetable

MIDNIGHT = datetime(2026, 9, 1, tzinfo=UTC)


def a_span(number, start, end):
    return Span(
        session_id=UUID(int=number),
        class_id=UUID(int=number // 1000),
        starts_at=MIDNIGHT + timedelta(minutes=start),
        ends_at=MIDNIGHT + timedelta(minutes=end),
    )


def clashes(candidate, taken, gap_minutes=0):
    return Timetable.of(taken, gap_minutes).clashes_with(candidate)


def by_definition(candidate, taken, gap_minutes):
    gap = timedelta(minutes=gap_minutes)
    return {
        (ours.session_id, theirs.session_id)
        for ours in candidate
        for theirs in taken
        if ours.starts_at < theirs.ends_at + gap and theirs.starts_at < ours.ends_at + gap
    }


@pytest.mark.parametrize(
    ("ours", "theirs", "gap", "expected"),
    [
        ((60, 120), (60, 120), 0, True),
        ((60, 120), (119, 180), 0, True),
        ((60, 120), (120, 180), 0, False),
        ((120, 180), (60, 120), 0, False),
        ((60, 120), (120, 180), 1, True),
        ((60, 120), (135, 180), 15, False),
        ((60, 120), (134, 180), 15, True),
        ((135, 180), (60, 120), 15, False),
        ((134, 180), (60, 120), 15, True),
        ((60, 240), (100, 110), 0, True),
        ((100, 110), (60, 240), 0, True),
    ],
)
def test_two_sessions_clash_when_they_overlap_by_more_than_the_gap_allows(
    ours, theirs, gap, expected
):
    candidate, taken = a_span(1, *ours), a_span(2, *theirs)

    found = clashes([candidate], [taken], gap)

    assert found == ([Clash(candidate, taken)] if expected else [])


def test_clashes_come_in_order_of_time_whatever_the_order_of_the_sessions():
    early, late = a_span(1, 60, 120), a_span(2, 600, 660)
    first, second, third = a_span(1001, 30, 70), a_span(2001, 100, 130), a_span(3001, 650, 700)

    found = clashes([late, early], [third, second, first])

    assert found == [Clash(early, first), Clash(early, second), Clash(late, third)]


def test_nothing_clashes_with_no_sessions():
    assert clashes([], [a_span(1, 0, 10)]) == []
    assert clashes([a_span(1, 0, 10)], []) == []


def test_long_timetables_are_not_compared_pair_by_pair():
    comparisons = 0

    class Watched(datetime):
        def __le__(self, other):
            nonlocal comparisons
            comparisons += 1
            return super().__le__(other)

        def __lt__(self, other):
            nonlocal comparisons
            comparisons += 1
            return super().__lt__(other)

    def a_row(first_number, shift):
        return [
            Span(
                session_id=UUID(int=first_number + week),
                class_id=UUID(int=first_number),
                starts_at=Watched(2026, 1, 1, shift, tzinfo=UTC) + timedelta(days=week),
                ends_at=Watched(2026, 1, 1, shift + 1, tzinfo=UTC) + timedelta(days=week),
            )
            for week in range(500)
        ]

    found = clashes(a_row(1000, 9), a_row(5000, 10))

    assert found == []
    assert 0 < comparisons < 30_000  # pair by pair: 250,000 at least


spans = st.lists(
    st.tuples(st.integers(0, 300), st.integers(1, 90)).map(
        lambda drawn: (drawn[0], drawn[0] + drawn[1])
    ),
    max_size=12,
)


@given(ours=spans, theirs=spans, gap=st.integers(0, 60))
def test_exactly_the_pairs_of_the_definition_are_found(ours, theirs, gap):
    candidate = [a_span(number, *span) for number, span in enumerate(ours)]
    taken = [a_span(1000 + number, *span) for number, span in enumerate(theirs)]

    found = clashes(candidate, taken, gap)

    pairs = [(clash.candidate.session_id, clash.taken.session_id) for clash in found]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == by_definition(candidate, taken, gap)
    times = [(clash.candidate.starts_at, clash.taken.starts_at) for clash in found]
    assert times == sorted(times)
