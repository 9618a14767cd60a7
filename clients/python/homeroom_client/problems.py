"""Refusals of the server as exceptions, one for each code (RFC 9457).

`except problems.ClassFull` catches what has the code `class-full`, and nothing else;
`except problems.Problem` catches every refusal, also one whose code is newer than this package.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from homeroom_client.links import Block, Link

CODES: Final = (
    *("already-registered", "audience", "authentication-required", "body-too-large"),
    *("capacity-below-taken", "class-full", "class-not-open", "cursor-mismatch"),
    *("duplicate-name", "forbidden", "headers-too-large", "idempotency-key-reused"),
    *("insufficient-scope", "internal-error", "invalid-credentials", "invalid-cursor"),
    *("invalid-header", "invalid-parameter", "invalid-token", "last-owner", "malformed-json"),
    *("malformed-patch", "method-not-allowed", "not-acceptable", "not-found", "not-open-yet"),
    *("offer-expired", "patch-failed", "patch-test-failed", "precondition-required"),
    *("rate-limited", "registration-closed", "resource-in-use", "signup-closed"),
    *("stale-version", "state-conflict", "student-inactive", "term-limit", "time-conflict"),
    *("unknown-parameter", "unsupported-media-type", "upstream-unavailable", "uri-too-long"),
    *("validation-failed", "version-sunset", "waitlist-closed", "waitlist-full", "waitlist-limit"),
)
"""The codes that have an exception of their own here; the server's set is open."""

UNTYPED: Final = "about:blank"
"""The code of a refusal that is no problem of the server's, as of a proxy in between."""


class Problem(Exception):
    """A refusal of the server: `code` says which, `members` hold all that it said."""

    def __init__(self, status: int, members: Mapping[str, Any]) -> None:
        self.status = status
        self.members = dict(members)
        places = "".join(f"\n  {_place_of(fault)}: {fault.get('code')}" for fault in self.errors)
        super().__init__(f"{self.code}: {self.detail}{places}")

    @property
    def code(self) -> str:
        """The kind of problem, for programs."""
        return str(self.members.get("code", UNTYPED))

    @property
    def detail(self) -> str:
        """What happened this time, for people."""
        said = self.members.get("detail") or self.members.get("title")
        return str(said or f"HTTP status {self.status}")

    @property
    def errors(self) -> list[Mapping[str, Any]]:
        """Each fault of the input: `code`, `detail`, and a `pointer`, `parameter` or `header`."""
        return list(self.members.get("errors", ()))

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Every reason why a registration was refused."""
        return tuple(map(Block.read, self.members.get("blocks", ())))

    @property
    def links(self) -> dict[str, Link]:
        """Where the server says to go on."""
        written: Mapping[str, Mapping[str, Any]] = self.members.get("_links", {})
        return {rel: Link.read(rel, link) for rel, link in written.items()}


def _place_of(fault: Mapping[str, Any]) -> str:
    places = (fault.get(kind) for kind in ("pointer", "parameter", "header"))
    return next(filter(None, places), "#")


def _name_of(code: str) -> str:
    return "".join(word.capitalize() for word in code.split("-"))


_BY_CODE: Final[Mapping[str, type[Problem]]] = {
    code: type(_name_of(code), (Problem,), {"__doc__": f"`{code}`.", "__module__": __name__})
    for code in CODES
}
_BY_NAME: Final = {kind.__name__: kind for kind in _BY_CODE.values()}


def __getattr__(name: str) -> type[Problem]:
    """`problems.ClassFull`; a name that stands for no code is an error where it is written."""
    if name not in _BY_NAME:
        raise AttributeError(f"no problem is called {name}")
    return _BY_NAME[name]


def problem(status: int, members: Mapping[str, Any]) -> Problem:
    """The exception for a refusal, by its code."""
    return _BY_CODE.get(str(members.get("code")), Problem)(status, members)
