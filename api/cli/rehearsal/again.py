"""Every acknowledged command once more, with its key: the answer must be the first one."""

import asyncio
import random
from collections.abc import Callable, Sequence

from api.cli.rehearsal.client import Client
from api.cli.rehearsal.journal import Claim, Departure, Journal
from api.cli.rehearsal.verdict import Check, check


async def sent_again(
    journal: Journal,
    clients: Sequence[Client],
    chance: random.Random,
    *,
    seconds: float,
    on_answer: Callable[[], object] = lambda: None,
) -> Check:
    """Compare all answers that were promised, or as many as `seconds` bear, in any order.

    The check says how many of how many it looked at.
    """
    promised: list[Claim | Departure] = [*journal.claims.values(), *journal.departures.values()]
    waiting = chance.sample(promised, len(promised))
    differing: list[str] = []
    clock = asyncio.get_running_loop().time
    ends = clock() + seconds

    async def work(client: Client) -> None:
        while waiting and clock() < ends:
            fault = await _fault(client, waiting.pop())
            if fault:
                differing.append(fault)
            on_answer()
        client.close()

    async with asyncio.TaskGroup() as workers:
        for client in clients:
            workers.create_task(work(client))
    sent, of = len(promised) - len(waiting), len(promised)
    claim = f"sent again with its key, an answer comes back byte for byte: {sent:,} of {of:,}"
    return check(claim, sent, differing)


async def _fault(client: Client, told: Claim | Departure) -> str:
    """Say how the answer to the same key differs from the first; nothing if it does not."""
    answer = await client.send(told.request)
    if answer.headers.get("idempotent-replayed") == "true" and answer.digest == told.digest:
        return ""
    return f"{told.request.method} {told.request.path}: {answer.status}"
