"""What of a later document would break a client of an earlier one, and who may do that."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.cli.comparison.choices import gone, relations
from api.cli.comparison.shapes import Shapes, resolved

Described = dict[str, Any]
PROBLEM: Final = "application/problem+json"
OF_CONDITIONS: Final[Mapping[str, frozenset[str]]] = {
    "412": frozenset({"If-Match", "If-None-Match"})
}
"""Statuses that only who sends one of these is answered: a new one breaks nobody else."""
HOW_TO_AUTHENTICATE: Final = ("type", "scheme", "in", "name")


def breaks_of(before: Described, after: Described) -> list[str]:
    """Every change that breaks a client of `before`, each in words that begin with its place.

    New operations, optional input, members and headers of answers, rels, and codes at a status
    that was possible already break nobody.
    """
    # A schema that many operations share is named once.
    return list(dict.fromkeys(_Comparison(before, after, Shapes(before, after)).breaks()))


def may_break(before: Described, after: Described) -> bool:
    """Whether the version says that clients must look: its first number rose."""
    return version_of(after)[0] > version_of(before)[0]


def version_of(document: Described) -> tuple[int, ...]:
    """The version as numbers, `1.2.3` as (1, 2, 3); semantic versioning without suffixes."""
    return tuple(int(number) for number in document["info"]["version"].split("."))


def operations_of(document: Described) -> dict[str, tuple[str, Described]]:
    """Every operation by its operationId, with `METHOD path`."""
    return {
        operation["operationId"]: (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


@dataclass(frozen=True, slots=True)
class _Comparison:
    before: Described
    after: Described
    shapes: Shapes

    def breaks(self) -> Iterator[str]:
        yield from _everywhere(self.before, self.after)
        were, are = operations_of(self.before), operations_of(self.after)
        for name, (place, old) in were.items():
            if name not in are:
                yield f"{name}: {place} is gone, or has another operationId"
                continue
            moved, new = are[name]
            if moved != place:
                yield f"{name}: {place} became {moved}"
            yield from self._parameters(name, old, new)
            yield from self._body(name, old, new)
            yield from self._responses(name, old, new)
            known = _codes_of(self.before, old), _codes_of(self.after, new)
            yield from _codes(name, *known, conditions=self._conditions(old, new))
            yield from _access(name, old, new)

    def _parameters(self, name: str, old: Described, new: Described) -> Iterator[str]:
        were, are = (
            {(parameter["in"], parameter["name"]): parameter for parameter in found}
            for found in (
                [resolved(self.before, parameter) for parameter in old.get("parameters", [])],
                [resolved(self.after, parameter) for parameter in new.get("parameters", [])],
            )
        )
        for key, parameter in are.items():
            if parameter.get("required") and not were.get(key, {}).get("required"):
                state = "became required" if key in were else "is new and required"
                yield f"{name} {key[0]} {key[1]}: {state}"
        for key, parameter in were.items():
            place = f"{name} {key[0]} {key[1]}"
            if key not in are:
                yield f"{place}: the parameter is gone"
            else:
                schemas = parameter["schema"], are[key]["schema"]
                yield from self.shapes.breaks(*schemas, place, is_input=True)

    def _conditions(self, old: Described, new: Described) -> set[str]:
        """Statuses of conditions that the later operation takes if it is sent them."""
        were, are = (
            {found["name"] for each in side.get("parameters", []) for found in [resolved(of, each)]}
            for of, side in ((self.before, old), (self.after, new))
        )
        return {status for status, fields in OF_CONDITIONS.items() if fields & (are - were)}

    def _body(self, name: str, old: Described, new: Described) -> Iterator[str]:
        was, now = (side.get("requestBody", {}) for side in (old, new))
        if now.get("required") and not was.get("required"):
            yield f"{name}: a body became required"
        yield from self._contents(f"{name} body", was, now, is_input=True)

    def _responses(self, name: str, old: Described, new: Described) -> Iterator[str]:
        for status, described in old["responses"].items():
            place = f"{name} {status}"
            was = resolved(self.before, described)
            if status not in new["responses"]:
                if status < "4":
                    yield f"{place}: is no longer answered"
                continue
            now = resolved(self.after, new["responses"][status])
            for lost in sorted(set(was.get("links", {})) - set(now.get("links", {}))):
                yield f"{place}: the relation {lost} is gone"
            yield from relations(was, now, place)
            yield from self._headers(place, was.get("headers", {}), now.get("headers", {}))
            yield from self._contents(place, was, now, is_input=False)

    def _headers(self, place: str, were: Described, are: Described) -> Iterator[str]:
        for name, described in were.items():
            if name not in are:
                yield f"{place}: the header {name} is gone"
                continue
            old, new = resolved(self.before, described), resolved(self.after, are[name])
            if old.get("required") and not new.get("required"):
                yield f"{place}: the header {name} may be absent now"
            words = f"{place} header {name}"
            yield from self.shapes.breaks(old["schema"], new["schema"], words, is_input=False)

    def _contents(
        self, place: str, was: Described, now: Described, *, is_input: bool
    ) -> Iterator[str]:
        taken = now.get("content", {})
        for media_type, content in was.get("content", {}).items():
            if media_type not in taken:
                yield f"{place}: {media_type} is gone"
            else:
                schemas = content["schema"], taken[media_type]["schema"]
                yield from self.shapes.breaks(*schemas, place, is_input=is_input)


def _everywhere(before: Described, after: Described) -> Iterator[str]:
    """What holds for every operation: where the paths begin, and how to authenticate."""
    yield from gone(
        (server["url"] for server in before.get("servers", ())),
        (server["url"] for server in after.get("servers", ())),
        "servers: no longer at",
    )
    were, are = (side.get("components", {}).get("securitySchemes", {}) for side in (before, after))
    for name, old in were.items():
        for keyword in HOW_TO_AUTHENTICATE:
            was, now = old.get(keyword), are.get(name, {}).get(keyword)
            if was != now:
                yield f"{name}: the {keyword} of these credentials was {was}, and is {now}"


def _access(name: str, old: Described, new: Described) -> Iterator[str]:
    # No requirement is one that nothing fulfils; a tag is the name of the scopes, too.
    suffices = new.get("security") or [{}]
    for needed in old.get("security") or [{}]:
        if needed not in suffices:
            yield f"{name}: {' and '.join(needed) or 'no token'} no longer suffices"
    if old.get("tags") != new.get("tags"):
        yield f"{name}: the tag {old.get('tags')} became {new.get('tags')}, and so the scope"


def _codes_of(document: Described, operation: Described) -> dict[str, str]:
    """The status of each problem code that the operation may answer."""
    return {
        code: status
        for status, described in operation["responses"].items()
        for response in [resolved(document, described)]
        for code in response.get("content", {}).get(PROBLEM, {}).get("examples", {})
    }


def _codes(
    name: str, were: Mapping[str, str], are: Mapping[str, str], *, conditions: Container[str]
) -> Iterator[str]:
    for code, status in were.items():
        if code not in are:
            yield f"{name} {status}: the problem {code} is gone"
        elif are[code] != status:
            yield f"{name} {status}: the problem {code} has status {are[code]} now"
    for code, status in are.items():
        if code not in were and status not in were.values() and status not in conditions:
            yield f"{name} {status}: the problem {code} brings a status that was not possible"
