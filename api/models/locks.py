"""The one order in which a transaction may lock rows, so that no two can wait for each other."""

from __future__ import annotations

import enum
from typing import Any


class LockStep(enum.IntEnum):
    """The kinds of row that are locked, in the order in which they must be.

    `MADE` is outside the order: rows that the transaction has made itself, so that nobody can hold
    them or wait for them.
    """

    MADE = 0
    ORGANIZATION = 1
    TERM = 2
    COURSE = 3
    CLASS = 4
    STUDENT = 5
    REGISTRATION = 6
    JOB = 7
    STREAM = 8


# Whoever locks registrations holds their class already, so nobody can meet another there.
_UNORDERED = frozenset({LockStep.REGISTRATION})


class LockOrderBroken(Exception):
    """A transaction was about to lock a row that comes before one that it holds: a bug."""


class LockOrder:
    """What one transaction has locked so far."""

    __slots__ = ("_held", "_last_id", "_step")

    def __init__(self) -> None:
        self._held: set[tuple[LockStep, Any]] = set()
        self._step: LockStep | None = None
        self._last_id: Any = None

    def record(self, step: LockStep, *ids: Any) -> None:
        """Note the locks about to be taken; a lock that is held already may be named again.

        So may a row that was noted as `MADE`, wherever it would stand in the order.

        The ids of a step must rise: UUIDs, or (kind, id) for a stream.

        Raises:
            LockOrderBroken: a row would be locked after one that comes behind it.
        """
        for row_id in ids:
            if step is LockStep.MADE:
                self._held.add((step, row_id))
                continue
            if (step, row_id) in self._held or (LockStep.MADE, row_id) in self._held:
                continue
            if self._comes_too_late(step, row_id):
                raise LockOrderBroken(
                    f"{step.name} {row_id} after {self._step!r} {self._last_id}: "
                    "take the larger set of locks at once, in order"
                )
            self._held.add((step, row_id))
            self._step, self._last_id = step, row_id

    def holds(self, step: LockStep, row_id: Any) -> bool:
        """Whether this transaction has locked that row."""
        return (step, row_id) in self._held

    def _comes_too_late(self, step: LockStep, row_id: Any) -> bool:
        if self._step is None or step > self._step:
            return False
        if step < self._step:
            return True
        return step not in _UNORDERED and bool(row_id < self._last_id)
