"""The worker of a process: takes one job after the other, and does it beside the requests."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from sqlalchemy import Row

from api import ids
from api.errors import Busy, Unavailable
from api.models.database import Database, Transaction
from api.services import job_queue
from api.services.exports import Export
from api.services.job_queue import Superseded
from api.services.rounds import Rounds

Ending = Callable[[Transaction, Row[Any]], None]

TRIES: Final = 4
"""To say how a job ended; each waits for up to three seconds, all of them less than a lease."""

_log = logging.getLogger("homeroom.jobs")


class Stopping(Exception):
    """The process ends: the job is given back."""


@dataclass(slots=True)
class Worker:
    """The worker of one process; `start` gives it a thread, `stop` gives the job at hand back."""

    database: Database
    _rounds: Rounds = field(init=False)

    def __post_init__(self) -> None:
        self._rounds = Rounds("worker", self.all_waiting, _log)

    def start(self) -> None:
        """Look for jobs every second from now on, in a thread of its own."""
        self._rounds.start()

    @property
    def is_running(self) -> bool:
        """Whether it looks by itself."""
        return self._rounds.is_running

    def stop(self) -> None:
        """End; a job at hand waits for another process, and none has to fall silent over it."""
        self._rounds.stop()

    def all_waiting(self) -> int:
        """Do every job that waits, one after the other; how many were taken.

        Raises:
            Unavailable: the database is away or busy; the job at hand is taken up again later.
        """
        done = 0
        while not self._rounds.is_stopping and self.once():
            done += 1
        return done

    def once(self) -> bool:
        """Do the job that has waited longest; whether there was one."""
        with self.database.read() as tx:
            if not job_queue.is_waiting(tx):
                return False
        with self.database.write() as tx:
            job = job_queue.take(tx)
        if job is None:
            # Others hold what waits: there is more to see in a second than at once.
            return False
        self._do(job)
        return True

    def _do(self, job: Row[Any]) -> None:
        try:
            self._end(job, self._ending_of(job))
        except Superseded:
            _log.info("%s was cancelled, or is to begin anew", ids.encode("job", job.id))

    def _end(self, job: Row[Any], end: Ending) -> None:
        """Write how it ended; again where the database is busy, for all that was done rests on it.

        Raises:
            Superseded: it is not this process's any more.
            Unavailable: the database is away, or busy for too long: the lease lapses.
        """
        for _ in range(TRIES - 1):
            with suppress(Busy), self.database.write() as tx:
                end(tx, job)
                return
        with self.database.write() as tx:
            end(tx, job)

    def _ending_of(self, job: Row[Any]) -> Ending:
        """How the job ends, once it is done, has failed, or must wait for another process."""
        try:
            file_name, body = self._made(job)
        except (Superseded, Unavailable):
            raise
        except Stopping:
            return job_queue.give_back
        except Exception:  # noqa: BLE001  # it is the job's fault or ours, and would be again
            _log.exception("%s failed", ids.encode("job", job.id))
            return partial(job_queue.fail, detail="The log says why, by the id of the job.")
        return partial(job_queue.succeed, file_name=file_name, body=body)

    def _made(self, job: Row[Any]) -> tuple[str, bytes]:
        def tell(progress: int) -> None:
            if self._rounds.is_stopping:
                raise Stopping
            # The lease outlasts several steps: a database that is busy now is told at the next.
            with suppress(Busy), self.database.write() as tx:
                job_queue.keep(tx, job, progress)

        with self.database.snapshot() as tx:
            return Export(tx=tx, organization_id=job.organization_id, tell=tell).made()
