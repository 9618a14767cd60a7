"""The registrar's look at the school after the day: everything the verdict needs, by the API."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from api.cli.rehearsal.client import Client
from api.cli.rehearsal.directory import Place, items, places, read
from api.cli.rehearsal.ledger import Ledger

EVENTS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A registration as the class's list shows it."""

    student_id: str
    state: str
    ticket: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Final:
    """How one class stands after the day."""

    place: Place
    rows: dict[str, Row]
    positions: list[int | None]
    audit: dict[str, Any]
    head_seq: int
    ledger: Ledger

    def count(self, *states: str) -> int:
        """How many registrations are in one of `states`."""
        have = Counter(row.state for row in self.rows.values())
        return sum(have[state] for state in states)


@dataclass(slots=True, kw_only=True)
class Inspection:
    """Reads with the registrar's token on several connections."""

    clients: Sequence[Client]
    token: str
    organization_id: str
    on_class: Callable[[], object] = lambda: None

    async def places(self) -> dict[str, Place]:
        """All classes by section, as they stand now."""
        return await places(self.clients[0], self.token, self.organization_id)

    async def finals(self, wanted: Sequence[Place]) -> list[Final]:
        """Read the classes of `wanted` to the ground."""
        waiting = list(wanted)
        found: list[Final] = []

        async def work(client: Client) -> None:
            while waiting:
                found.append(await self._final(client, waiting.pop()))
                self.on_class()

        async with asyncio.TaskGroup() as workers:
            for client in self.clients:
                workers.create_task(work(client))
        return found

    def close(self) -> None:
        for client in self.clients:
            client.close()

    async def _final(self, client: Client, place: Place) -> Final:
        here = f"/v1/classes/{place.class_id}"
        rows = f"{here}/registrations?limit=100&fields=student_id,state,ticket"
        line = f"{here}/waitlist?limit=100"
        ledger, head_seq = await self._ledger(client, place.class_id)
        return Final(
            place=place,
            rows={
                item["id"]: Row(
                    student_id=item["student_id"], state=item["state"], ticket=item["ticket"]
                )
                async for item in items(client, self.token, rows)
            },
            positions=[item["position"] async for item in items(client, self.token, line)]
            if place.waitlist_length
            else [],
            audit=await read(client, self.token, f"{here}/audit"),
            head_seq=head_seq,
            ledger=ledger,
        )

    async def _ledger(self, client: Client, class_id: str) -> tuple[Ledger, int]:
        ledger, head_seq = Ledger(class_id=class_id), 0
        async for page in pages_after(client, self.token, class_id, 0):
            head_seq = page["head_seq"]
            for event in page["items"]:
                ledger.add(event)
        return ledger, head_seq


async def pages_after(
    client: Client, token: str, class_id: str, after: int
) -> AsyncIterator[dict[str, Any]]:
    """Pages of a class's events after the seq `after`; the last is empty."""
    here = f"/v1/classes/{class_id}/events"
    while True:
        page = await read(client, token, f"{here}?after={after}&limit={EVENTS_AT_ONCE}")
        yield page
        if not page["items"]:
            return
        after = page["next_after"]
