"""A representation with its links: a schema, and the rels that items and pages carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rel:
    """One link of a representation, by the operation that it leads to.

    `path` says which member of the row fills each variable of the operation's URL. A
    `judged` link appears only if the service's verdict has no blocks; else its key is in
    `_blocked`. `body` holds the members that the action fixes.
    """

    name: str
    operation: str
    path: Mapping[str, str] = field(default_factory=dict)
    judged: bool = False
    body: Mapping[str, Any] | None = None
    title: str | None = None
    query: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Download:
    """A file instead of a representation; `words` say what is in it."""

    media_type: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embed:
    """A related resource that `expand` embeds; `member` of the row holds its id."""

    member: str
    kind: Hypermedia


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hypermedia:
    """A schema with its links; `itself` is the operation that reads one item, if there is one.

    `is_kept` allows to keep what was rendered of a row by its id and version: then every member
    that can change without the version must be marked `volatile` in the schema. `places` are
    relations to what is no operation.
    """

    schema: type[Schema]
    itself: Rel | None = None
    rels: tuple[Rel, ...] = ()
    is_kept: bool = False
    embeds: Mapping[str, Embed] = field(default_factory=dict)
    places: tuple[str, ...] = ()

    @property
    def relations(self) -> tuple[str, ...]:
        """Every relation that its links can have."""
        itself = (self.itself.name,) if self.itself else ()
        return tuple(dict.fromkeys((*itself, *(rel.name for rel in self.rels), *self.places)))

    @property
    def name(self) -> str:
        """The component's name in the document: the schema class without its suffix."""
        return self.schema.__name__.removesuffix("Schema")

    @property
    def expandable(self) -> tuple[str, ...]:
        """The paths that `expand` may name, at most two steps long."""
        return tuple(
            path
            for name, embed in self.embeds.items()
            for path in (name, *(f"{name}.{deeper}" for deeper in embed.kind.embeds))
        )
