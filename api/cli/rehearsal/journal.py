"""What the clients were told during the day: the samples, and every promise to be checked."""

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from api.cli.rehearsal.client import Answer, Request
from api.cli.rehearsal.demand import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A registration that the server acknowledged with 201."""

    command: Command
    request: Request
    registration_id: str
    class_id: str
    student_id: str
    state: str
    ticket: int
    digest: bytes
    answered_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A drop that the server acknowledged with 204."""

    command: Command
    request: Request
    registration_id: str
    digest: bytes
    answered_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unexpected:
    """An answer that is neither the expected success nor, where allowed, a refusal."""

    command: Command
    status: int
    detail: str


@dataclass(slots=True)
class Journal:
    """Everything one run remembers. Times are seconds since its start."""

    sent: "array[float]" = field(default_factory=lambda: array("d"))
    took: "array[float]" = field(default_factory=lambda: array("d"))
    behind: "array[float]" = field(default_factory=lambda: array("d"))
    numbers: "array[int]" = field(default_factory=lambda: array("L"))
    statuses: Counter[int] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    claims: dict[str, Claim] = field(default_factory=dict)
    departures: dict[str, Departure] = field(default_factory=dict)
    unexpected: list[Unexpected] = field(default_factory=list)
    repeated_ids: list[str] = field(default_factory=list)
    skipped: int = 0
    rate_limit_headers: int = 0

    def note(self, command: Command, answer: Answer, *, sent: float, took: float) -> None:
        """Remember that a command got its final answer."""
        self.sent.append(sent)
        self.took.append(took)
        self.numbers.append(command.number)
        self.statuses[answer.status] += 1
        self.rate_limit_headers += "ratelimit" in answer.headers

    def claim(self, claim: Claim) -> None:
        """Remember a registration; an id that two keys were given is a fault to report."""
        if claim.registration_id in self.claims:
            self.repeated_ids.append(claim.registration_id)
        self.claims[claim.registration_id] = claim

    def refuse(self, command: Command, answer: Answer, *, allowed: bool) -> None:
        """Remember a refusal: counted by code where it is allowed, else kept whole."""
        if allowed and answer.status == 409:
            self.refusals[str(answer.json().get("code"))] += 1
            return
        detail = answer.body[:300].decode("utf-8", "replace")
        self.unexpected.append(Unexpected(command=command, status=answer.status, detail=detail))

    def summary(self) -> dict[str, Any]:
        """The counts, for the table and the results file."""
        return {
            "answered": len(self.sent),
            "skipped": self.skipped,
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "refusals": dict(self.refusals),
            "registrations": len(self.claims),
            "drops": len(self.departures),
            "unexpected": len(self.unexpected),
            "with_rate_limit_header": self.rate_limit_headers,
        }
