"""A registration as it is moved under the lock of its class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from api.models.registration import RegistrationState
from api.services.rules_states import seat_delta

WAITLISTED = RegistrationState.WAITLISTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A registration as the book moves it; `state` null: it is being made."""

    id: UUID
    student_id: UUID
    ticket: int
    state: RegistrationState | None
    priority: int = 0
    skip_reason: str | None = None
    version: int = 0

    @classmethod
    def of(cls, row: Row[Any]) -> Place:
        """From a row that `api.models.places` reads."""
        return cls(**{name: getattr(row, name) for name in cls.__slots__})

    @property
    def is_eligible(self) -> bool:
        """Whether it waits and was not passed over."""
        return self.state == WAITLISTED and self.skip_reason is None

    def entry_of(self, to: RegistrationState | None) -> dict[str, Any]:
        """What the event of the move to `to` says of the registration."""
        return {
            "registration_id": self.id,
            "student_id": self.student_id,
            "from_state": self.state,
            "to_state": to,
            "ticket": self.ticket,
            "seat_delta": 0 if to is None else seat_delta(self.state, to),
        }
