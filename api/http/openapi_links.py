"""The links between operations: where a client can go on from an answer, by the rels that it holds.

A link of the document (OpenAPI 3.0.3, Link Object) says from which part of an answer the next call
takes each of its parameters, as a runtime expression. Nothing of it is written by hand: rels name
their operation and what fills its path, and the URL map has the operations that no rel leads to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from api.http.openapi_components import name_of
from api.schemas.hypermedia import Hypermedia, Rel
from api.schemas.rels import MEANINGS

if TYPE_CHECKING:
    from api.http.links import Target

Described = dict[str, Any]
ITEM = "item"
"""From a page to the first thing on it (RFC 6573)."""
ETAG = "$response.header.ETag"


class OperationLinks:
    """Describes the links of answers, and collects those that many answers share."""

    def __init__(self, targets: Mapping[str, Target]) -> None:
        self._targets = targets
        self.shared: dict[str, Described] = {}

    def of(self, target: Target) -> dict[str, Described]:
        """The links of what the operation answers when it is done, by rel or else operationId."""
        kind = target.served.returns
        if kind is None:
            return {}
        here = _variables(target)
        is_page = target.served.listing is not None
        found = self._of_page(target, kind, here) if is_page else self._of_item(kind, here)
        owner = name_of(kind.schema) + ("Page" if is_page else "")
        return {name: self._refer(f"{owner}-{name}", link) for name, link in found if link}

    def _of_item(self, kind: Hypermedia, here: set[str]) -> Iterator[tuple[str, Described | None]]:
        rels = (*((kind.itself,) if kind.itself else ()), *kind.rels)
        for rel in rels:
            yield rel.name, self._link(kind, rel, here)
        # What no rel leads to, such as a PUT, is found by the id that its path names.
        for rel in self._unnamed(kind, rels):
            yield rel.operation, self._link(kind, rel, here, is_whole=False)

    def _of_page(
        self, target: Target, kind: Hypermedia, here: set[str]
    ) -> Iterator[tuple[str, Described | None]]:
        for rel in target.served.rels:
            yield rel.name, self._link(None, rel, here)
        assert kind.itself is not None, "what stands on a page can be read by itself"
        first = self._link(kind, kind.itself, set(), within="items/0/")
        yield ITEM, first and {**first, "description": "The first thing on this page."}

    def _unnamed(self, kind: Hypermedia, rels: tuple[Rel, ...]) -> list[Rel]:
        if kind.itself is None or not set(kind.itself.path.values()) <= set(_members(kind)):
            return []
        named = {rel.operation for rel in rels}
        ids = set(kind.itself.path)
        return [
            Rel(name="", operation=name, path=kind.itself.path)
            for name, target in sorted(self._targets.items())
            if name not in named and ids & _variables(target)
        ]

    def _link(
        self,
        kind: Hypermedia | None,
        rel: Rel,
        here: set[str],
        *,
        within: str = "",
        is_whole: bool = True,
    ) -> Described | None:
        """The link of a rel; none if the answer does not tell what its path needs.

        One that is not `is_whole` leaves to the client what the answer does not tell.
        """
        target = self._targets[rel.operation]
        members = {} if kind is None else _members(kind)
        parameters = {}
        for variable in sorted(_variables(target)):
            member = rel.path.get(variable, variable)
            if member in members:
                parameters[variable] = f"$response.body#/{within}{members[member]}"
            elif variable in here:
                parameters[variable] = f"$request.path.{variable}"
            elif is_whole:
                return None
        if target.needs_version and self._is_of_itself(kind, target):
            parameters["If-Match"] = ETAG
        link: Described = {"operationId": rel.operation, "parameters": parameters}
        if rel.body is not None:
            # No `requestBody`: openapi-generator refuses a document where that is no string.
            link["x-body"] = dict(rel.body)
        return {**link, "description": MEANINGS.get(rel.name, f"{target.served.summary}.")}

    def _is_of_itself(self, kind: Hypermedia | None, target: Target) -> bool:
        """Whether the version that the operation needs is the one of this representation."""
        itself = None if kind is None else kind.itself
        return itself is not None and self._targets[itself.operation].template == target.template

    def _refer(self, shared: str, link: Described) -> Described:
        if any(value.startswith("$request") for value in link["parameters"].values()):
            return link
        self.shared[shared] = link
        return {"$ref": f"#/components/links/{shared}"}


def _variables(target: Target) -> set[str]:
    return {variable for _, variable, _ in target.pieces if variable is not None}


def _members(kind: Hypermedia) -> dict[str, str]:
    """The members of a representation with the name that each has in the answer."""
    fields = kind.schema().fields
    return {name: field.data_key or name for name, field in fields.items() if not field.load_only}
