from datetime import UTC, date, datetime, timedelta

import pytest

from api.errors import ValidationFailed
from api.models.school_class import ClassStatus
from api.services.rules_catalogue import (
    deadline_faults,
    new_status_faults,
    refuse_faults,
    term_faults,
    window_faults,
)

DAY, NOON = date(2027, 3, 1), datetime(2027, 3, 1, 12, tzinfo=UTC)
BEFORE, AFTER = timedelta(days=-1), timedelta(days=1)


def pointers(faults):
    return [fault.pointer for fault in faults]


@pytest.mark.parametrize(
    ("first", "last", "rule", "start", "later", "at_once"),
    [
        ("starts_on", "ends_on", term_faults, DAY, AFTER, []),
        ("drop_until", "withdraw_until", term_faults, NOON, AFTER, []),
        ("drop_until", "withdraw_until", deadline_faults, NOON, AFTER, []),
        ("opens_at", "closes_at", window_faults, NOON, AFTER, ["#/closes_at"]),
    ],
)
def test_what_comes_last_does_not_lie_before_what_comes_first(
    first, last, rule, start, later, at_once
):
    assert pointers(rule({first: start, last: start + later})) == []
    assert pointers(rule({first: start, last: start})) == at_once
    assert pointers(rule({first: start, last: start + BEFORE})) == [f"#/{last}"]


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (term_faults, "starts_on"),
        (term_faults, "ends_on"),
        (deadline_faults, "drop_until"),
        (deadline_faults, "withdraw_until"),
        (window_faults, "opens_at"),
        (window_faults, "closes_at"),
    ],
)
def test_an_end_that_is_open_breaks_no_order(rule, name):
    assert rule({name: DAY if name.endswith("_on") else NOON}) == []


def test_all_faults_of_a_term_are_told_at_once():
    wrong = {"starts_on": DAY, "ends_on": DAY + BEFORE}
    wrong |= {"drop_until": NOON, "withdraw_until": NOON + BEFORE}

    faults = term_faults(wrong)

    assert sorted(pointers(faults)) == ["#/ends_on", "#/withdraw_until"]
    assert {fault.code for fault in faults} == {"out-of-range"}


@pytest.mark.parametrize("status", ClassStatus)
def test_a_class_begins_as_a_draft_or_open(status):
    begins = status in {ClassStatus.DRAFT, ClassStatus.OPEN}

    assert pointers(new_status_faults(status)) == ([] if begins else ["#/status"])


def test_faults_are_refused_and_no_faults_are_not():
    refuse_faults([])
    faults = new_status_faults(ClassStatus.CANCELLED)

    with pytest.raises(ValidationFailed) as refused:
        refuse_faults(faults)

    assert refused.value.errors == tuple(faults)
