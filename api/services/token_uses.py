"""The day on which each token was last used: noted in memory, written outside of any request."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Final
from uuid import UUID

from api.models.database import Database
from api.models.user import MARK_USED

KEPT_AT_MOST: Final = 50_000
WRITTEN_AT_ONCE: Final = 500

_DAY, _TOKEN = itemgetter(0), itemgetter(1)


def _unwritten() -> deque[tuple[date, UUID]]:
    return deque(maxlen=KEPT_AT_MOST)


@dataclass(slots=True)
class TokenUses:
    """What one process saw: its threads note uses, and its sweeper, alone, writes them.

    No lock: each step that two threads may take at once is one step of the interpreter, and
    noting a use twice does no harm.
    """

    _day: date = date.min
    _noted: set[UUID] = field(default_factory=set)
    _unwritten: deque[tuple[date, UUID]] = field(default_factory=_unwritten)

    def note(self, token_id: UUID, now: datetime) -> None:
        """A token was used; `now` is in UTC. After the first time on a day this does nothing."""
        day = now.date()
        if day != self._day or len(self._noted) >= KEPT_AT_MOST:
            self._day, self._noted = day, set()
        if token_id not in self._noted:
            self._noted.add(token_id)
            self._unwritten.append((day, token_id))

    def write(self, database: Database) -> int:
        """Write what is noted, at most 500 uses, and say how many; a token once a day at most.

        Raises:
            Unavailable: the database is away or busy; the next call writes the same.
        """
        count = min(len(self._unwritten), WRITTEN_AT_ONCE)
        if not count:
            return 0
        uses = [self._unwritten.popleft() for _ in range(count)]
        try:
            with database.write() as tx:
                for day, of_day in groupby(sorted(uses, key=_DAY), key=_DAY):
                    tx.execute(MARK_USED, {"day": day, "ids": list(map(_TOKEN, of_day))})
        except BaseException:
            self._unwritten.extend(uses)
            raise
        return count
