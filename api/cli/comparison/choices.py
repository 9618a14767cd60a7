"""What may stand in one place, one of a list or several with commas between: what of it is gone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

Shape = dict[str, Any]

SEVERAL: Final = re.compile(r"\^((?:-\?)?\(+([\w.\\|]+)\)+)\(,\1\)\{0,(\d+)\}\$")
"""The pattern of names with commas between them, as of `sort`, `expand` and `fields`."""


class Several(NamedTuple):
    """The names that a pattern lets pass, and how many of them at once."""

    names: frozenset[str]
    most: int


def several(shape: Shape) -> Several | None:
    """The names of a schema whose pattern is such a list."""
    found = SEVERAL.fullmatch(shape.get("pattern") or "")
    if found is None:
        return None
    return Several(frozenset(found[2].replace("\\", "").split("|")), int(found[3]) + 1)


def choices(old: Shape, new: Shape, place: str, *, is_input: bool) -> Iterator[str]:
    """What an enumeration no longer takes, or may answer now."""
    was, now = old.get("enum"), new.get("enum")
    if is_input and now is not None:
        if was is None:
            yield f"{place}: takes only {_listed(now)} now"
        else:
            yield from gone(was, now, f"{place}: no longer takes")
    if not is_input and was is not None:
        if now is None:
            yield f"{place}: may be anything now, and was one of {_listed(was)}"
        else:
            for value in sorted(set(map(str, now)) - set(map(str, was))):
                yield f"{place}: may be {value} now"


def pattern(old: Shape, new: Shape, place: str) -> Iterator[str]:
    """What a pattern of input no longer lets pass; names of a list are told one by one."""
    was, now = several(old), several(new)
    if was is not None and now is not None:
        yield from gone(was.names, now.names, f"{place}: no longer takes")
        if now.most < min(was.most, len(now.names)):
            yield f"{place}: takes {now.most} at most now, and took {was.most}"
    elif new.get("pattern") not in {None, old.get("pattern")}:
        yield f"{place}: pattern {old.get('pattern', '(none)')} became {new['pattern']}"


def relations(old: Shape, new: Shape, place: str) -> Iterator[str]:
    """Relations that no answer has any more, as far as the earlier document listed them."""
    for name in sorted(set(old.get("x-rels", ())) - set(new.get("x-rels", ()))):
        yield f"{place}: the relation {name} is gone"


def gone(were: Iterable[Any], are: Iterable[Any], words: str) -> Iterator[str]:
    """Each value that was there and is no more."""
    for value in sorted(set(map(str, were)) - set(map(str, are))):
        yield f"{words} {value}"


def _listed(values: list[Any]) -> str:
    return ", ".join(map(str, values))
