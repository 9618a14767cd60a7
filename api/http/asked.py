"""What a request asks for, read in the order in which a fault of it is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import Request, request
from flask.globals import app_ctx

from api.errors import FieldError, InvalidHeader
from api.http import (
    conditional,
    known_bodies,
    negotiation,
    patches,
    preferences,
    requests,
    strict_json,
)
from api.http.parser import load_query
from api.http.revision import Precondition, Revision, Whole

if TYPE_CHECKING:
    from api.http.authentication import Caller
    from api.http.operation import operation
    from api.models.database import Transaction

OFFERED: Final = (negotiation.JSON,)
UNSAFE: Final = frozenset({"POST", "PATCH", "PUT", "DELETE"})
TAKEN: Final[Mapping[str, tuple[str, ...]]] = {
    "POST": (negotiation.JSON,),
    "PUT": (negotiation.JSON,),
    "PATCH": (negotiation.MERGE_PATCH, negotiation.JSON_PATCH, negotiation.JSON),
}
KEY: Final = re.compile(r'"([\x20\x21\x23-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255})')


@dataclass(slots=True, kw_only=True)
class Asked:
    """One request, as far as it was read and found good."""

    served: operation
    verb: str
    path: str
    base_url: str
    if_match: str | None
    if_none_match: str | None
    preference: preferences.Preferences
    key: str | None
    query: dict[str, Any]
    media_type: str | None
    accept_encoding: str | None
    raw: bytes = b""
    document: Any = None
    body: Any = None
    prepared: Any = None

    @classmethod
    def read(cls, served: operation, verb: str) -> Asked:
        """Read everything that can be refused without looking at any resource.

        Raises:
            NotAcceptable, UnsupportedMediaType, BodyTooLarge: 406, 415, 413.
            InvalidHeader, UnknownParameter, InvalidParameter, MalformedJson: 400.
        """
        here = app_ctx.g
        request = here.request
        header = request.environ.get
        negotiation.choose(header("HTTP_ACCEPT"), _offered(served))
        takes_body = served.body is not None and verb in TAKEN
        if served.body_optional and not _has_body(request):
            takes_body = False
        media_type = _media_type(request, verb) if takes_body else None
        asked = cls(
            served=served,
            verb=verb,
            path=request.path,
            base_url=here.base_url,
            if_match=_entity_tags("If-Match", header("HTTP_IF_MATCH")),
            if_none_match=_entity_tags("If-None-Match", header("HTTP_IF_NONE_MATCH")),
            preference=preferences.parse(header("HTTP_PREFER")),
            accept_encoding=header("HTTP_ACCEPT_ENCODING"),
            key=_idempotency_key(header("HTTP_IDEMPOTENCY_KEY")) if verb in UNSAFE else None,
            query=load_query(served, request),
            media_type=media_type,
        )
        if asked.is_dry or not served.replayable:
            asked.key = None
        if media_type is not None:
            asked.raw = requests.body()
            asked.document = strict_json.loads(asked.raw)
            if verb == "PATCH":
                patches.require_document(media_type, asked.document)
        return asked

    def validate(self) -> None:
        """Validate the body where that depends on the body alone.

        Raises:
            ValidationFailed: 422, each fault with its pointer.
        """
        schema = self.served.body
        if schema is not None and (self.verb == "POST" or self.served.partial):
            document = {} if self.media_type is None else self.document
            self.body = known_bodies.loaded(schema, self.raw, document, partial=self.served.partial)

    def arguments(self, tx: Transaction, caller: Caller) -> dict[str, Any]:
        """What the method of the resource named of these."""
        return {
            name: _GIVEN[name](self, tx, caller) for name in self.served.arguments if name in _GIVEN
        }

    @property
    def precondition(self) -> Precondition:
        """The check of `If-Match` and `If-None-Match` against a row."""
        return Precondition(
            self.if_match, self.if_none_match, is_required=self.served.conditional == "required"
        )

    @property
    def is_revalidation(self) -> bool:
        """Whether the client has the resource, and asks whether it is still the same."""
        return self.verb == "GET" and self.if_none_match is not None

    @property
    def is_dry(self) -> bool:
        """Whether the request only wants to know what would happen."""
        return self.served.dry_run and bool(self.query.get("dry_run"))


_GIVEN: Final[Mapping[str, Callable[[Asked, Transaction, Caller], Any]]] = {
    "tx": lambda _, tx, __: tx,
    "actor": lambda _, __, caller: caller.actor,
    "body": lambda asked, *_: asked.body,
    "query": lambda asked, *_: asked.query,
    "precondition": lambda asked, *_: asked.precondition,
    "revise": lambda asked, *_: Revision(asked),
    "whole": lambda asked, *_: Whole(asked),
    "address": lambda _, __, caller: caller.address,
    "prepared": lambda asked, *_: asked.prepared,
    "may_be_brief": lambda asked, _, caller: not (asked.query or caller.actor.is_narrow),
}
"""What a method of a resource may name, made where it is named."""


def basic_credentials() -> tuple[str, str] | None:
    """User name and password of `Authorization: Basic` (RFC 7617), where they can be read."""
    sent = request.authorization
    if sent is None or sent.type != "basic" or sent.username is None:
        return None
    return sent.username, sent.password or ""


def _offered(served: operation) -> tuple[str, ...]:
    # A generated client that reads JSON for the most part accepts problems only, also of a file.
    file = served.download
    return OFFERED if file is None else (file.media_type, negotiation.PROBLEM_JSON)


def _has_body(request: Request) -> bool:
    # RFC 9112 section 6.3: a request without either header has none.
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def _media_type(request: Request, verb: str) -> str:
    header = request.environ.get
    negotiation.refuse_coding(header("HTTP_CONTENT_ENCODING"))
    return negotiation.body_type(header("CONTENT_TYPE"), TAKEN[verb])


def _entity_tags(name: str, header: str | None) -> str | None:
    if header is not None:
        conditional.parse(name, header)
    return header


def _idempotency_key(header: str | None) -> str | None:
    if header is None:
        return None
    found = KEY.fullmatch(header.strip())
    if found is None:
        fault = FieldError(
            header="Idempotency-Key",
            code="bad-format",
            detail="Use 1 to 255 printable ASCII characters, quoted or bare.",
        )
        raise InvalidHeader(fault.detail, errors=[fault.as_member()])
    return found[1] or found[2]
