from datetime import timedelta

import pytest

from api.services.rules_double_booking import Meeting, Seat, double_booked
from tests import factories
from tests.fake_clock import START

MONDAY = START + timedelta(days=60)
HOUR = timedelta(hours=1)
ART, BIO, CHOIR = sorted(factories.new_id() for _ in range(3))
ANN, BEN = sorted(factories.new_id() for _ in range(2))


def meeting(begins, hours=1, updated_at=START):
    return Meeting(MONDAY + HOUR * begins, MONDAY + HOUR * (begins + hours), updated_at)


def seat(student_id, class_id, decided_at=START, since=START):
    return Seat(student_id, class_id, decided_at, since)


@pytest.mark.parametrize(
    ("art", "bio", "clash"),
    [
        ([meeting(0)], [meeting(0)], True),
        ([meeting(0)], [meeting(1)], False),
        ([meeting(1)], [meeting(0)], False),
        ([meeting(0, 24)], [meeting(23, 1)], True),
        ([meeting(23, 1)], [meeting(0, 24)], True),
        ([meeting(0), meeting(48)], [meeting(24), meeting(48.5)], True),
        ([meeting(0)], [], False),
    ],
)
def test_two_classes_clash_when_two_of_their_meetings_overlap(art, bio, clash):
    seats = [seat(ANN, ART), seat(ANN, BIO)]

    assert list(double_booked(seats, {ART: art, BIO: bio})) == ([ANN] if clash else [])


def test_each_student_is_named_once_and_who_holds_one_class_never():
    seats = [*(seat(ANN, one) for one in (CHOIR, BIO, ART)), seat(BEN, ART)]
    timetables = {one: [meeting(0)] for one in (ART, BIO, CHOIR)}

    assert list(double_booked(seats, timetables)) == [ANN]


@pytest.mark.parametrize(
    ("updated_at", "since", "told"),
    [(START, START, [ANN]), (START + HOUR, START, []), (START, START + HOUR, [])],
)
def test_a_change_after_both_seats_were_given_evicts_nobody(updated_at, since, told):
    seats = [seat(ANN, ART, since=since), seat(ANN, BIO, since=since)]
    timetables = {ART: [meeting(0)], BIO: [meeting(0, updated_at=updated_at)]}

    assert list(double_booked(seats, timetables)) == told


def test_the_later_of_two_seats_is_judged_by_what_stood_then():
    seats = [seat(ANN, ART), seat(ANN, BIO, decided_at=START + 2 * HOUR)]
    timetables = {ART: [meeting(0, updated_at=START + HOUR)], BIO: [meeting(0)]}

    assert list(double_booked(seats, timetables)) == [ANN]


def test_everybody_who_holds_the_same_two_classes_is_named():
    seats = [seat(who, one) for who in (ANN, BEN) for one in (ART, BIO)]
    timetables = {ART: [meeting(0)], BIO: [meeting(0)]}

    assert list(double_booked(seats, timetables)) == [ANN, BEN]
