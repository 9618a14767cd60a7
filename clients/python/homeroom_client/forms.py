"""Forms: what an action takes, by the request schema of its operation in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from homeroom_client.links import Link

Schema = Mapping[str, Any]


class Contradiction(ValueError):
    """A value is not what the link fixes; then it is not this action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of a form: its name, whether it is needed, and what the document says of it."""

    name: str
    is_required: bool
    schema: Schema
    fixed: Any = None
    """The value that the link fixes; None where it fixes none."""

    @property
    def kind(self) -> str:
        """Its JSON type: string, integer, number, boolean, array or object."""
        return str(self.schema.get("type", "object"))

    @property
    def description(self) -> str:
        """What it means."""
        return str(self.schema.get("description", ""))

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values that it can have, if they are listed."""
        return tuple(choice for choice in self.schema.get("enum", ()) if choice is not None)

    @property
    def is_nullable(self) -> bool:
        """Whether null is a value."""
        return bool(self.schema.get("nullable", False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What an action takes: `members` in the order of the document, beside those it fixes."""

    link: Link
    members: tuple[Member, ...]
    is_repeatable: bool
    """Whether the operation knows idempotency keys, so that it may be sent twice."""

    def __iter__(self) -> Iterator[Member]:
        return iter(self.members)

    def __getitem__(self, name: str) -> Member:
        for member in self.members:
            if member.name == name:
                return member
        raise KeyError(name)

    @property
    def takes_a_body(self) -> bool:
        """Whether anything is sent at all."""
        return self.link.media_type is not None

    def missing(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """The needed members that are neither given nor fixed."""
        given = {**values, **self.link.body}
        return tuple(m.name for m in self.members if m.is_required and m.name not in given)

    def body(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What is sent: the values, and what the link fixes.

        Raises:
            Contradiction: a value is not what the link fixes.
        """
        for name, fixed in self.link.body.items():
            if values.get(name, fixed) != fixed:
                raise Contradiction(f"{self.link.rel} fixes {name} as {fixed!r}")
        return {**values, **self.link.body}


@dataclass(slots=True)
class Document:
    """The OpenAPI document, read for the bodies of requests; its paths are never looked at."""

    document: Mapping[str, Any]
    _operations: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for methods in self.document["paths"].values():
            for described in methods.values():
                if isinstance(described, dict) and "operationId" in described:
                    self._operations[described["operationId"]] = described

    def form(self, link: Link) -> Form:
        """The form of an action; one without members if its operation is not described."""
        described = self._operations.get(link.operation or "", {})
        return Form(
            link=link,
            members=tuple(self._members(link, described)),
            is_repeatable=any(
                self._resolved(parameter).get("name") == "Idempotency-Key"
                for parameter in described.get("parameters", ())
            ),
        )

    def _members(self, link: Link, described: Mapping[str, Any]) -> Iterator[Member]:
        content = self._resolved(described.get("requestBody", {})).get("content", {})
        schema = self._resolved(content.get(link.media_type, {}).get("schema", {}))
        needed = schema.get("required", ())
        for name, member in schema.get("properties", {}).items():
            resolved = self._resolved(member)
            if not resolved.get("readOnly"):
                yield Member(
                    name=name,
                    is_required=name in needed,
                    schema=resolved,
                    fixed=link.body.get(name),
                )

    def _resolved(self, schema: Schema) -> Schema:
        """The schema itself: a reference followed, an `allOf` around one reference taken off."""
        if "$ref" in schema:
            found: Any = self.document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            return self._resolved(found)
        if len(schema.get("allOf", ())) == 1:
            outer = {name: value for name, value in schema.items() if name != "allOf"}
            return {**self._resolved(schema["allOf"][0]), **outer}
        return schema
