"""One rehearsal from the first command to the verdict, on servers that stand."""

import asyncio
import gc
import random
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from tqdm import tqdm

from api.cli.rehearsal.again import sent_again
from api.cli.rehearsal.client import Address, Client, Tally
from api.cli.rehearsal.demand import Command
from api.cli.rehearsal.directory import (
    NotReady,
    Place,
    Tokens,
    organization_of,
    set_conflict_policy,
)
from api.cli.rehearsal.follower import Follower, busiest
from api.cli.rehearsal.inspection import Final, Inspection
from api.cli.rehearsal.journal import Journal
from api.cli.rehearsal.oracle import Expected
from api.cli.rehearsal.replay import Replay
from api.cli.rehearsal.servers import Fleet, Kill, Progress, moments_of
from api.cli.rehearsal.verdict import Check, Facts, judge
from api.clock import SystemClock

READERS = 8
SETTLED_SECONDS = 3
"""After the day: who gave up a class may have set others free for another, and the sweeper seats
those within about a second. What is read over seconds must not change meanwhile."""
AGAIN_SECONDS = 300
"""For sending every command again: several times what a whole day takes on two cores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a day is replayed. `speed` None is as fast as it goes; `seed` chooses the kills."""

    commands: Sequence[Command]
    expected: Mapping[str, Expected]
    tokens: Tokens
    connections: int
    speed: float | None
    kills: int
    seed: int
    conflicts_block: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a day left behind."""

    began: datetime
    seconds: float
    journal: Journal
    tally: Tally
    kills: Sequence[Kill]
    finals: Mapping[str, Final]
    checks: list[Check]


@dataclass(slots=True, kw_only=True)
class Rehearsal:
    """Runs a plan against servers; those of a fleet may be killed on the way."""

    plan: Plan
    addresses: Sequence[Address]
    fleet: Fleet | None = None
    bars: bool = True

    async def run(self) -> Outcome:
        """Replay the day, look at what stands, and judge.

        Raises:
            NotReady: tokens or classes are missing, or an answer to the registrar is not 200.
            ServerFailed: a server of ours did not come back.
        """
        plan = self.plan
        chance = random.Random(plan.seed)  # noqa: S311 - chooses moments, keeps no secret
        tally = Tally()
        registrar = await self._registrar(chance)
        before = await registrar.places()
        self._fits(before)
        if plan.conflicts_block:
            await set_conflict_policy(registrar.clients[0], plan.tokens, registrar.organization_id)
        clients = self._clients(plan.connections, tally, chance)
        follower = self._follower(registrar, before, chance)
        replay = Replay(
            places=before,
            tokens=plan.tokens,
            run=secrets.token_hex(6),
            speed=plan.speed,
            refusals_allowed=plan.conflicts_block,
        )
        began = SystemClock().now()
        with _no_pauses():
            seconds = await self._day(replay, clients, follower, chance)
        again = await self._again(replay.journal, chance)
        finals, after = await self._look(registrar)
        facts = Facts(
            journal=replay.journal,
            finals=finals,
            before=before,
            after=after,
            expected=None if plan.conflicts_block else plan.expected,
        )
        return Outcome(
            began=began,
            seconds=seconds,
            journal=replay.journal,
            tally=tally,
            kills=self.fleet.kills if self.fleet else [],
            finals=finals,
            checks=[*judge(facts), again, await follower.judged()],
        )

    def _clients(self, count: int, tally: Tally, chance: random.Random) -> list[Client]:
        return [
            Client(addresses=self.addresses, home=place, tally=tally, chance=chance)
            for place in range(count)
        ]

    async def _registrar(self, chance: random.Random) -> Inspection:
        clients = self._clients(READERS, Tally(), chance)
        token = self.plan.tokens.registrar
        organization_id = await organization_of(clients[0], token)
        return Inspection(clients=clients, token=token, organization_id=organization_id)

    def _follower(
        self, registrar: Inspection, places: Mapping[str, Place], chance: random.Random
    ) -> Follower:
        copies = busiest(self.plan.commands, places)
        clients = self._clients(len(copies), Tally(), chance)
        return Follower(clients=clients, token=registrar.token, copies=copies)

    def _fits(self, places: Mapping[str, Place]) -> None:
        """Refuse a school that this demand cannot be rehearsed on."""
        students = {command.student for command in self.plan.commands}
        sections = {command.section for command in self.plan.commands}
        lacking = sorted(students - set(self.plan.tokens.students))
        missing = sorted(sections - set(places))
        taken = sorted(
            section
            for section in sections & set(places)
            if places[section].seats_taken or places[section].waitlist_length
        )
        for what, which in (
            ("students without a token", lacking),
            ("sections without a class", missing),
            ("classes that hold registrations already", taken),
        ):
            if which:
                raise NotReady(f"{len(which)} {what}: {', '.join(which[:5])}")

    async def _day(
        self,
        replay: Replay,
        clients: Sequence[Client],
        follower: Follower,
        chance: random.Random,
    ) -> float:
        plan = self.plan
        progress = Progress()
        clock = asyncio.get_running_loop().time
        began = clock()
        with self._bar("the day", len(plan.commands)) as bar:
            replay.on_answer = _both(progress.advance, bar.update)
            async with asyncio.TaskGroup() as running:
                if self.fleet is not None and plan.kills:
                    moments = moments_of(plan.kills, len(plan.commands), chance)
                    running.create_task(self.fleet.strike(moments, progress, chance))
                running.create_task(follower.follow(progress, len(plan.commands)))
                await replay.run_day(plan.commands, clients)
                seconds = clock() - began
        return seconds

    async def _again(self, journal: Journal, chance: random.Random) -> Check:
        clients = self._clients(READERS, Tally(), chance)
        with self._bar("the same again", len(journal.claims) + len(journal.departures)) as bar:
            return await sent_again(
                journal, clients, chance, seconds=AGAIN_SECONDS, on_answer=bar.update
            )

    async def _look(self, registrar: Inspection) -> tuple[dict[str, Final], dict[str, Place]]:
        await asyncio.sleep(SETTLED_SECONDS)
        after = await registrar.places()
        wanted = [after[section] for section in self.plan.expected]
        with self._bar("the verdict", len(wanted)) as bar:
            registrar.on_class = bar.update
            finals = await registrar.finals(wanted)
        registrar.close()
        return {final.place.section: final for final in finals}, after

    def _bar(self, name: str, total: int) -> "tqdm[None]":
        return tqdm(desc=name, total=total, unit="", mininterval=0.5, disable=not self.bars)


@contextmanager
def _no_pauses() -> Iterator[None]:
    """Hold the garbage collector back: a pause of it would be read as latency of the server."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _both(first: Callable[[], object], second: Callable[[], object]) -> Callable[[], None]:
    def call() -> None:
        first()
        second()

    return call
