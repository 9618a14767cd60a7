"""Links from the URL map: templates compiled once, so that no path is written twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Flask
from werkzeug.routing import Rule

from api import ids
from api.http.negotiation import JSON, MERGE_PATCH
from api.http.operation import operation
from api.http.restful import IdConverter, operation_id, served_methods
from api.http.versions import EXTENSION, VERSIONS, Ending
from api.schemas.hypermedia import Rel


@dataclass(frozen=True, slots=True)
class Target:
    """Where an operation is: method, path pieces, and what kind of body it takes."""

    operation_id: str
    method: str
    pieces: tuple[tuple[str, str | None, str | None], ...]
    media_type: str | None
    needs_version: bool
    served: operation
    resource: type
    ending: Ending | None = None

    @property
    def template(self) -> str:
        """The path as a URI template (RFC 6570 level 1)."""
        return _template(self.pieces)

    @property
    def variables(self) -> frozenset[str]:
        """What the path has to be filled with."""
        return frozenset(variable for _, variable, _ in self.pieces if variable is not None)

    def bound(self, path: Mapping[str, str]) -> Callable[[Any], str]:
        """A function from a row to the path, with each variable read from a member of the row."""
        texts, steps = [""], []
        for text, variable, prefix in self.pieces:
            texts[-1] += text
            if variable is not None:
                steps.append((attrgetter(path.get(variable, variable)), prefix))
                texts.append("")
        head, tails = texts[0], texts[1:]
        segments = [(read, prefix, tail) for (read, prefix), tail in zip(steps, tails, strict=True)]

        def href(row: Any) -> str:
            found = head
            for read, prefix, tail in segments:
                found += _segment(prefix, read(row)) + tail
            return found

        return href


def _segment(prefix: str | None, value: Any) -> str:
    if prefix is not None and isinstance(value, UUID):
        return ids.encode(prefix, value)
    return quote(str(value), safe="")


def targets_of(app: Flask) -> dict[str, Target]:
    """Every operation of the application, by operation id."""
    targets: dict[str, Target] = {}
    versions = app.extensions.get(EXTENSION, VERSIONS)
    for rule in app.url_map.iter_rules():
        resource = getattr(app.view_functions[rule.endpoint], "view_class", None)
        if resource is None:
            continue
        for method in served_methods(resource):
            served: operation = getattr(resource, method).operation
            name, pieces = operation_id(resource, method), tuple(_pieces(rule))
            targets[name] = Target(
                operation_id=name,
                method=method.upper(),
                pieces=pieces,
                media_type=_media_type(method, served),
                needs_version=served.conditional == "required",
                served=served,
                resource=resource,
                ending=versions.ending_of(name, _template(pieces)),
            )
    return targets


def _template(pieces: Iterable[tuple[str, str | None, str | None]]) -> str:
    return "".join(text if variable is None else f"{{{variable}}}" for text, variable, _ in pieces)


def _pieces(rule: Rule) -> list[tuple[str, str | None, str | None]]:
    pieces: list[tuple[str, str | None, str | None]] = []
    for is_variable, text in rule._trace:  # noqa: SLF001  # werkzeug's only parsed form of a rule
        if text == "|":
            continue
        if not is_variable:
            pieces.append((text, None, None))
            continue
        converter = rule._converters[text]  # noqa: SLF001  # the same
        prefix = converter.prefix if isinstance(converter, IdConverter) else None
        pieces.append(("", text, prefix))
    return pieces


def _media_type(method: str, served: operation) -> str | None:
    if served.body is None:
        return None
    return MERGE_PATCH if method == "patch" else JSON


class LinkMaker:
    """One rel of one representation: from a row to its link object."""

    def __init__(self, rel: Rel, target: Target) -> None:
        self.rel = rel
        self._href = target.bound(rel.path)
        self._fixed: dict[str, Any] = {}
        if target.method != "GET":
            self._fixed["method"] = target.method
            self._fixed["operation"] = target.operation_id
            if target.media_type is not None:
                self._fixed["type"] = target.media_type
            if target.needs_version:
                self._fixed["precondition"] = "if-match"
        if target.served.download is not None:
            self._fixed["type"] = target.served.download.media_type
        if rel.body is not None:
            self._fixed["body"] = dict(rel.body)
        if rel.title is not None:
            self._fixed["title"] = rel.title
        self._ending = target.ending
        self._query = "{?" + ",".join(rel.query) + "}" if rel.query else ""
        if rel.query:
            self._fixed["templated"] = True

    def __call__(self, row: Any, base_url: str) -> dict[str, Any]:
        """The link object for this row."""
        link = {"href": base_url + self._href(row) + self._query, **self._fixed}
        if self._ending is not None:
            link["deprecation"] = self._ending.guide_at(base_url)
        return link
