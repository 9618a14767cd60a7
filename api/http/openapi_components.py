"""The named schemas of the document: each marshmallow schema as it is sent, and as it is taken."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from api.schemas import patterns
from api.schemas.hypermedia import Hypermedia

VERSION = "3.0.3"
LINKS: dict[str, Any] = {
    "type": "object",
    "description": "What can be done from here now, by relation.",
    "additionalProperties": {"$ref": "#/components/schemas/Link"},
}
BLOCKED = {
    "type": "object",
    "description": "What cannot be done from here now, by relation, with every reason.",
    "additionalProperties": {
        "type": "array",
        "minItems": 1,
        "items": {"$ref": "#/components/schemas/Block"},
    },
}


RESERVED: Mapping[str, str] = {"Class": "SchoolClass"}
"""Names that generated clients cannot give to a type, with what we say instead."""


def name_of(schema: type[Schema]) -> str:
    """The name of a schema class without its suffix."""
    name = schema.__name__.removesuffix("Schema")
    return RESERVED.get(name, name)


def ref(name: str) -> dict[str, Any]:
    """A reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


class _Converter:
    """One direction of the schemas: how nested ones are named, and what is shown of each."""

    def __init__(self, name_of_nested: Any) -> None:
        self._name_of_nested = name_of_nested
        self._words: dict[str, str] = {}
        plugin = MarshmallowPlugin(schema_name_resolver=self._resolve)
        self._spec = APISpec("", "", VERSION, plugins=[plugin])
        self._converter: Any = plugin.converter  # its methods carry no types

    def convert(self, schema: type[Schema]) -> dict[str, Any]:
        """The schema object; nested schemas become components of this direction."""
        converted: dict[str, Any] = self._converter.schema2jsonschema(schema)
        return copy.deepcopy({**converted, "description": description_of(schema)})

    def parameters(self, schema: type[Schema]) -> list[dict[str, Any]]:
        """The parameter objects of a query schema, described."""
        found = self._converter.schema2parameters(schema, location="query")
        return [
            {
                "name": parameter["name"],
                "in": "query",
                "required": parameter["required"],
                "description": parameter.get("description", ""),
                "schema": _with_null(parameter["schema"]),
            }
            for parameter in copy.deepcopy(found)
        ]

    def nested(self) -> dict[str, dict[str, Any]]:
        """The components that conversion came upon."""
        found: dict[str, dict[str, Any]] = copy.deepcopy(self._spec.components.schemas)
        return {
            name: {**schema, "description": self._words[name]} for name, schema in found.items()
        }

    def _resolve(self, schema: Any) -> str:
        name: str = self._name_of_nested(_class(schema))
        self._words[name] = description_of(_class(schema))
        return name


class Components:
    """Collects named schemas while operations are described; `nested` ones come along."""

    def __init__(self, linked: Collection[type[Schema]]) -> None:
        self._linked = frozenset(linked)
        self._output = _Converter(self._name_of_nested)
        self._input = _Converter(lambda kind: f"{name_of(kind)}Input")
        self._named: dict[str, dict[str, Any]] = {}
        self._nullable: set[str] = set()

    def output(self, kind: Hypermedia) -> dict[str, Any]:
        """A representation as it is answered: every member is there, and its links."""
        return self._once(name_of(kind.schema), lambda: self._represented(kind))

    def page(self, kind: Hypermedia) -> dict[str, Any]:
        """One page of representations."""
        items = self.output(kind)
        return self._once(
            f"{name_of(kind.schema)}Page", lambda: page_of(name_of(kind.schema), items)
        )

    def dry_run(self, kind: Hypermedia) -> dict[str, Any]:
        """What a dry run answers: the representation without links, and what it rests on."""
        self.output(kind)
        return self._once(f"{name_of(kind.schema)}DryRun", lambda: self._would(kind))

    def either(self, kind: Hypermedia) -> dict[str, Any]:
        """The answer of an operation whose dry run has the same status."""
        shapes = [self.output(kind), self.dry_run(kind)]
        words = "The representation, or with `dry_run=true` what it would be."
        return self._once(
            f"{name_of(kind.schema)}OrDryRun", lambda: {"description": words, "oneOf": shapes}
        )

    def input(self, schema: type[Schema], purpose: str, *, complete: bool) -> dict[str, Any]:
        """A body as it is taken; `complete` if members that are needed must be there."""
        name = name_of(schema)
        if schema in self._linked or not complete:
            name += purpose
        is_patch = purpose == "Patch"
        return self._once(name, lambda: self._taken(schema, complete=complete, is_patch=is_patch))

    def parameters(self, schema: type[Schema]) -> list[dict[str, Any]]:
        """The query parameters of a schema."""
        return self._input.parameters(schema)

    def add(self, name: str, schema: dict[str, Any]) -> None:
        """A schema that no marshmallow class stands behind."""
        self._named[name] = schema

    def schemas(self) -> dict[str, dict[str, Any]]:
        """Everything collected, by name."""
        sent = {name: _sent(schema) for name, schema in self._output.nested().items()}
        for name in self._nullable:
            sent[name]["nullable"] = True
        taken = {name: _taken(schema) for name, schema in self._input.nested().items()}
        return dict(sorted((sent | taken | self._named).items()))

    def _name_of_nested(self, kind: type[Schema]) -> str:
        # A part of another representation has no links of its own.
        return name_of(kind) + ("Members" if kind in self._linked else "")

    def _once(self, name: str, build: Any) -> dict[str, Any]:
        if name not in self._named:
            self._named[name] = {}
            self._named[name] = build()
        return ref(name)

    def _represented(self, kind: Hypermedia) -> dict[str, Any]:
        schema = _sent(self._output.convert(kind.schema))
        self._nullable |= set(_nullable_parts(schema))
        if kind.itself is not None or kind.rels:
            schema["properties"]["_links"] = links_by(kind.relations)
            schema["required"] = [*schema.get("required", ()), "_links"]
            if any(rel.judged for rel in kind.rels):
                schema["properties"]["_blocked"] = BLOCKED
        if kind.embeds:
            schema["properties"]["_embedded"] = self._embedded(kind)
        return schema

    def _embedded(self, kind: Hypermedia) -> dict[str, Any]:
        related = {name: self.output(embed.kind) for name, embed in kind.embeds.items()}
        words = "What `expand` asked for, as far as you may see it."
        self.add(
            f"{name_of(kind.schema)}Embedded",
            {"type": "object", "description": words, "properties": related},
        )
        return ref(f"{name_of(kind.schema)}Embedded")

    def _would(self, kind: Hypermedia) -> dict[str, Any]:
        shown = _sent(self._output.convert(kind.schema))
        # Before it exists a thing has no id; after the rollback it has none either.
        shown["properties"]["id"] = {**shown["properties"]["id"], "nullable": True}
        self.add(f"Would{name_of(kind.schema)}", shown)
        return {
            "type": "object",
            "description": "What the call would do now; nothing was done.",
            "required": ["would", "as_of_seq"],
            "properties": {
                "would": ref(f"Would{name_of(kind.schema)}"),
                "as_of_seq": {
                    "type": "object",
                    "description": "The position of each ledger that was looked at, by class.",
                    "additionalProperties": {"type": "integer"},
                },
            },
        }

    def _taken(self, schema: type[Schema], *, complete: bool, is_patch: bool) -> dict[str, Any]:
        converted = _taken(self._input.convert(schema))
        if complete:
            return converted
        needed = converted.pop("required", ())
        for name, member in converted["properties"].items():
            # What leaves a member out does not set it to its default.
            member.pop("default", None)
            # In a merge patch null means the default, elsewhere only what the member allows.
            if is_patch and name not in needed:
                converted["properties"][name] = _with_null({**member, "nullable": True})
        return converted


def links_by(relations: Iterable[str]) -> dict[str, Any]:
    """The schema of links that can have these relations, each at its time.

    They are an extension and no properties: generators would turn them into members of a type.
    """
    return {**LINKS, "x-rels": sorted(relations)}


def description_of(kind: type[Any]) -> str:
    """The docstring as one paragraph of plain words."""
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


def page_of(name: str, items: dict[str, Any]) -> dict[str, Any]:
    """The schema of one page of a list."""
    return {
        "type": "object",
        "description": f"One page of a list of {name}.",
        "required": ["items", "limit", "total", "total_is_exact", "_links"],
        "properties": {
            "items": {"type": "array", "description": "What is on this page.", "items": items},
            "limit": {"type": "integer", "description": "How many a page holds at most."},
            "total": {
                "type": "integer",
                "nullable": True,
                "description": "How many there are on all pages, with `count=true`.",
            },
            "total_is_exact": {
                "type": "boolean",
                "nullable": True,
                "description": "False where counting stopped; `total` is then the least.",
            },
            "_links": LINKS,
            "_blocked": BLOCKED,
        },
    }


def _class(schema: Any) -> type[Schema]:
    return schema if isinstance(schema, type) else type(schema)


NOT_OF_ANSWERS = frozenset({"default", "minLength"})
"""What is said of input alone: an erased record shows empty texts where a new one needs some."""


def _is_of_input(keyword: str, value: Any) -> bool:
    return keyword in NOT_OF_ANSWERS or (keyword == "pattern" and value in patterns.OF_INPUT)


def _sent(schema: dict[str, Any]) -> dict[str, Any]:
    shown = {
        name: _with_null({k: v for k, v in member.items() if not _is_of_input(k, v)})
        for name, member in schema["properties"].items()
        if not member.get("writeOnly")
    }
    # A client lets pass what it does not know: later members break nobody.
    kept = {key: value for key, value in schema.items() if key != "additionalProperties" or value}
    required = {"required": list(shown)} if shown else {}
    return {**kept, "properties": shown, **required}


def _nullable_parts(schema: dict[str, Any]) -> Iterator[str]:
    """The components of members that may be null: each must say so itself, as `allOf` adds up."""
    nullable = (member for member in schema["properties"].values() if member.get("nullable"))
    return (part["$ref"].rpartition("/")[2] for one in nullable for part in one.get("allOf", ()))


def _taken(schema: dict[str, Any]) -> dict[str, Any]:
    taken = {
        name: _with_null(member)
        for name, member in schema["properties"].items()
        if not member.get("readOnly")
    }
    return {**schema, "properties": taken}


def _with_null(member: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in member:
        # apispec's "one of this, or null": generators would make a type of its own of it.
        shown = [part for part in member.pop("anyOf") if "$ref" in part]
        member = {**member, "allOf": shown, "nullable": True}
    if not member.get("nullable"):
        return member
    # OpenAPI 3.0.3 lets null through an enumeration only if null is one of its values.
    if "enum" in member and None not in member["enum"]:
        return {**member, "enum": [*member["enum"], None]}
    # And `nullable` says something only beside a `type`, which a reference does not bring along.
    return {"type": "object", **member} if "allOf" in member else member
