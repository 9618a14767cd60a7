"""What a command would do: the same code, rolled back, and told as what it would have answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api import ids

if TYPE_CHECKING:
    from api.models.database import Transaction


def as_of_seq(tx: Transaction) -> dict[str, int]:
    """The position of each ledger that the command looked at, by class."""
    return {ids.encode("cls", class_id): seq for class_id, seq in tx.seen_seqs.items()}


def would(document: dict[str, Any], tx: Transaction) -> dict[str, Any]:
    """The representation that the call would return: without an id, and without links."""
    shown = {name: value for name, value in document.items() if name[0] != "_"}
    return {"would": {**shown, "id": None}, "as_of_seq": as_of_seq(tx)}
