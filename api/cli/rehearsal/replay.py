"""The day itself: every student's commands, in order, on many connections at once."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from api.cli.rehearsal.client import Answer, Client, GaveUp, Request
from api.cli.rehearsal.demand import Command, spread
from api.cli.rehearsal.directory import Place, Tokens
from api.cli.rehearsal.journal import Claim, Departure, Journal, Unexpected

REGISTER = b'{"on_full":"waitlist"}'


@dataclass(slots=True, kw_only=True)
class Replay:
    """One run over the demand.

    `run` makes the idempotency keys of two runs differ. `speed` divides the real intervals; None
    sends as fast as the answers come. With `refusals_allowed` a 409 is an answer like another,
    and the drop that follows a refused request is skipped, because there is nothing to leave.
    """

    places: Mapping[str, Place]
    tokens: Tokens
    run: str
    speed: float | None = None
    refusals_allowed: bool = False
    on_answer: Callable[[], object] = lambda: None
    journal: Journal = field(default_factory=Journal)
    _held: dict[tuple[str, str], str] = field(default_factory=dict)
    _started: float = 0.0

    async def run_day(self, commands: Sequence[Command], clients: Sequence[Client]) -> Journal:
        """Replay `commands`, a lane of students to each client, and return what was told."""
        lanes = spread(commands, len(clients))
        self._started = time.perf_counter()
        opens = commands[0].at if commands else None
        async with asyncio.TaskGroup() as lanes_running:
            for client, lane in zip(clients, lanes, strict=False):
                due = [
                    0.0 if self.speed is None else (command.at - opens).total_seconds() / self.speed
                    for command in lane
                    if opens is not None
                ]
                lanes_running.create_task(self._walk(client, lane, due))
        return self.journal

    async def _walk(self, client: Client, lane: list[Command], due: list[float]) -> None:
        try:
            for command, moment in zip(lane, due, strict=True):
                if self.speed is not None:
                    early = moment - self._elapsed()
                    self.journal.behind.append(max(0.0, -early))
                    if early > 0:
                        await asyncio.sleep(early)
                await self._perform(client, command)
                self.on_answer()
        finally:
            client.close()

    def _elapsed(self) -> float:
        # The loop's own clock counts whole milliseconds under uvloop.
        return time.perf_counter() - self._started

    async def _perform(self, client: Client, command: Command) -> None:
        request = self._request(command)
        if request is None:
            self.journal.skipped += 1
            return
        sent = self._elapsed()
        try:
            answer = await client.send(request)
        except GaveUp as gone:
            self.journal.skipped += 1
            self.journal.unexpected.append(Unexpected(command=command, status=0, detail=str(gone)))
            return
        self.journal.note(command, answer, sent=sent, took=self._elapsed() - sent)
        self._remember(command, request, answer)

    def _request(self, command: Command) -> Request | None:
        token = self.tokens.students[command.student]
        key = f"rehearsal-{self.run}-{command.number}"
        if command.action == "request":
            path = f"/v1/classes/{self.places[command.section].class_id}/registrations"
            return Request(method="POST", path=path, token=token, key=key, body=REGISTER)
        registration_id = self._held.get((command.student, command.section))
        if registration_id is None:
            return None
        path = f"/v1/registrations/{registration_id}"
        return Request(method="DELETE", path=path, token=token, key=key)

    def _remember(self, command: Command, request: Request, answer: Answer) -> None:
        where = (command.student, command.section)
        if command.action == "request" and answer.status == 201:
            told = answer.json()
            self._held[where] = told["id"]
            self.journal.claim(
                Claim(
                    command=command,
                    request=request,
                    registration_id=told["id"],
                    class_id=told["class_id"],
                    student_id=told["student_id"],
                    state=told["state"],
                    ticket=told["ticket"],
                    digest=answer.digest,
                    answered_seconds=self._elapsed(),
                )
            )
        elif command.action == "drop" and answer.status == 204:
            left = self._held.pop(where)
            self.journal.departures[left] = Departure(
                command=command,
                request=request,
                registration_id=left,
                digest=answer.digest,
                answered_seconds=self._elapsed(),
            )
        else:
            may = self.refusals_allowed and command.action == "request"
            self.journal.refuse(command, answer, allowed=may)
