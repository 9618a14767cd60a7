"""Notes for the sweeper that the line of a class must be looked at; writing one locks nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from api import ids
from api.clock import epoch_ms
from api.models import places
from api.models.database import Transaction


def note_due(tx: Transaction, organization_id: UUID, class_ids: Iterable[UUID]) -> None:
    """Have the sweeper look at the lines of these classes within a second; locks nothing."""
    rows: Sequence[dict[str, Any]] = [
        {
            "id": ids.new_id(epoch_ms(tx.now()), organization_id),
            "organization_id": organization_id,
            "class_id": class_id,
            "created_at": tx.now(),
        }
        for class_id in sorted(class_ids)
    ]
    if rows:
        tx.execute(places.INSERT_DUE, rows)
