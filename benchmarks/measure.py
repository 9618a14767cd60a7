"""One sample: check an answer, warm up, play the load, and see who used the processor."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from benchmarks.jobs import EXPECTED_STATUS, RUSHES, Job, Request, Rush, World
from benchmarks.load import Outcome, play_once, repeat
from benchmarks.machine import Reading, resident_mb
from benchmarks.servers import Serving

ANSWER_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How long, how wide, how often. Times in seconds; `rush` is the number of students."""

    seconds: float
    warm_seconds: float
    rounds: int
    connections: int
    rush: int
    warm_rush: int


FULL = Shape(seconds=5, warm_seconds=2, rounds=5, connections=32, rush=4_000, warm_rush=400)
QUICK = Shape(seconds=2, warm_seconds=1, rounds=1, connections=32, rush=1_000, warm_rush=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One job of one subject in one round. CPU is microseconds a request."""

    subject: str
    job: Job
    round: int
    rate: float
    p50_ms: float
    p99_ms: float
    server_us: float
    database_us: float | None
    foreign_share: float
    resident_mb: float
    requests: int
    statuses: dict[str, int]
    faults: list[str]


@dataclass(slots=True, kw_only=True)
class Bench:
    """A running subject and its world, ready to be measured."""

    subject: str
    world: World
    serving: Serving
    shape: Shape

    def sample(self, job: Job, requests: Sequence[Request], round_: int) -> Sample:
        """Measure a job once, after a warm-up that is thrown away."""
        rush = None
        if job in RUSHES:
            self._rush(self.world.rush(job, self.serving.bases[0], self.shape.warm_rush))
            rush = self.world.rush(job, self.serving.bases[0], self.shape.rush)
        else:
            self._repeat(requests, self.shape.warm_seconds)
        processes = self.world.database_processes()
        before = Reading.now(self.serving.pids, processes)
        outcome = self._rush(rush) if rush else self._repeat(requests, self.shape.seconds)
        after = Reading.now(self.serving.pids, processes)
        faults = self._faults(job, outcome, rush)
        return Sample(
            subject=self.subject,
            job=job,
            round=round_,
            rate=outcome.rate,
            p50_ms=outcome.p50_ms,
            p99_ms=outcome.p99_ms,
            server_us=(after.server - before.server) / outcome.requests * 1e6,
            database_us=(after.database - before.database) / outcome.requests * 1e6
            if processes
            else None,
            foreign_share=after.foreign_share(before),
            resident_mb=resident_mb(self.serving.pids),
            requests=outcome.requests,
            statuses=outcome.statuses,
            faults=faults,
        )

    def check(self, job: Job, requests: Sequence[Request]) -> None:
        """See one right answer of the job before it is timed.

        Raises:
            AssertionError: the answer is not what the job promises.
        """
        base = self.serving.bases[0]
        if job in RUSHES:
            requests = self.world.rush(job, base, self.shape.warm_rush).requests
        request = requests[0]
        answer = httpx.request(
            request.method,
            base + request.path,
            headers=dict(request.headers),
            content=request.body or None,
            timeout=ANSWER_SECONDS,
        )
        expected = EXPECTED_STATUS[job]
        assert answer.status_code == expected, f"{answer.status_code} {answer.text[:400]}"
        self.world.check(job, request, answer)

    def _repeat(self, requests: Sequence[Request], seconds: float) -> Outcome:
        return repeat(
            requests,
            self.serving.bases,
            seconds=seconds,
            connections=self.shape.connections,
        )

    def _rush(self, rush: Rush) -> Outcome:
        return play_once(rush.requests, self.serving.bases, connections=self.shape.connections)

    def _faults(self, job: Job, outcome: Outcome, rush: Rush | None) -> list[str]:
        found = []
        if outcome.broken:
            found.append(f"{outcome.broken} connections broke or timed out")
        if rush is None:
            if outcome.refused:
                found.append(f"{outcome.refused} answers above 399")
            return found
        expected = {"201": rush.seats, "409": len(rush.requests) - rush.seats}
        if outcome.statuses != expected:
            found.append(f"answers {outcome.statuses} instead of {expected}")
        return found + self.world.verdict(rush).faults(rush)
