"""From rows with verdicts to the documents that clients get: members, links, blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask

from api.http.links import LinkMaker, Target, targets_of
from api.http.problems import block_member
from api.schemas.dumping import dumped
from api.schemas.hypermedia import Hypermedia, Rel
from api.services.judged import Judged, Verdicts


class Renderer:
    """Every representation of the application, with the links that the URL map gives it."""

    def __init__(self) -> None:
        self.targets: Mapping[str, Target] = {}
        self._makers: dict[Rel, LinkMaker] = {}

    def compile(self, app: Flask) -> None:
        """Read the URL map, once every resource is in it."""
        self.targets = targets_of(app)

    def item(self, kind: Hypermedia, judged: Judged, base_url: str) -> dict[str, Any]:
        """One resource as JSON: its members, `_links`, and `_blocked` where calls are blocked."""
        row = judged.row
        document = dumped(kind.schema, row)
        rels = kind.rels if kind.itself is None else (kind.itself, *kind.rels)
        if rels:
            document.update(self.affordances(rels, row, judged.verdicts, base_url))
        return document

    def affordances(
        self, rels: tuple[Rel, ...], row: Any, verdicts: Verdicts, base_url: str
    ) -> dict[str, Any]:
        """`_links` for what would succeed, `_blocked` for what would not, and why."""
        links: dict[str, Any] = {}
        blocked: dict[str, Any] = {}
        for rel in rels:
            if rel.judged:
                blocks = verdicts.get(rel.name)
                if blocks is None:
                    continue
                if blocks:
                    blocked[rel.name] = [block_member(block) for block in blocks]
                    continue
            links[rel.name] = self.maker(rel)(row, base_url)
        found: dict[str, Any] = {"_links": links}
        if blocked:
            found["_blocked"] = blocked
        return found

    def maker(self, rel: Rel) -> LinkMaker:
        """The compiled form of a rel."""
        maker = self._makers.get(rel)
        if maker is None:
            maker = self._makers[rel] = LinkMaker(rel, self.targets[rel.operation])
        return maker
