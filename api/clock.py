"""Time as Homeroom knows it: aware, in UTC, whole milliseconds, from one injected clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """What tells the time; a test gives its own."""

    def now(self) -> datetime:
        """The present instant: aware, UTC, truncated to the millisecond."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """The present instant: aware, UTC, truncated to the millisecond."""
        return truncated(datetime.now(UTC))  # noqa: TID251 - this is the Clock


def truncated(instant: datetime) -> datetime:
    """Cut `instant` down to the whole millisecond before it."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def epoch_ms(instant: datetime) -> int:
    """Milliseconds from 1970 to `instant`."""
    # Not `timestamp() * 1000`: a float of that size can miss the millisecond by one.
    since = instant - _EPOCH
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def to_text(instant: datetime) -> str:
    """Write a UTC instant as `2026-11-20T09:30:00.000Z` (RFC 3339), which also sorts as text."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def from_text(text: str) -> datetime:
    """Read what `to_text` wrote."""
    return datetime.fromisoformat(text)
