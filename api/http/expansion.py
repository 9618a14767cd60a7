"""`expand` and `fields`: related resources under `_embedded`, and only the members asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from marshmallow import Schema

from api.authz.actor import Actor
from api.http.query_fields import Names
from api.models.database import Transaction
from api.models.listing import named
from api.schemas.base import Parameters
from api.schemas.dumping import members_of
from api.schemas.hypermedia import Hypermedia
from api.services.judged import Judged, Listed

if TYPE_CHECKING:
    from api.http.operation import operation
    from api.http.rendering import Renderer

ALWAYS_SHOWN = ("id", "_links", "_blocked", "_embedded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where resources of one kind come from: the list of those that the caller may see."""

    listed: Callable[..., Listed]
    identifier: Any
    """The column of their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """Embeds related resources: one query for each path, however many items there are."""

    renderer: Renderer
    sources: Mapping[Hypermedia, Source]

    def embed(
        self,
        tx: Transaction,
        actor: Actor,
        kind: Hypermedia,
        shown: Sequence[tuple[Any, dict[str, Any]]],
        *,
        paths: Sequence[str],
        base_url: str,
    ) -> None:
        """Put what `paths` names under `_embedded` of each document; `shown` has their rows.

        What the caller, or the caller's token, may not see is left out, as it is left out of lists.
        """
        for name in dict.fromkeys(path.partition(".")[0] for path in paths):
            deeper = [path.partition(".")[2] for path in paths if path.startswith(f"{name}.")]
            embedded = kind.embeds[name]
            if self.renderer.is_beyond_scope(actor, embedded.kind):
                continue
            wanted = {getattr(row, embedded.member) for row, _ in shown} - {None}
            found = self._read(tx, actor, embedded.kind, shown[0][0], wanted) if wanted else ()
            documents = {
                one.row.id: self.renderer.item(embedded.kind, one, base_url, is_committed=True)
                for one in found
            }
            if found and deeper:
                below = [(one.row, documents[one.row.id]) for one in found]
                self.embed(tx, actor, embedded.kind, below, paths=deeper, base_url=base_url)
            for row, document in shown:
                related = documents.get(getattr(row, embedded.member))
                if related is not None:
                    document.setdefault("_embedded", {})[name] = related

    def _read(
        self, tx: Transaction, actor: Actor, kind: Hypermedia, parent: Any, wanted: set[UUID]
    ) -> Sequence[Judged]:
        source = self.sources[kind]
        listed = source.listed(tx, actor, parent.organization_id)
        statement = named(listed.select, source.identifier)
        rows = tx.all(statement, **listed.parameters, ids=frozenset(wanted))
        return listed.judge(tx, rows)


def query_of(served: operation, verb: str) -> type[Schema] | None:
    """The query of an operation; one that reads an item also takes `fields` and `expand`."""
    kind = served.returns
    if verb != "GET" or served.listing is not None or kind is None:
        return served.query
    members = [name for name, _ in members_of(kind.schema)]
    if "id" not in members:
        return served.query
    parameters: dict[str, Any] = {}
    if kind.expandable:
        words = f"What to embed, separated by commas: {', '.join(kind.expandable)}."
        parameters["expand"] = Names(kind.expandable, metadata={"description": words})
    words = "Members to show, separated by commas; `id` and `_links` are always shown."
    parameters["fields"] = Names(members, metadata={"description": words})
    return (served.query or Parameters).from_dict(parameters, name=f"{kind.name}ItemQuery")


def sparse(document: dict[str, Any], members: Sequence[str] | None) -> dict[str, Any]:
    """The document with only the members asked for, beside those that are always shown."""
    if members is None:
        return document
    shown = {*members, *ALWAYS_SHOWN}
    return {name: value for name, value in document.items() if name in shown}
