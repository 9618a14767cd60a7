"""A representation as text: its members, and a number for everything that can be chosen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from homeroom_client import Link, Resource

WIDEST: Final = 100
NAMES: Final = (
    *("title", "name", "display_name", "username", "given_name", "family_name", "label"),
    *("status", "state", "role", "position", "type", "at", "starts_at", "email"),
)
"""Members that tell one thing of a list from another, the most telling first."""
MOST_NAMES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a number stands for: a thing of the list, or a link."""

    entry: Resource | None = None
    link: Link | None = None


def choices_of(here: Resource) -> list[Choice]:
    """What can be chosen, in the order of its numbers: things, links, actions."""
    things = here.entries if isinstance(here.document.get("items"), list) else []
    links = [link for rel, link in here.links.items() if rel != "self"]
    ordered = sorted(links, key=lambda link: link.is_action)
    return [*(Choice(entry=thing) for thing in things), *(Choice(link=link) for link in ordered)]


def page_of(here: Resource, width: int) -> str:
    """All that there is to see, in lines of at most `width` columns."""
    width = min(width, WIDEST)
    choices = list(enumerate(choices_of(here), 1))
    things = [(n, name_of(choice.entry)) for n, choice in choices if choice.entry]
    links = [(n, choice.link) for n, choice in choices if choice.link]
    parts = [
        ("", [name_of(here), printable(here.url)]),
        ("", list(_members(here, width))),
        ("Here", [f"{n:4}  {name}" for n, name in things]),
        ("Go", [_link(n, link) for n, link in links if not link.is_action]),
        ("Do", [_link(n, link) for n, link in links if link.is_action]),
        ("Not now", list(_blocked(here))),
    ]
    return "\n".join(line for title, lines in parts if lines for line in _part(title, lines, width))


def name_of(thing: Resource) -> str:
    """A line that tells a thing from others."""
    said = [thing.document.get(name) for name in NAMES]
    told = [str(one) for one in said if one is not None and not isinstance(one, (list, dict))]
    fallback = thing.document.get("id") or ("A list" if "items" in thing else "A page")
    return printable(" · ".join(told[:MOST_NAMES]) or str(fallback))


def printable(text: str) -> str:
    """The text without what would steer the terminal: it comes from whoever wrote it."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def value_text(value: Any) -> str:
    """A value of JSON for people; what is nested stays JSON."""
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return printable(value if isinstance(value, str) else orjson.dumps(value).decode())


def _part(title: str, lines: list[str], width: int) -> Iterator[str]:
    if title:
        yield title
    for line in lines:
        yield line if len(line) <= width else f"{line[: width - 1]}…"
    yield ""


def _members(here: Resource, width: int) -> Iterator[str]:
    shown = {name: value for name, value in here.members.items() if name != "items"}
    column = max(map(len, shown), default=0) + 4
    for name, value in shown.items():
        lines = textwrap.wrap(value_text(value), max(width - column, 20)) or [""]
        yield f"  {printable(name):{column - 2}}{lines[0]}"
        yield from (" " * column + line for line in lines[1:])


def _link(number: int, link: Link) -> str:
    told = [f"{printable(link.rel):<20}"]
    if link.title:
        told.append(printable(link.title))
    if link.body:
        told.append(f"sends {value_text(dict(link.body))}")
    if link.variables:
        told.append("takes " + " ".join(map(printable, link.variables)))
    return f"{number:4}  {'  '.join(told)}".rstrip()


def _blocked(here: Resource) -> Iterator[str]:
    for rel, blocks in here.blocked.items():
        reasons = ", ".join(block.code for block in blocks)
        yield f"      {printable(rel):<20}  {printable(reasons)}"
