"""What Homeroom must reach, as ratios to the peer that a user would pick instead."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.jobs import Job
from benchmarks.measure import Sample
from benchmarks.subjects import Subject

RIVAL = "c"
FAST_RIVAL = "c2"
CHAMPION = "ours-pg"
MUST = {Job.ONE: 2.0, Job.PAGE: 2.0, Job.UNCHANGED: 2.0, Job.HOT: 2.0, Job.FIFTY: 2.0}
GOAL = {Job.ONE: 4.0, Job.PAGE: 5.0, Job.UNCHANGED: 4.0, Job.HOT: 4.5, Job.FIFTY: 4.5}
# More than this of the machine used by others spoils a sample; the kernel's crumbs stay below.
SPOILT_SHARE = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The medians of one subject at one job; the ratios are against each rival's better server."""

    subject: Subject
    job: Job
    rate: float
    p50_ms: float
    p99_ms: float
    server_us: float
    database_us: float | None
    ratio: float | None
    fast_ratio: float | None
    kept: int
    taken: int

    @property
    def verdict(self) -> str:
        """Whether the line reaches what it must; empty where nothing is asked of it."""
        if self.subject.key != CHAMPION or self.ratio is None:
            return ""
        must, goal = MUST[self.job], GOAL[self.job]
        if self.ratio < must:
            return f"MISSED: must {must:g} x"
        reached = self.ratio >= goal and (self.fast_ratio is None or self.fast_ratio >= 1)
        return f"met; goal {'too' if reached else f'({goal:g} x c, 1 x c2) missed'}"


def quiet(samples: Sequence[Sample]) -> Sequence[Sample]:
    """The samples that nobody else disturbed; all of them if there is no such sample."""
    return [s for s in samples if s.foreign_share < SPOILT_SHARE] or samples


def lines(samples: Sequence[Sample], subjects: Iterable[Subject]) -> list[Line]:
    """A line for every job and subject that was measured, the jobs in their order."""
    known = list(subjects)
    return [
        _line(job, subject, samples, known)
        for job in Job
        for subject in known
        if _of(samples, job, subject)
    ]


def missed(found: Iterable[Line]) -> list[Line]:
    """The lines that do not reach what they must."""
    return [line for line in found if line.verdict.startswith("MISSED")]


def unjudged(found: Sequence[Line], jobs: Iterable[Job]) -> list[Job]:
    """The jobs whose "must" could not be judged, since ours or the rival did not run."""
    judged = {line.job for line in found if line.verdict}
    return [job for job in jobs if job in MUST and job not in judged]


def _of(samples: Sequence[Sample], job: Job, subject: Subject) -> list[Sample]:
    return [s for s in samples if s.job is job and s.subject == subject.key]


def _rate(samples: Sequence[Sample]) -> float:
    return statistics.median(s.rate for s in quiet(samples))


def _best(
    job: Job, family: str, samples: Sequence[Sample], known: Sequence[Subject]
) -> Sequence[Sample]:
    """The samples of a family's better server at this job."""
    taken = [_of(samples, job, s) for s in known if s.family == family]
    return max([own for own in taken if own], key=_rate, default=())


def _ratio(own: Sequence[Sample], other: Sequence[Sample]) -> float | None:
    """The median of the ratios round by round: the pace of a machine changes between rounds."""
    rates = {s.round: s.rate for s in quiet(other)}
    pairs = [(s.rate, rates[s.round]) for s in quiet(own) if s.round in rates]
    if pairs:
        return statistics.median(one / another for one, another in pairs)
    return _rate(own) / _rate(other) if other else None


def _line(job: Job, subject: Subject, samples: Sequence[Sample], known: list[Subject]) -> Line:
    own = _of(samples, job, subject)
    kept = quiet(own)
    database = [s.database_us for s in kept if s.database_us is not None]
    return Line(
        subject=subject,
        job=job,
        rate=_rate(own),
        p50_ms=statistics.median(s.p50_ms for s in kept),
        p99_ms=statistics.median(s.p99_ms for s in kept),
        server_us=statistics.median(s.server_us for s in kept),
        database_us=statistics.median(database) if database else None,
        ratio=_ratio(own, _best(job, RIVAL, samples, known)),
        fast_ratio=_ratio(own, _best(job, FAST_RIVAL, samples, known)),
        kept=sum(s.foreign_share < SPOILT_SHARE for s in own),
        taken=len(own),
    )
