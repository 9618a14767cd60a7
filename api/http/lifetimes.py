"""What a client of something deprecated is told at every request, and what it is told too late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from types import SimpleNamespace
from typing import Any, Final
from wsgiref.handlers import format_date_time

from flask import Flask, Request, Response

from api.clock import Clock
from api.errors import VersionSunset
from api.http.links import Target, targets_of
from api.http.versions import EXTENSION, Ending, Version, Versions

DEPRECATION: Final = "deprecation"
SUCCESSOR: Final = "successor-version"
RELATIONS: Final = (DEPRECATION, SUCCESSOR)
"""Relations of the `Link` header alone: RFC 9745 section 3, RFC 5829 section 3.3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """One operation that ends; `successor` is what does the same, `version` where to look else."""

    ending: Ending
    successor: Target | None
    version: Version | None

    def succeeded_by(self, path: Mapping[str, Any]) -> str | None:
        """The path of what comes after, for the values that this one's path has."""
        if self.successor is not None:
            return self.successor.bound({})(SimpleNamespace(**path))
        return None if self.version is None else f"/{self.version.name}"


@dataclass(slots=True, kw_only=True)
class Lifetimes:
    """The operations that end, by endpoint and method; read of the URL map once it is whole."""

    versions: Versions
    clock: Clock
    _leaving: dict[tuple[str, str], Leaving] = field(default_factory=dict)

    def compile(self, app: Flask) -> None:
        """Find what ends among the operations of an application.

        Raises:
            ValueError: the path of what comes after cannot be filled from this one's.
        """
        targets = targets_of(app)
        for target in targets.values():
            if target.ending is not None:
                leaving = _leaving(target, target.ending, targets, app.extensions[EXTENSION])
                self._leaving[target.resource.__name__, target.method] = leaving

    def of(self, request: Request) -> Leaving | None:
        """What ends of what was asked for, which has been routed."""
        if not self._leaving:
            return None
        method = "GET" if request.method == "HEAD" else request.method
        return self._leaving.get((request.endpoint or "", method))

    def require(self, leaving: Leaving, request: Request, base_url: str) -> None:
        """Refuse what has ended.

        Raises:
            VersionSunset: 410, with where to go instead.
        """
        ending = leaving.ending
        if not ending.is_over(self.clock.now()):
            return
        path = leaving.succeeded_by(request.view_args or {})
        links = {} if path is None else {SUCCESSOR: {"href": base_url + path}}
        links[DEPRECATION] = {"href": ending.guide_at(base_url), "type": "text/html"}
        raise VersionSunset(sunset_at=ending.sunset, _links=links)

    def tell(self, response: Response, leaving: Leaving, request: Request, base_url: str) -> None:
        """Add `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and where to go, to any answer."""
        ending = leaving.ending
        response.headers["Deprecation"] = f"@{int(ending.since.timestamp())}"
        if ending.sunset is not None:
            response.headers["Sunset"] = format_date_time(ending.sunset.astimezone(UTC).timestamp())
        links = [f'<{ending.guide_at(base_url)}>; rel="{DEPRECATION}"; type="text/html"']
        path = leaving.succeeded_by(request.view_args or {})
        if path is not None:
            links.append(f'<{base_url}{path}>; rel="{SUCCESSOR}"')
        standing = response.headers.get("Link")
        response.headers["Link"] = ", ".join([*([standing] if standing else []), *links])

    def listed(self) -> Iterator[SimpleNamespace]:
        """The versions as the root shows them, now."""
        now = self.clock.now()
        for version in self.versions.served:
            sunset = None if version.ending is None else version.ending.sunset
            yield SimpleNamespace(name=version.name, status=version.status(now), sunset_at=sunset)


def _leaving(
    target: Target, ending: Ending, targets: Mapping[str, Target], versions: Versions
) -> Leaving:
    version = next((each for each in versions.served if each.name == ending.successor), None)
    if version is None:
        successor = targets.get(ending.successor or "")
        lacking = frozenset() if successor is None else successor.variables - target.variables
        if lacking:
            names = ", ".join(sorted(lacking))
            raise ValueError(f"{target.operation_id} does not know {names} of {ending.successor}")
        return Leaving(ending=ending, successor=successor, version=None)
    # The same path in the version that comes after, if it has it.
    _, _, rest = target.template.lstrip("/").partition("/")
    template = f"/{version.name}/{rest}".rstrip("/")
    same = (
        each
        for each in targets.values()
        if (each.template, each.method) == (template, target.method)
    )
    return Leaving(ending=ending, successor=next(same, None), version=version)
