"""One page of a list: filtered, sorted and cut at the edge, judged once, linked on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import orjson
from flask import g, request
from orjson import Fragment
from sqlalchemy import Row

from api.http import conditional
from api.http.answer import Answer
from api.http.cursors import Cursors
from api.http.expansion import Expansion, sparse
from api.http.filters import Wanted
from api.http.rendering import Renderer, Written
from api.models.database import Transaction
from api.models.listing import Page, Position, Total, named
from api.schemas.hypermedia import Hypermedia
from api.services.judged import Judged, Listed

if TYPE_CHECKING:
    from api.http.asked import Asked


RELATIONS: Final = ("self", "first", "prev", "next", "search")
"""Those of every list, beside the ones that the operation declares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Turns a list, as its use-case described it, into the page that the request wants."""

    cursors: Cursors
    renderer: Renderer
    expansion: Expansion

    def answer(self, tx: Transaction, asked: Asked, listed: Listed, base_url: str) -> Answer:
        """The page as a document, with `Link` header and `_links` from one source (RFC 8288).

        Raises:
            InvalidCursor, CursorMismatch: 400.
        """
        served = asked.served
        assert served.listing is not None, "a list declares its listing"  # a law of the decorator
        assert served.returns is not None, "a list declares its items"  # the same
        wanted = served.listing.read(asked.query, self.cursors)
        is_brief = self._is_brief(served.returns, listed, wanted)
        base = listed.brief if is_brief and listed.brief is not None else listed.select
        rows = tx.all(wanted.window.over(base), **listed.parameters, **wanted.window.parameters)
        page = wanted.window.page(rows)
        items: Sequence[Any]
        tags: Sequence[str] | None = None
        if is_brief:
            written = self._written(tx, asked, listed, page.rows, base_url)
            items, tags = [Fragment(one.body) for one in written], [one.tag for one in written]
        else:
            items = self._items(tx, served.returns, listed.judge(tx, page.rows), wanted, base_url)
        links = self._links(wanted, page, base_url)
        owner = SimpleNamespace(**listed.parameters)
        affordances = self.renderer.affordances(served.rels, owner, listed.verdicts, base_url)
        document: dict[str, Any] = {
            "items": items,
            "limit": wanted.window.limit,
            **self._total(tx, listed, wanted),
            **listed.members,
            **affordances,
        }
        document["_links"] = {
            **{rel: {"href": href} for rel, href in links.items()},
            "search": {"href": _here(base_url) + served.listing.template, "templated": True},
            **affordances["_links"],
        }
        body = orjson.dumps(document)
        # A tag stands for the bytes of its item, and is much shorter.
        named = body if tags is None else orjson.dumps({**document, "items": tags})
        header = ", ".join(f'<{href}>; rel="{rel}"' for rel, href in links.items())
        return Answer(
            status=200, body=body, headers={"ETag": conditional.etag(0, named), "Link": header}
        )

    def _items(
        self,
        tx: Transaction,
        kind: Hypermedia,
        found: Sequence[Judged],
        wanted: Wanted,
        base_url: str,
    ) -> list[dict[str, Any]]:
        documents = [
            sparse(document, wanted.members)
            for document in self.renderer.items(kind, found, base_url)
        ]
        if wanted.expand and found:
            shown = [(one.row, document) for one, document in zip(found, documents, strict=True)]
            actor = g.caller.actor
            self.expansion.embed(tx, actor, kind, shown, paths=wanted.expand, base_url=base_url)
        return documents

    def _is_brief(self, kind: Hypermedia, listed: Listed, wanted: Wanted) -> bool:
        is_whole = not (wanted.members or wanted.expand)
        return listed.brief is not None and is_whole and self.renderer.keeps(kind)

    def _written(
        self, tx: Transaction, asked: Asked, listed: Listed, rows: Sequence[Row[Any]], base_url: str
    ) -> list[Written]:
        """The items of a brief list; those that are not known yet are read as a whole."""
        kind, listing = asked.served.returns, asked.served.listing
        assert kind is not None and listing is not None, "a list declares both"  # noqa: PT018
        slots = {row.id: self.renderer.slot(kind, row, base_url) for row in rows}
        lacking = frozenset(row_id for row_id, slot in slots.items() if slot.piece is None)
        if lacking:
            statement = named(listed.select, listing.tiebreak)
            whole = {row.id: row for row in tx.all(statement, **listed.parameters, ids=lacking)}
            # What was deleted since is left out; what was changed is shown as it is now.
            rows = [
                whole.get(row.id, row) for row in rows if row.id not in lacking or row.id in whole
            ]
            slots |= {id_: self.renderer.slot(kind, row, base_url) for id_, row in whole.items()}
        return [
            self.renderer.written(kind, one, slots[one.row.id], base_url)
            for one in listed.judge(tx, rows)
        ]

    def _links(self, wanted: Wanted, page: Page[Any], base_url: str) -> Mapping[str, str]:
        here = _here(base_url)
        kept = {name: value for name, value in request.args.items() if name != "cursor"}

        def href(position: Position | None) -> str:
            cursor = {}
            if position is not None:
                cursor["cursor"] = self.cursors.seal(position, wanted.list_name)
            query = urlencode({**kept, **cursor})
            return f"{here}?{query}" if query else here

        query = request.query_string.decode("latin-1")
        links = {"self": f"{here}?{query}" if query else here, "first": href(None)}
        if page.before is not None:
            links["prev"] = href(page.before)
        if page.after is not None:
            links["next"] = href(page.after)
        return links

    def _total(self, tx: Transaction, listed: Listed, wanted: Wanted) -> dict[str, Any]:
        if not wanted.count:
            return {"total": None, "total_is_exact": None}
        counted = tx.scalar(
            wanted.window.counting(listed.select), **listed.parameters, **wanted.window.parameters
        )
        total = Total.of(counted)
        return {"total": total.total, "total_is_exact": total.is_exact}


def _here(base_url: str) -> str:
    return base_url + request.path
