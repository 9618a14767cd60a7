"""Changes of a schema that break a client: of what it sends, and of what it is answered."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import Any, Final

from api.cli.comparison.choices import choices, pattern, relations

Shape = dict[str, Any]

LEAST: Final = ("minimum", "minLength", "minItems", "minProperties")
MOST: Final = ("maximum", "maxLength", "maxItems", "maxProperties")
UNIONS: Final = ("oneOf", "anyOf")


class Shapes:
    """Compares schemas of two documents; each finds its references in its own.

    What a client sends must be taken as before, so a schema of input may only become wider. What
    it reads must be as before, so a schema of output may only become narrower, or gain members.
    """

    def __init__(self, before: Shape, after: Shape) -> None:
        self._before = before
        self._after = after
        self._known: dict[tuple[str, str, bool], list[str]] = {}

    def breaks(self, before: Shape, after: Shape, place: str, *, is_input: bool) -> Iterable[str]:
        """Every break, in words that begin with its place: the named schema, where there is one."""
        name, called = name_of(before), name_of(after)
        renamed = [] if name in {None, called} else [f"{name}: is called {called or 'nothing'} now"]
        if name is None or "$ref" not in before:
            return [*renamed, *self._found(before, after, place, is_input=is_input)]
        pair = (name, called or place, is_input)
        if pair not in self._known:
            self._known[pair] = []  # What a schema that holds itself finds on its way.
            found = self._found(before, after, name, is_input=is_input)
            self._known[pair] = [*renamed, *found]
        return self._known[pair]

    def _found(self, before: Shape, after: Shape, place: str, *, is_input: bool) -> Iterator[str]:
        old, new = resolved(self._before, before), resolved(self._after, after)
        yield from self._kind(old, new, place, is_input=is_input)
        yield from self._members(old, new, place, is_input=is_input)
        yield from self._below(old, new, place, is_input=is_input)
        if is_input:
            yield from _tightened(old, new, place)
        else:
            yield from relations(old, new, place)

    def _kind(self, old: Shape, new: Shape, place: str, *, is_input: bool) -> Iterator[str]:
        for keyword in ("type", "format"):
            if old.get(keyword) != new.get(keyword):
                yield f"{place}: {keyword} {_said(old, keyword)} became {_said(new, keyword)}"
        was, now = bool(old.get("nullable")), bool(new.get("nullable"))
        if was and not now and is_input:
            yield f"{place}: null is no longer taken"
        if now and not was and not is_input:
            yield f"{place}: may be null now"
        yield from choices(old, new, place, is_input=is_input)

    def _members(self, old: Shape, new: Shape, place: str, *, is_input: bool) -> Iterator[str]:
        were, are = old.get("properties", {}), new.get("properties", {})
        needed, needs = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted(set(were) - set(are)):
            yield f"{place}.{name}: is gone"
        for name in sorted(set(were) & set(are)):
            yield from self.breaks(were[name], are[name], f"{place}.{name}", is_input=is_input)
        if is_input:
            for name in sorted(needs - needed):
                state = "became required" if name in were else "is new and required"
                yield f"{place}.{name}: {state}"
        else:
            for name in sorted((needed - needs) & set(are)):
                yield f"{place}.{name}: may be absent now"

    def _below(self, old: Shape, new: Shape, place: str, *, is_input: bool) -> Iterator[str]:
        for keyword, words in (("items", "[]"), ("additionalProperties", ".*")):
            was, now = old.get(keyword), new.get(keyword)
            if isinstance(was, dict) and isinstance(now, dict):
                yield from self.breaks(was, now, place + words, is_input=is_input)
        is_open, stays_open = (side.get("additionalProperties", True) for side in (old, new))
        if is_input and is_open is not False and stays_open is False:
            yield f"{place}: other members are no longer taken"
        for keyword in UNIONS:
            yield from self._union(old.get(keyword), new.get(keyword), place, is_input=is_input)

    def _union(self, was: Any, now: Any, place: str, *, is_input: bool) -> Iterator[str]:
        """Every shape that was taken is still taken; every shape that comes was known."""
        if was is None and now is None:
            return
        if was is None or now is None:
            yield f"{place}: became {'one' if now is None else 'a choice'} of shapes"
            return
        wanted, offered = (was, now) if is_input else (now, was)
        for index, shape in enumerate(wanted):
            if all(self._differs(shape, other, is_input=is_input) for other in offered):
                yield f"{place}: shape {index} is {'gone' if is_input else 'new'}"

    def _differs(self, wanted: Shape, offered: Shape, *, is_input: bool) -> bool:
        before, after = (wanted, offered) if is_input else (offered, wanted)
        return any(True for _ in self.breaks(before, after, "", is_input=is_input))


def name_of(shape: Shape) -> str | None:
    """The name of the schema that stands here, which is what generated clients call the type."""
    # `nullable` stands beside `allOf`, because nothing may stand beside a reference.
    parts = shape.get("allOf", ())
    found = shape if len(parts) != 1 else parts[0]
    return found["$ref"].rpartition("/")[2] if "$ref" in found else None


def resolved(document: Shape, described: Shape) -> Shape:
    """What a reference leads to, with `allOf` of one schema merged into it."""
    found = described
    while "$ref" in found:
        at: Any = document
        for step in found["$ref"].removeprefix("#/").split("/"):
            at = at[step.replace("~1", "/").replace("~0", "~")]
        found = at
    if "allOf" in found:
        merged = {key: value for key, value in found.items() if key != "allOf"}
        for part in found["allOf"]:
            merged = {**resolved(document, part), **merged}
        return merged
    return found


def _tightened(old: Shape, new: Shape, place: str) -> Iterator[str]:
    for keywords, is_tighter in ((LEAST, operator.gt), (MOST, operator.lt)):
        for keyword in keywords:
            now, was = new.get(keyword), old.get(keyword)
            if now is not None and (was is None or is_tighter(now, was)):
                yield f"{place}: {keyword} {_said(old, keyword)} became {now}"
    yield from pattern(old, new, place)
    for keyword in ("multipleOf", "uniqueItems"):
        if new.get(keyword) not in {None, False, old.get(keyword)}:
            yield f"{place}: {keyword} {_said(old, keyword)} became {new[keyword]}"
    if ("default" in old or "default" in new) and old.get("default") != new.get("default"):
        yield f"{place}: default {_said(old, 'default')} became {_said(new, 'default')}"


def _said(shape: Shape, keyword: str) -> str:
    return str(shape[keyword]) if keyword in shape else "(none)"
