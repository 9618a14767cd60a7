"""How clients find their way: the roots, the catalogue, and what codes and relations mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

from flask import Flask, g

from api.errors import NotFound, Refusal, every_refusal
from api.http import code_on_demand
from api.http.lifetimes import RELATIONS, Lifetimes
from api.http.links import Target
from api.http.openapi_components import description_of
from api.http.operation_words import access_of, sends_of
from api.http.problems import status_of
from api.http.rendering import Renderer
from api.release import RELEASE
from api.schemas.hypermedia import Hypermedia, Rel
from api.schemas.rels import MEANINGS, REGISTERED
from api.schemas.root import PROBLEM_TYPE, RELATION, ROOT, VERSION_ROOT
from api.services.judged import Judged, Verdicts

PLACES: Final[Mapping[str, tuple[str, str]]] = {
    "service-desc": ("flasgger.openapi", "application/json"),
    "service-doc": ("flasgger.apidocs", "text/html"),
    "status": ("readyz", "application/json"),
    "code-on-demand": (code_on_demand.ENDPOINT, code_on_demand.MEDIA_TYPE),
}
"""Relations to what is no operation: the endpoint in the URL map, and what is there."""

PAGING: Final = ("first", "prev", "next")


@dataclass(slots=True, kw_only=True)
class Discovery:
    """Documents about the interface itself, made from the parts that serve it."""

    renderer: Renderer
    lifetimes: Lifetimes
    at_the_door: Verdicts
    _places: dict[str, tuple[str, str]] = field(default_factory=dict)
    _rels: dict[str, list[tuple[Rel, str]]] = field(default_factory=dict)

    def compile(self, app: Flask) -> None:
        """Read the URL map, once everything is in it."""
        paths = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
        self._places = {rel: (paths[at], kind) for rel, (at, kind) in PLACES.items()}
        for rel in rels_of(self.renderer.targets.values()):
            leads_to = self._rels.setdefault(rel.name, [])
            if (rel.judged, rel.operation) not in [(r.judged, o) for r, o in leads_to]:
                leads_to.append((rel, rel.operation))

    def root(self) -> dict[str, Any]:
        """The one document whose address a client knows."""
        versions = list(self.lifetimes.listed())
        row = SimpleNamespace(title="Homeroom", release=RELEASE, versions=versions)
        return self._document(ROOT, row)

    def version_root(self) -> dict[str, Any]:
        """Where to go in version 1."""
        return self._document(VERSION_ROOT, SimpleNamespace(version="v1"))

    def catalog(self) -> dict[str, Any]:
        """The linkset of RFC 9727 §4: an entry for this host and one for its interface."""
        itself = self.version_root()["_links"].get("self")
        if itself is None:
            return {"linkset": [{"anchor": f"{g.base_url}/"}]}
        version = itself["href"]
        # A linkset names relations that are not registered by address (RFC 9264 §4.2).
        registered = self._links(*filter(REGISTERED.__contains__, PLACES))
        entry = {rel: [link] for rel, link in registered.items()}
        host = {"anchor": f"{g.base_url}/", "item": [{"href": version}]}
        return {"linkset": [host, {"anchor": version, **entry}]}

    def problem_type(self, code: str) -> dict[str, Any]:
        """What a code means.

        Raises:
            NotFound: there is no such code.
        """
        found = next((refusal for refusal in every_refusal() if refusal.code == code), None)
        if found is None:
            raise NotFound
        return self._document(PROBLEM_TYPE, described(found))

    def relation(self, name: str) -> dict[str, Any]:
        """What a relation means, and which operations it leads to.

        Raises:
            NotFound: there is no such relation.
        """
        if name not in MEANINGS:
            raise NotFound
        used = self._rels.get(name, [])
        row = SimpleNamespace(
            name=name,
            meaning=MEANINGS[name],
            is_registered=name in REGISTERED,
            is_action=any(rel.judged and self._acts(rel) for rel, _ in used),
            operations=sorted({leads_to for _, leads_to in used}),
            calls=self._calls(used),
        )
        return self._document(RELATION, row)

    def relations(self) -> set[str]:
        """Every relation that an answer can hold."""
        return {*self._rels, *PLACES, *PAGING, *RELATIONS}

    def _calls(self, used: Iterable[tuple[Rel, str]]) -> list[SimpleNamespace]:
        """The operations behind a relation, in order, each once."""
        bodies = {leads_to: rel.body for rel, leads_to in used}
        calls = []
        for leads_to in sorted(bodies):
            target = self.renderer.targets[leads_to]
            calls.append(
                SimpleNamespace(
                    operation=leads_to,
                    method=target.method,
                    path=target.template,
                    summary=target.served.summary,
                    access=access_of(target),
                    sends=sends_of(target, bodies[leads_to]),
                )
            )
        return calls

    def _acts(self, rel: Rel) -> bool:
        return self.renderer.targets[rel.operation].method != "GET"

    def _document(self, kind: Hypermedia, row: Any) -> dict[str, Any]:
        document = self.renderer.item(kind, Judged(row, self.at_the_door), g.base_url)
        document["_links"] |= self._links(*kind.places)
        return document

    def _links(self, *rels: str) -> dict[str, dict[str, str]]:
        places = {rel: self._places[rel] for rel in rels}
        return {
            rel: {"href": g.base_url + path, "type": kind} for rel, (path, kind) in places.items()
        }


def described(refusal: type[Refusal]) -> SimpleNamespace:
    """The words of a refusal: its docstring is the cause."""
    return SimpleNamespace(
        code=refusal.code,
        title=refusal.title,
        status=int(status_of(refusal)),
        cause=description_of(refusal),
        cure=refusal.cure,
    )


def rels_of(targets: Iterable[Target]) -> Iterator[Rel]:
    """Every rel that the operations declare, on lists and on what they return."""
    for target in targets:
        yield from target.served.rels
        kind = target.served.returns
        if kind is not None:
            yield from (*kind.rels, *((kind.itself,) if kind.itself is not None else ()))
