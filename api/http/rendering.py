"""From rows with verdicts to the documents that clients get: members, links, blocks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import orjson
from flask import Flask, g

from api.authz.actor import Actor
from api.clock import Clock
from api.errors import Block, InsufficientScope
from api.http import conditional
from api.http.authentication import lacking_scope
from api.http.links import LinkMaker, Target, targets_of
from api.http.problems import block_member
from api.schemas.dumping import dumped, volatile_members_of, volatile_of
from api.schemas.hypermedia import Hypermedia, Rel
from api.services.judged import Judged, Verdicts
from api.services.recent import Recent

PIECES: Final = 2048
"""Rendered rows that a process keeps, some 6 KiB each."""

FORMS: Final = 3
"""Whole items that are kept of one row, some 2 KiB each: as staff and as students see it."""

CHOICES: Final = 1024
"""Verdicts that are shared, of which a process keeps what is a link and what is blocked."""

_Choice = tuple[Verdicts, Sequence[Rel], orjson.Fragment | None]


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A whole item as it goes out, with its entity tag, and what else than its row it shows."""

    verdicts: Verdicts
    volatile: tuple[Any, ...]
    body: bytes
    tag: str


@dataclass(slots=True, eq=False)
class Piece:
    """What stays the same of one version of one row: its members, and its links, written.

    `whole` are the forms in which it went out last.
    """

    members: Mapping[str, Any]
    links: dict[Rel, orjson.Fragment] = field(default_factory=dict)
    whole: tuple[Written, ...] = ()


class Slot:
    """The place of one piece in the cache, named by what makes it differ from all others."""

    __slots__ = ("piece",)

    def __init__(
        self, _kind: Hypermedia, _row_id: UUID, _version: int, _base_url: str, _ended: int
    ) -> None:
        self.piece: Piece | None = None

    def filled(self, kind: Hypermedia, row: Any) -> Piece:
        """The piece; made of the row, of which all columns must be there, if there is none yet."""
        if self.piece is None:
            self.piece = Piece(dumped(kind.schema, row))
        return self.piece


class Renderer:
    """Every representation of the application, with the links that the URL map gives it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.targets: Mapping[str, Target] = {}
        self._sunsets: Sequence[datetime] = ()
        self._makers: dict[Rel, LinkMaker] = {}
        self._slots = lru_cache(maxsize=PIECES)(Slot)
        self._choices: Recent[tuple[Hypermedia, int, int], _Choice] = Recent(generation=CHOICES)

    def compile(self, app: Flask) -> None:
        """Read the URL map, once every resource is in it."""
        self.targets = targets_of(app)
        endings = [target.ending for target in self.targets.values()]
        self._sunsets = sorted({end.sunset for end in endings if end and end.sunset})

    def item(
        self, kind: Hypermedia, judged: Judged, base_url: str, *, is_committed: bool = False
    ) -> dict[str, Any]:
        """One resource as JSON: its members, `_links`, and `_blocked` where calls are blocked.

        What is read of a committed row may be kept; a version that is rolled back may come again
        with other members.
        """
        row = judged.row
        if is_committed and kind.is_kept:
            piece = self.slot(kind, row, base_url).filled(kind, row)
            return self._of_piece(kind, judged, piece, base_url)
        allowed, blocked = self._chosen(kind, judged)
        return {**dumped(kind.schema, row), **self._linked(allowed, blocked, row, base_url)}

    def keeps(self, kind: Hypermedia) -> bool:
        """Whether items of this kind are kept as they went out to callers like this one."""
        return kind.is_kept and _narrow_actor() is None

    def slot(self, kind: Hypermedia, row: Any, base_url: str) -> Slot:
        """Where what is known of this version of a row is kept; whoever holds it, keeps it."""
        return self._slots(kind, row.id, row.version, base_url, self._ended())

    def written(self, kind: Hypermedia, judged: Judged, slot: Slot, base_url: str) -> Written:
        """A committed item as it went out before, or anew, which needs the row as a whole."""
        row, verdicts = judged.row, judged.verdicts
        piece = slot.filled(kind, row)
        volatile = volatile_of(kind.schema)(row)
        for known in piece.whole:
            if known.verdicts is verdicts and known.volatile == volatile:
                return known
        body = _compact(self._of_piece(kind, judged, piece, base_url))
        made = Written(verdicts, volatile, body, conditional.etag(row.version, body))
        if judged.is_shared:
            piece.whole = (made, *piece.whole[: FORMS - 1])
        return made

    def items(
        self, kind: Hypermedia, page: Sequence[Judged], base_url: str
    ) -> list[dict[str, Any]]:
        """The resources of a page, read of committed rows."""
        return [self.item(kind, judged, base_url, is_committed=True) for judged in page]

    def affordances(
        self, rels: tuple[Rel, ...], row: Any, verdicts: Verdicts, base_url: str
    ) -> dict[str, Any]:
        """`_links` for what would succeed, `_blocked` for what would not, and why."""
        allowed, blocked = self._sorted_out(rels, verdicts)
        return self._linked(allowed, blocked, row, base_url)

    def is_beyond_scope(self, actor: Actor, kind: Hypermedia) -> bool:
        """Whether the actor's token was not issued for reading such a resource at its own URL."""
        return kind.itself is not None and bool(self._beyond_scope(actor, kind.itself))

    def _linked(
        self, allowed: Sequence[Rel], blocked: Any, row: Any, base_url: str
    ) -> dict[str, Any]:
        links = {rel.name: self.maker(rel)(row, base_url) for rel in allowed}
        return _joined(links, blocked)

    def _chosen(self, kind: Hypermedia, judged: Judged) -> tuple[Sequence[Rel], Any]:
        """The rels of an item that are links, and the others: once for all that share verdicts."""
        verdicts = judged.verdicts
        if not judged.is_shared or _narrow_actor() is not None:
            return self._sorted_out(_rels_of(kind), verdicts)
        # No other object has that address as long as this one is kept beside it.
        key = kind, id(verdicts), self._ended()
        known = self._choices.find(key)
        if known is None:
            allowed, blocked = self._sorted_out(_rels_of(kind), verdicts)
            written = orjson.Fragment(_compact(blocked)) if blocked else None
            known = self._choices.keep(key, (verdicts, allowed, written))
        return known[1:]

    def _sorted_out(
        self, rels: tuple[Rel, ...], verdicts: Verdicts
    ) -> tuple[Sequence[Rel], dict[str, Any]]:
        """The rels that are links, and those that are blocked with the reasons."""
        allowed: list[Rel] = []
        blocked: dict[str, Any] = {}
        narrow = _narrow_actor()
        for rel in rels:
            if not self.is_offered(rel):
                continue
            if rel.judged:
                blocks = verdicts.get(rel.name)
                if blocks is None:
                    continue
                if narrow is not None and not blocks:
                    blocks = self._beyond_scope(narrow, rel)
                if blocks:
                    blocked[rel.name] = blocks_member(blocks)
                    continue
            allowed.append(rel)
        return allowed, blocked

    def _of_piece(
        self, kind: Hypermedia, judged: Judged, piece: Piece, base_url: str
    ) -> dict[str, Any]:
        # Of the row only what is read of every row: the cache may have lost the piece meanwhile.
        row = judged.row
        allowed, blocked = self._chosen(kind, judged)
        for rel in allowed:
            # Two threads may both write it: they write the same.
            if rel not in piece.links:
                link = _compact(self.maker(rel)(row, base_url))
                piece.links[rel] = orjson.Fragment(link)
        volatile = {name: get(row) for name, get in volatile_members_of(kind.schema)}
        links = {rel.name: piece.links[rel] for rel in allowed}
        return {**piece.members, **volatile, **_joined(links, blocked)}

    def _beyond_scope(self, actor: Actor, rel: Rel) -> tuple[Block, ...]:
        target = self.targets[rel.operation]
        scope = lacking_scope(actor, target.served, target.method)
        return () if scope is None else (Block(InsufficientScope.code, {"scope": scope}),)

    def is_offered(self, rel: Rel) -> bool:
        """Whether what a rel leads to is there still; else it is no link, and not blocked."""
        if not self._sunsets:
            return True
        ending = self.targets[rel.operation].ending
        return ending is None or not ending.is_over(self.clock.now())

    def _ended(self) -> int:
        """How many ends have come: what is kept has links in it, and is kept for each number."""
        return bisect_right(self._sunsets, self.clock.now()) if self._sunsets else 0

    def maker(self, rel: Rel) -> LinkMaker:
        """The compiled form of a rel."""
        maker = self._makers.get(rel)
        if maker is None:
            maker = self._makers[rel] = LinkMaker(rel, self.targets[rel.operation])
        return maker


def _joined(links: Mapping[str, Any], blocked: Any) -> dict[str, Any]:
    return {"_links": links, "_blocked": blocked} if blocked else {"_links": links}


def _rels_of(kind: Hypermedia) -> tuple[Rel, ...]:
    return kind.rels if kind.itself is None else (kind.itself, *kind.rels)


def _compact(document: dict[str, Any]) -> bytes:
    """JSON that is to be kept: orjson leaves its own in a buffer of up to ten times the size."""
    return bytes(memoryview(orjson.dumps(document)))


def _narrow_actor() -> Actor | None:
    """The caller, if the token was issued for less than the user may."""
    caller = g.get("caller")
    return caller.actor if caller is not None and caller.actor.is_narrow else None


def blocks_member(blocks: Sequence[Block]) -> Any:
    """The value of a rel in `_blocked`; most are one block, of which few are different."""
    if len(blocks) == 1 and all(map(_is_word, blocks[0].details.values())):
        return _one_block(blocks[0].code, *blocks[0].details.items())
    return [block_member(block) for block in blocks]


def _is_word(value: Any) -> bool:
    return value is None or isinstance(value, StrEnum)


@lru_cache(maxsize=256)
def _one_block(code: str, *details: tuple[str, Any]) -> orjson.Fragment:
    return orjson.Fragment(orjson.dumps([block_member(Block(code, dict(details)))]))
