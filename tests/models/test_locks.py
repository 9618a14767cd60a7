from uuid import UUID

import pytest

from api.models.locks import LockOrder, LockOrderBroken, LockStep

LOW, HIGH = UUID(int=1), UUID(int=2)
IN_ORDER = [step for step in LockStep if step is not LockStep.MADE]


def test_the_whole_order_is_allowed():
    order = LockOrder()

    for step in IN_ORDER:
        order.record(step, LOW, HIGH)

    assert order.holds(LockStep.CLASS, HIGH)


def test_a_step_may_be_left_out():
    order = LockOrder()

    order.record(LockStep.CLASS, LOW)
    order.record(LockStep.STREAM, ("user", LOW))

    assert not order.holds(LockStep.STUDENT, LOW)


@pytest.mark.parametrize("step", IN_ORDER[1:])
def test_a_step_backwards_is_refused(step):
    order = LockOrder()
    order.record(step, LOW)

    with pytest.raises(LockOrderBroken):
        order.record(LockStep(step - 1), HIGH)


@pytest.mark.parametrize("step", [LockStep.TERM, LockStep.CLASS, LockStep.STUDENT])
def test_a_smaller_id_after_a_greater_is_refused(step):
    order = LockOrder()
    order.record(step, HIGH)

    with pytest.raises(LockOrderBroken):
        order.record(step, LOW)


def test_ids_given_out_of_order_are_refused():
    with pytest.raises(LockOrderBroken):
        LockOrder().record(LockStep.CLASS, HIGH, LOW)


def test_streams_are_ordered_by_kind_and_then_id():
    order = LockOrder()
    order.record(LockStep.STREAM, ("org", HIGH), ("user", LOW))

    with pytest.raises(LockOrderBroken):
        order.record(LockStep.STREAM, ("room", HIGH))


def test_a_row_that_is_held_may_be_named_again():
    order = LockOrder()
    order.record(LockStep.CLASS, LOW, HIGH)
    order.record(LockStep.STUDENT, LOW)

    order.record(LockStep.CLASS, LOW)

    with pytest.raises(LockOrderBroken):
        order.record(LockStep.CLASS, UUID(int=3))


def test_a_row_that_the_transaction_has_made_may_be_named_anywhere_and_leaves_the_order_alone():
    order = LockOrder()
    order.record(LockStep.CLASS, HIGH)

    order.record(LockStep.MADE, LOW, ("org", LOW))
    order.record(LockStep.STREAM, ("org", LOW))
    order.record(LockStep.CLASS, LOW)
    order.record(LockStep.STUDENT, HIGH)

    with pytest.raises(LockOrderBroken):
        order.record(LockStep.CLASS, UUID(int=3))


def test_registrations_are_behind_the_lock_of_their_class_and_need_no_order():
    order = LockOrder()

    order.record(LockStep.REGISTRATION, HIGH, LOW)

    assert order.holds(LockStep.REGISTRATION, LOW)
