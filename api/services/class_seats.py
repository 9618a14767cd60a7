"""What a change of a class does to its seats: capacity, status, deadlines, and what falls due."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from api.authz.actor import Actor
from api.models.database import Transaction
from api.models.school_class import ClassStatus
from api.services.rules_waitlist import Shrink


def locked_class(tx: Transaction, class_id: UUID) -> Row[Any] | None:
    """The class, locked until the transaction ends, with every column; None: there is none."""
    raise NotImplementedError


def created(tx: Transaction, actor: Actor, row: Row[Any]) -> Row[Any]:
    """Write `class.created`, the first event of the ledger of a class just made; the row after."""
    raise NotImplementedError


def change_capacity(
    tx: Transaction, actor: Actor, row: Row[Any], capacity: int | None, shrink: Shrink | None
) -> Row[Any]:
    """Give a locked class another capacity; promotes, keeps or displaces. The row after.

    Writes `capacity` and the counters; `version` and `updated_at` are the caller's, once for all
    that one edit changes.

    Raises:
        CapacityBelowTaken: below the seats taken, and `shrink` does not say what then.
    """
    raise NotImplementedError


def change_status(tx: Transaction, actor: Actor, row: Row[Any], to: ClassStatus) -> Row[Any]:
    """Open, close, end or cancel a locked class, with what that does to its line. The row after.

    Writes `status` and the counters; `version` and `updated_at` are the caller's.

    Raises:
        StateConflict: the class cannot go there from where it is.
    """
    raise NotImplementedError


def revised(tx: Transaction, actor: Actor, row: Row[Any]) -> Row[Any]:
    """Settle a locked class whose windows, deadlines, sessions or line settings have changed.

    `row` is the class after the change. Lets expire what is now overdue, promotes whom the change
    lets move, and notes when the class falls due next. The row after.
    """
    raise NotImplementedError
