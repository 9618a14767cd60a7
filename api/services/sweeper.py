"""Whatever falls due by the clock, done by Homeroom itself: one transaction for each class.

Nothing rests on it: a command that locks a class first settles what is due there.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from api.errors import Unavailable
from api.models import dues, seats
from api.models.database import Database, Transaction
from api.models.locks import LockStep
from api.services import promotion
from api.services.rounds import Rounds
from api.services.seat_book import SeatBook
from api.services.token_uses import TokenUses

CLASSES_A_PASS: Final = 100
RECORDS_A_PASS: Final = 500
TOKENS_KEPT: Final = timedelta(days=30)
"""How long after its end a token still shows in its owner's list."""

_log = logging.getLogger("homeroom.sweeper")


@dataclass(frozen=True, slots=True)
class Swept:
    """What one pass did: classes settled, and records thrown away."""

    classes: int = 0
    records: int = 0


@dataclass(slots=True)
class Sweeper:
    """The sweeper of one process; `start` gives it a thread, `stop` ends the class at hand."""

    database: Database
    uses: TokenUses = field(default_factory=TokenUses)
    _rounds: Rounds = field(init=False)

    def __post_init__(self) -> None:
        self._rounds = Rounds("sweeper", self.once, _log)

    def once(self) -> Swept:
        """One pass: at most 100 classes, those that somebody noted first, and 500 old records.

        Then 500 of the tokens that were used today.

        Raises:
            Unavailable: the database is away or busy; the next pass finds what is left.
        """
        settled = 0
        for class_id in self._due():
            if self._rounds.is_stopping:
                break
            settled += self._settled(class_id)
        swept = Swept(classes=settled, records=self._throw_away())
        self.uses.write(self.database)
        return swept

    def start(self) -> None:
        """Sweep every second from now on, in a thread of its own."""
        self._rounds.start()

    @property
    def is_running(self) -> bool:
        """Whether it sweeps by itself."""
        return self._rounds.is_running

    def stop(self) -> None:
        """End: the class at hand is finished, no other is begun; what is noted gets written."""
        self._rounds.stop(last=self._write_uses)

    def _write_uses(self) -> None:
        while self.uses.write(self.database):
            pass

    def _settled(self, class_id: UUID) -> bool:
        try:
            with self.database.write() as tx:
                return settle_class(tx, class_id)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001  # or every pass would end at this class, the first due
            _log.exception("class %s could not be settled", class_id)
            return False

    def _due(self) -> list[UUID]:
        with self.database.read() as tx:
            noted = [row.class_id for row in tx.all(dues.NOTED_CLASSES, most=CLASSES_A_PASS)]
            overdue = tx.all(dues.DUE_CLASSES, now=self.database.clock.now(), most=CLASSES_A_PASS)
        # Each once, in this order.
        both = dict.fromkeys([*noted, *(row.class_id for row in overdue)])
        return list(both)[:CLASSES_A_PASS]

    def _throw_away(self) -> int:
        now = self.database.clock.now()
        asked = {"now": now, "long_ago": now - TOKENS_KEPT}
        with self.database.read() as tx:
            # Most passes find nothing, and need no turn at writing to see it.
            if all(tx.first(old, **asked, most=1) is None for old in dues.OLD):
                return 0
        with self.database.write() as tx:
            done = [tx.execute(old, {**asked, "most": RECORDS_A_PASS}) for old in dues.DELETE_OLD]
            return sum(result.rowcount for result in done)


def settle_class(tx: Transaction, class_id: UUID) -> bool:
    """Settle what is due in a class, and promote, unless somebody else holds it."""
    tx.lock(LockStep.CLASS, class_id)
    row = tx.first(seats.DUE_CLASS, class_id=class_id, clock_now=tx.given_now())
    if row is None:
        # Its notes are all that may be left of a class that was deleted.
        tx.execute(dues.DELETE_NOTES_OF_NO_CLASS, {"class_id": class_id})
        return False
    key = {"organization_id": row.organization_id, "class_id": class_id}
    notes = [note.id for note in tx.all(dues.NOTES_OF_CLASS, **key)]
    book = SeatBook.open(row, row.clock_now)
    promotion.settle(tx, book)
    promotion.finish(tx, book, is_revised=True)
    if notes:
        tx.execute(dues.DELETE_NOTES, {"organization_id": row.organization_id, "ids": notes})
    return True
