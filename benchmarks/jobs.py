"""The jobs, their requests, and what a subject's world must offer to be measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Job(StrEnum):
    """What is measured; the value is its name on the command line."""

    ONE = "one"
    PAGE = "page"
    SUBJECT = "page-student"
    UNCHANGED = "304"
    HOT = "hot"
    FIFTY = "fifty"


TITLES = {
    Job.ONE: "GET one class",
    Job.PAGE: "page of 50",
    Job.SUBJECT: "page of 50, every guard judged for one student",
    Job.UNCHANGED: "conditional GET, 304",
    Job.HOT: "rush, one hot class",
    Job.FIFTY: "rush over 50 classes",
}
RUSHES = (Job.HOT, Job.FIFTY)
CLASSES_OF_RUSH = {Job.HOT: 1, Job.FIFTY: 50}
EXPECTED_STATUS = {
    Job.ONE: 200,
    Job.PAGE: 200,
    Job.SUBJECT: 200,
    Job.UNCHANGED: 304,
    Job.HOT: 201,
    Job.FIFTY: 201,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request as the load generator plays it."""

    method: str = "GET"
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    def line(self) -> str:
        """The request as a line for load.lua."""
        headers = (f"{name}: {value}" for name, value in self.headers.items())
        return "\t".join((self.method, self.path, self.body, *headers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rush:
    """A crowd of distinct students, and the number of them that must get a seat."""

    requests: Sequence[Request]
    seats: int
    class_ids: Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the database says after a rush; every count is over the classes of the rush."""

    enrolled: int
    oversold_classes: int
    events: int
    keys: int

    def faults(self, rush: Rush) -> list[str]:
        """What contradicts the rush; empty when every seat went out exactly once."""
        found = []
        if self.oversold_classes:
            found.append(f"{self.oversold_classes} classes oversold")
        for name, count in (("seats", self.enrolled), ("events", self.events), ("keys", self.keys)):
            if count != rush.seats:
                found.append(f"{count} {name} stored instead of {rush.seats}")
        return found


class World(Protocol):
    """A seeded database behind a running subject, as the load generator needs to see it."""

    def reads(self, base: str) -> Mapping[Job, Sequence[Request]]:
        """The requests of the reading jobs, found by following links from `base`."""
        ...

    def rush(self, job: Job, base: str, size: int) -> Rush:
        """Empty classes with seats for half of `size` students, and a request from each of them."""
        ...

    def verdict(self, rush: Rush) -> Verdict:
        """Count in the database what the rush left behind."""
        ...

    def check(self, job: Job, request: Request, answer: Any) -> None:
        """Look at one answer of the job before it is timed.

        Raises:
            AssertionError: it is not what the job promises.
        """
        ...

    def database_processes(self) -> Sequence[int]:
        """The ids of the database server's processes that serve this world, if they can be seen."""
        ...
