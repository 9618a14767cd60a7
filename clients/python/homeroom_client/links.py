"""One link of a representation: where it leads, by which method, and what the action fixes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from homeroom_client.templates import expand, variables_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link object as the server wrote it, under the relation by which it was found."""

    rel: str
    href: str
    method: str = "GET"
    operation: str | None = None
    media_type: str | None = None
    """Of what an action takes, else of what is there."""
    title: str | None = None
    is_templated: bool = False
    needs_version: bool = False
    body: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, rel: str, written: Mapping[str, Any]) -> Link:
        """The link, of the object that stands in `_links`; members that are not known are left."""
        return cls(
            rel=rel,
            href=written["href"],
            method=written.get("method", "GET"),
            operation=written.get("operation"),
            media_type=written.get("type"),
            title=written.get("title"),
            is_templated=written.get("templated", False),
            needs_version=written.get("precondition") == "if-match",
            body=written.get("body", {}),
        )

    @property
    def is_action(self) -> bool:
        """Whether following it changes something."""
        return self.method != "GET"

    @property
    def is_file(self) -> bool:
        """Whether what is there is no representation, as far as the link says."""
        return not self.is_action and "json" not in (self.media_type or "json")

    @property
    def variables(self) -> tuple[str, ...]:
        """What a templated link may be given."""
        return variables_of(self.href) if self.is_templated else ()

    def url(self, /, **values: Any) -> str:
        """The address, with the template filled (RFC 6570).

        Raises:
            UnknownVariable: the link has no place for one of the values.
        """
        return expand(self.href if self.is_templated else _literal(self.href, values), values)


def _literal(href: str, values: Mapping[str, Any]) -> str:
    """An address that is no template: braces in it stand for themselves."""
    return href if values else href.replace("{", "%7B").replace("}", "%7D")


@dataclass(frozen=True, slots=True)
class Block:
    """A reason why an action is not offered, or was refused: a code, and what it rests on."""

    code: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Block:
        """The block, of an object in `_blocked` or in `blocks`."""
        rest = {name: value for name, value in written.items() if name != "code"}
        return cls(written["code"], rest)


class NotOffered(LookupError):
    """The representation has no such link now; `blocks` say why, where the server says why."""

    def __init__(self, rel: str, blocks: tuple[Block, ...], offered: tuple[str, ...]) -> None:
        reasons = ", ".join(block.code for block in blocks)
        only = f"no {rel} here, only {', '.join(offered)}"
        super().__init__(f"{rel} is blocked: {reasons}" if blocks else only)
        self.rel = rel
        self.blocks = blocks

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the blocks."""
        return frozenset(block.code for block in self.blocks)
