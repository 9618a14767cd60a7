"""What a refusal is, and the families that decide how an edge answers it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOn:
    """What the caller can do instead, by the name of its rel.

    `ids` are those that its URL needs; `body` are members that it fixes beside those of the rel.
    """

    rel: str
    ids: Mapping[str, UUID]
    body: Mapping[str, Any] = field(default_factory=dict)


class Refusal(Exception):
    """A request that is answered by a problem document instead of its result."""

    code: ClassVar[str]
    title: ClassVar[str]
    cure: ClassVar[str]
    may_be_for_a_twin = True
    """Whether the effect of the same request, sent twice, may be what it is refused for."""

    def __init__(self, detail: str | None = None, **members: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.members: dict[str, Any] = members
        self.ways_on: tuple[WayOn, ...] = ()

    def leading_to(self, *ways: WayOn) -> Self:
        """The same refusal, with what the caller can do instead."""
        self.ways_on = ways
        return self

    def read_in(self, timezone: str) -> Self:
        """The same refusal, with the zone by which people read the instants that it names."""
        if any(isinstance(value, datetime) for value in self._values()):
            self.members["timezone"] = timezone
        return self

    def _values(self) -> Iterable[Any]:
        return self.members.values()


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault of the input: what is wrong, and at exactly one of three kinds of place."""

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None

    def as_member(self) -> dict[str, str]:
        """The fault as an element of a problem's `errors`."""
        places = {
            "pointer": self.pointer,
            "parameter": self.parameter,
            "header": self.header,
        }
        place = {kind: where for kind, where in places.items() if where is not None}
        return {**place, "code": self.code, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Block:
    """One reason why a call would be refused now; `details` are plain Python values."""

    code: str
    details: Mapping[str, Any] = field(default_factory=dict, hash=False)


class Malformed(Refusal):
    """400: cannot be read."""


class Unauthenticated(Refusal):
    """401: not known who asks."""


class Denied(Refusal):
    """403: known, and not allowed."""


class Absent(Refusal):
    """404: nothing here that the caller may see."""


class Gone(Refusal):
    """410: was here, and ended as announced."""


class Conflict(Refusal):
    """409: at odds with the present state."""


class Stale(Refusal):
    """412."""


class Unconditional(Refusal):
    """428."""


class Invalid(Refusal):
    """422: readable, and breaks a rule."""


class Throttled(Refusal):
    """429."""


def every_refusal(family: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """Every refusal with a code of its own, depth first."""
    if "code" in vars(family):
        yield family
    for child in family.__subclasses__():
        yield from every_refusal(child)
