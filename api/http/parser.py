"""All input goes through webargs here: bodies already read strictly, and query strings."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Request
from marshmallow import RAISE, Schema, ValidationError, missing
from webargs.flaskparser import FlaskParser

from api.errors import ValidationFailed
from api.http.addresses import identified
from api.http.query_strings import query_refusal, require_utf8
from api.schemas.addresses import LOCATE
from api.schemas.base import Parameters
from api.schemas.dumping import dumped
from api.schemas.faults import faults

if TYPE_CHECKING:
    from api.http.operation import operation

NOT_PART_OF_A_BODY = frozenset({"_links", "_embedded", "_blocked"})


def _of(error: ValidationError, location: str) -> Any:
    # webargs puts its location around what marshmallow found.
    messages: Any = error.messages
    return messages[location]


class BodyParser(FlaskParser):
    """webargs over a document that was read strictly before; its faults are our refusals."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "document": RAISE}  # noqa: RUF012  # webargs' own declaration
    __location_map__ = {**FlaskParser.__location_map__, "document": "load_document"}  # noqa: RUF012  # the same

    def load_document(self, req: Any, schema: Schema) -> Any:  # noqa: ARG002  # webargs' signature
        """The document itself stands in for the request."""
        return req

    def handle_error(self, error: ValidationError, *_args: Any, **_options: Any) -> NoReturn:
        """Raise what marshmallow found as one refusal, each fault with its pointer."""
        raise ValidationFailed(faults(_of(error, "document"))) from None


class QueryParser(FlaskParser):
    """webargs over the query string: everything unknown is refused by name."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE}  # noqa: RUF012  # webargs' own declaration

    def handle_error(self, error: ValidationError, *args: Any, **_options: Any) -> NoReturn:
        """Name the unknown parameters, or else the values that cannot be used."""
        schema: Schema = args[1]
        names = [field.data_key or name for name, field in schema.fields.items()]
        raise query_refusal(names, _of(error, "query")) from None


class NoParameters(Parameters):
    """The query of an operation that takes none."""


body_parser = BodyParser()
query_parser = QueryParser()


@functools.cache
def schema_of(kind: type[Schema], *, partial: bool = False) -> Schema:
    """The one instance of a schema class: building it anew costs more than a load."""
    return kind(partial=partial)


def load_body(kind: type[Schema], document: Any, *, partial: bool = False) -> dict[str, Any]:
    """Validate a document, and turn it into plain Python values.

    Raises:
        ValidationFailed: each fault with its JSON Pointer.
    """
    schema = schema_of(kind, partial=partial)
    # Only the whole schema can say what is there instead of a member that it does not know.
    if isinstance(document, dict) and document.keys() <= _members_of(kind):
        schema = _concerned(kind, frozenset(document), partial=partial)
    token = LOCATE.set(identified)
    try:
        loaded: dict[str, Any] = body_parser.parse(schema, document, location="document")
    finally:
        LOCATE.reset(token)
    return loaded


@functools.cache
def _members_of(kind: type[Schema]) -> frozenset[str]:
    fields = schema_of(kind).load_fields
    return frozenset(field.data_key or name for name, field in fields.items())


@functools.lru_cache(maxsize=256)
def _concerned(kind: type[Schema], members: frozenset[str], *, partial: bool) -> Schema:
    """The part of a schema that has a say on a body of these members: most send few of many."""
    concerned = [
        name
        for name, field in schema_of(kind).load_fields.items()
        if (field.data_key or name) in members
        or field.required
        or field.load_default is not missing
    ]
    return kind(only=concerned, partial=partial)


def load_query(served: operation, request: Request) -> dict[str, Any]:
    """The query string by the operation's own schema.

    Raises:
        UnknownParameter, InvalidParameter: named one by one.
    """
    kind = served.listing.schema if served.listing is not None else served.query
    if not request.query_string:
        return {} if kind is None else dict(_defaults_of(kind))
    require_utf8(request.query_string)
    kind = kind or NoParameters
    schema, others = _asking_for(kind, frozenset(request.args))
    loaded: dict[str, Any] = query_parser.parse(schema, request, location="query")
    return {**others, **loaded}


@functools.cache
def _defaults_of(kind: type[Schema]) -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = schema_of(kind).load({})
    return loaded


@functools.lru_cache(maxsize=256)
def _asking_for(kind: type[Schema], names: frozenset[str]) -> tuple[Schema, Mapping[str, Any]]:
    """The part of a schema with these parameters, and the defaults of all others.

    A list has a hundred filters, of which a request names two. Only the whole schema can say what
    is there instead of a name that it does not know.
    """
    whole = schema_of(kind)
    known = {field.data_key or name: name for name, field in whole.load_fields.items()}
    if not names <= known.keys():
        return whole, {}
    asked = {known[name] for name in names}
    others = {name: value for name, value in _defaults_of(kind).items() if name not in asked}
    return kind(only=asked), others


def editable_of(kind: type[Schema], row: Any) -> Mapping[str, Any]:
    """What of a row's representation a client may change, as JSON values."""
    schema = schema_of(kind)
    writable = {
        field.data_key or name for name, field in schema.load_fields.items() if not field.load_only
    }
    return {name: value for name, value in dumped(kind, row).items() if name in writable}


def load_replacement(kind: type[Schema], document: Any, row: Any) -> dict[str, Any]:
    """Validate a PUT: read-only members are let pass where they say what is stored.

    Raises:
        ValidationFailed: as `load_body`; a read-only member that differs is one fault.
    """
    if not isinstance(document, dict):
        return load_body(kind, document)
    schema = schema_of(kind)
    stored = dumped(kind, row)
    kept = {
        name: value
        for name, value in document.items()
        if name not in NOT_PART_OF_A_BODY
        and not (name in stored and name not in schema.load_fields and stored[name] == value)
    }
    return load_body(kind, kept)
