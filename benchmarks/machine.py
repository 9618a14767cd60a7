"""Who used the processor: the server, its database, the load, and anyone else."""

import os
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import psutil


def cpu_of(processes: Sequence[int], *, with_children: bool) -> float:
    """CPU seconds that the processes have used so far; one that is gone counts as nothing."""
    total = 0.0
    for pid in processes:
        try:
            process = psutil.Process(pid)
            family = [process, *(process.children(recursive=True) if with_children else ())]
            for member in family:
                times = member.cpu_times()
                total += times.user + times.system
        except psutil.Error:
            continue
    return total


def resident_mb(processes: Sequence[int]) -> float:
    """The largest resident set among the processes and their children, in MiB."""
    sizes = [0]
    for pid in processes:
        try:
            process = psutil.Process(pid)
            sizes += [
                member.memory_info().rss for member in (process, *process.children(recursive=True))
            ]
        except psutil.Error:
            continue
    return max(sizes) / 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """CPU seconds since each began; `at` is the monotonic clock."""

    at: float
    server: float
    database: float
    load: float
    machine: float

    @classmethod
    def now(cls, servers: Sequence[int], database: Sequence[int]) -> Self:
        """Read all clocks. The load's CPU is known once its processes have been waited for."""
        times = psutil.cpu_times()
        own = os.times()
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return cls(
            at=time.monotonic(),
            server=cpu_of(servers, with_children=True),
            database=cpu_of(database, with_children=False),
            load=children.ru_utime + children.ru_stime + own.user + own.system,
            machine=sum(times)
            - times.idle
            - getattr(times, "iowait", 0.0)
            # Linux counts a guest's time within user time as well.
            - getattr(times, "guest", 0.0)
            - getattr(times, "guest_nice", 0.0),
        )

    def foreign_share(self, since: Self) -> float:
        """The part of the whole machine that neither subject nor load used, 0 to 1."""
        known = sum(
            getattr(self, name) - getattr(since, name) for name in ("server", "database", "load")
        )
        spare = (self.machine - since.machine) - known
        return max(0.0, spare / ((self.at - since.at) * (os.cpu_count() or 1)))
