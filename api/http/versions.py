"""The versions of the interface, and what of it ends: since when, until when, and what comes after.

Everything that is deprecated stands in `VERSIONS`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

EXTENSION: Final = "homeroom.versions"
"""Where an application keeps its versions."""

SHORTEST: Final = timedelta(days=365)
"""What a client is given at least, from the deprecation to the end."""

NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A version or an operation that clients should leave.

    `since` may lie ahead. `successor` is an operation id or the name of a version; `guide` the
    address of a page that says how to move, from `/` on or whole.

    Raises:
        ValueError: less than a year lies between `since` and `sunset`.
    """

    since: datetime
    sunset: datetime | None = None
    successor: str | None = None
    guide: str

    def __post_init__(self) -> None:
        if self.sunset is not None and self.sunset - self.since < SHORTEST:
            raise ValueError(f"from {self.since} to {self.sunset} is less than a year")

    def guide_at(self, base_url: str) -> str:
        """The whole address of the guide."""
        return base_url + self.guide if self.guide.startswith("/") else self.guide

    def is_over(self, now: datetime) -> bool:
        """Whether it is gone."""
        return self.sunset is not None and now >= self.sunset


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version: its name is how every path of it begins."""

    name: str
    ending: Ending | None = None

    def holds(self, path: str) -> bool:
        """Whether a path, or a template of one, is of this version."""
        return path == f"/{self.name}" or path.startswith(f"/{self.name}/")

    def status(self, now: datetime) -> str:
        """`current`, `deprecated` or `ended`."""
        if self.ending is None or now < self.ending.since:
            return "current"
        return "ended" if self.ending.is_over(now) else "deprecated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """What is served side by side. `endings` are of single operations, by operation id."""

    served: tuple[Version, ...]
    endings: Mapping[str, Ending] = field(default_factory=dict)

    def ending_of(self, operation_id: str, template: str) -> Ending | None:
        """When this operation ends: by itself or with its version, whichever is the sooner."""
        ends = [version.ending for version in self.served if version.holds(template)]
        known = [end for end in (self.endings.get(operation_id), *ends) if end is not None]
        return min(known, key=lambda end: end.sunset or NEVER, default=None)

    def unknown_among(self, operation_ids: Collection[str]) -> set[str]:
        """What is named here and is neither a version nor one of these operations."""
        ends = [*(version.ending for version in self.served), *self.endings.values()]
        successors = {end.successor for end in ends if end is not None and end.successor}
        versions = {version.name for version in self.served}
        return ({*self.endings} | successors) - versions - set(operation_ids)


VERSIONS: Final = Versions(served=(Version(name="v1"),))
"""What this release serves."""
