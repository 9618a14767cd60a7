"""A reader beside the day, who comes back for what is new in a few ledgers and misses nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from api.cli.rehearsal.client import Client
from api.cli.rehearsal.demand import Command
from api.cli.rehearsal.directory import Place
from api.cli.rehearsal.inspection import pages_after
from api.cli.rehearsal.servers import Progress
from api.cli.rehearsal.verdict import Check, check

FOLLOWED = 3
ROUNDS = 50
"""By the progress of the day and not by the clock: a bound on the requests of a day of any length,
small beside the commands and the limit of a registrar."""


@dataclass(slots=True, kw_only=True)
class Copy:
    """What was read of one ledger so far, and where to go on."""

    place: Place
    events: list[dict[str, Any]] = field(default_factory=list)
    after: int = 0


@dataclass(slots=True, kw_only=True)
class Follower:
    """Reads the registrar's ledgers by `after`; a class to a client, so that all servers are asked.

    `during` counts the events that were read before the day was over.
    """

    clients: Sequence[Client]
    token: str
    copies: Sequence[Copy]
    rounds: int = 0
    during: int = 0

    async def follow(self, progress: Progress, commands: int) -> None:
        """Come back some fifty times until `commands` are over."""
        step = max(1, commands // ROUNDS)
        while progress.over < commands:
            self.during += await self._read_on()
            self.rounds += 1
            await progress.reach(min(progress.over + step, commands))

    async def judged(self) -> Check:
        """Come back a last time, and hold each copy against the ledger read from its start."""
        await self._read_on()
        whole = [
            [
                event
                async for page in pages_after(client, self.token, copy.place.class_id, 0)
                for event in page["items"]
            ]
            for client, copy in zip(self.clients, self.copies, strict=True)
        ]
        for client in self.clients:
            client.close()
        faults = (_missed(copy, events) for copy, events in zip(self.copies, whole, strict=True))
        return check(
            f"who came back {self.rounds} times for the events of {len(self.copies)} busy classes "
            f"has them all in order, {self.during:,} of them read during the day",
            sum(map(len, whole)),
            filter(None, faults),
        )

    async def _read_on(self) -> int:
        before = sum(len(copy.events) for copy in self.copies)
        for client, copy in zip(self.clients, self.copies, strict=True):
            pages = pages_after(client, self.token, copy.place.class_id, copy.after)
            async for page in pages:
                copy.events += page["items"]
                copy.after = page["next_after"]
        return sum(len(copy.events) for copy in self.copies) - before


def busiest(commands: Iterable[Command], places: Mapping[str, Place]) -> list[Copy]:
    """An empty copy for each class that most is asked of."""
    asked = Counter(command.section for command in commands)
    return [Copy(place=places[section]) for section, _ in asked.most_common(FOLLOWED)]


def _missed(copy: Copy, whole: Sequence[dict[str, Any]]) -> str:
    """Name the first event that the copy has not, has otherwise, or has too much."""
    for number, (read, written) in enumerate(zip_longest(copy.events, whole), start=1):
        if read != written:
            return f"{copy.place.section}: {len(copy.events)} of {len(whole)}, differs at {number}"
    return ""
