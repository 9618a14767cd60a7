"""Refusals as problem details (RFC 9457): one table from family to status, one renderer."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

import orjson
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WerkzeugMethodNotAllowed

from api import errors, ids
from api.clock import to_text
from api.errors import Block, Blocked, Refusal
from api.http import conditional
from api.http.answer import Whole
from api.http.moments import with_deadline
from api.http.negotiation import PROBLEM_JSON

STATUS_OF_FAMILY: Final[Mapping[type[Refusal], HTTPStatus]] = MappingProxyType(
    {
        errors.Malformed: HTTPStatus.BAD_REQUEST,
        errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
        errors.Denied: HTTPStatus.FORBIDDEN,
        errors.Absent: HTTPStatus.NOT_FOUND,
        errors.MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
        errors.NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
        errors.Gone: HTTPStatus.GONE,
        errors.Conflict: HTTPStatus.CONFLICT,
        errors.Stale: HTTPStatus.PRECONDITION_FAILED,
        errors.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        errors.UriTooLong: HTTPStatus.REQUEST_URI_TOO_LONG,
        errors.UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.Unconditional: HTTPStatus.PRECONDITION_REQUIRED,
        errors.Throttled: HTTPStatus.TOO_MANY_REQUESTS,
        errors.HeadersTooLarge: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        errors.InternalError: HTTPStatus.INTERNAL_SERVER_ERROR,
        errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    }
)

# Werkzeug answers by itself only to what never reaches an operation; each has one refusal of ours.
REFUSAL_OF_STATUS: Final[Mapping[int, type[Refusal]]] = MappingProxyType(
    {
        HTTPStatus.NOT_FOUND: errors.NotFound,
        HTTPStatus.PERMANENT_REDIRECT: errors.NotFound,
        HTTPStatus.METHOD_NOT_ALLOWED: errors.MethodNotAllowed,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: errors.BodyTooLarge,
        HTTPStatus.REQUEST_URI_TOO_LONG: errors.UriTooLong,
        HTTPStatus.BAD_REQUEST: errors.MalformedJson,
        HTTPStatus.REQUEST_TIMEOUT: errors.Unavailable,
    }
)

FIELDS_OF_FAMILY: Final[Mapping[type[Refusal], tuple[str, ...]]] = MappingProxyType(
    {
        errors.Unauthenticated: ("WWW-Authenticate",),
        errors.InsufficientScope: ("WWW-Authenticate",),
        errors.MethodNotAllowed: ("Allow",),
        errors.RateLimited: ("Retry-After", "RateLimit", "RateLimit-Policy"),
        errors.Unavailable: ("Retry-After",),
    }
)
"""The header fields that refusals have and other answers have not, or not always."""

AT_TIMES_OF_FAMILY: Final[Mapping[type[Refusal], tuple[str, ...]]] = MappingProxyType(
    {
        errors.StaleVersion: ("ETag",),
        errors.UnsupportedMediaType: ("Accept", "Accept-Patch", "Accept-Encoding"),
    }
)
"""Those that depend on the request: on whether there is something, on what was wrong with it."""

ID_PREFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "registration_id": "reg",
        "class_id": "cls",
        "conflicting_class_id": "cls",
        "session_id": "ses",
        "conflicting_session_id": "ses",
        "student_id": "stu",
    }
)
"""Members of blocks that are ids, with the prefix that they get at the edge."""

LinksOf = Callable[[Refusal, str], Mapping[str, Any]]
"""From a refusal and the base of all URLs to the `_links` of its problem, if it has any."""

log = logging.getLogger("homeroom.problems")


def status_of(refusal: type[Refusal]) -> HTTPStatus:
    """The status with which a refusal of this type is answered."""
    for family in refusal.__mro__:
        if family in STATUS_OF_FAMILY:
            return STATUS_OF_FAMILY[family]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def plain(name: str, value: Any) -> Any:
    """A member of a problem or a block as JSON takes it: instants, ids and lists of them."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, uuid.UUID):
        prefix = ID_PREFIXES.get(name)
        return ids.encode(prefix, value) if prefix else str(value)
    if isinstance(value, Mapping):
        return {key: plain(key, part) for key, part in value.items()}
    if isinstance(value, Sequence):
        return [plain(name, part) for part in value]
    return value


def block_member(block: Block) -> dict[str, Any]:
    """A block as it stands in `blocks` and in `_blocked`, with the members of its own problem."""
    return {"code": block.code, **_members(block.details)}


def problem_of(refusal: Refusal, *, base_url: str, request_id: str) -> dict[str, Any]:
    """The problem document of a refusal (RFC 9457 §3)."""
    first = refusal.blocks[0].details if isinstance(refusal, Blocked) else {}
    document: dict[str, Any] = {
        "type": f"{base_url}/problems/{refusal.code}",
        "title": refusal.title,
        "status": int(status_of(type(refusal))),
        "detail": with_deadline(refusal.detail, {**first, **refusal.members}),
        "instance": f"urn:uuid:{uuid.uuid4()}",
        "code": refusal.code,
        "request_id": request_id,
    }
    if isinstance(refusal, Blocked):
        blocks = [block_member(block) for block in refusal.blocks]
        # The code of the first reason is that of the refusal.
        document |= blocks[0]
        document["blocks"] = blocks
    document.update(_members(refusal.members))
    return document


def _members(details: Mapping[str, Any]) -> dict[str, Any]:
    """Details as members of the problem itself, whose own `status` is the one of HTTP."""
    return {
        "state" if name == "status" else name: plain(name, value) for name, value in details.items()
    }


def headers_of(refusal: Refusal) -> dict[str, str]:
    """The header fields that belong to a refusal, whatever the request was."""
    headers = {"Cache-Control": "no-store", **_challenge(refusal)}
    if isinstance(refusal, errors.RateLimited | errors.Unavailable):
        headers["Retry-After"] = str(refusal.retry_after_seconds)
        if isinstance(refusal, errors.RateLimited):
            policy = refusal.members["violated_policies"][0]
            headers["RateLimit"] = f'"{policy}";r=0;t={refusal.retry_after_seconds}'
    elif isinstance(refusal, errors.BodyTooLarge):
        # The rest of the body is not read, so the connection cannot be used again.
        headers["Connection"] = "close"
    elif isinstance(refusal, errors.StaleVersion) and "version" in refusal.members:
        # What `If-Match` compares. The variant would need the representation, as this caller sees
        # it: statements that a refusal has no other use for.
        headers["ETag"] = conditional.tag_of_version(refusal.members["version"])
    elif isinstance(refusal, errors.UnsupportedMediaType):
        headers.update(refusal.members.pop("headers", {}))
    return headers


def _challenge(refusal: Refusal) -> dict[str, str]:
    """How to authenticate (RFC 6750 section 3), where that is what was wrong."""
    words = 'Bearer realm="homeroom"'
    if isinstance(refusal, errors.InvalidToken):
        words += ', error="invalid_token"'
    elif isinstance(refusal, errors.InsufficientScope):
        words += f', error="insufficient_scope", scope="{refusal.members["scope"]}"'
    elif not isinstance(refusal, errors.Unauthenticated):
        return {}
    return {"WWW-Authenticate": words}


class Problems:
    """Answers every error of the application, ours and the framework's, as a problem."""

    def __init__(self, app: Flask, links: LinksOf) -> None:
        self._links = links
        app.register_error_handler(Refusal, self.refused)
        app.register_error_handler(HTTPException, self.unrouted)
        app.register_error_handler(Exception, self.failed)

    def refused(self, refusal: Refusal) -> Response:
        """A refusal that a use-case or the edge raised."""
        headers = headers_of(refusal)
        document = problem_of(refusal, base_url=g.base_url, request_id=g.request_id)
        document |= self._links(refusal, g.base_url)
        headers["Content-Type"] = PROBLEM_JSON
        return Whole(document["status"], headers, orjson.dumps(document))

    def unrouted(self, error: HTTPException) -> Response:
        """An error that routing or the framework raised before any operation began."""
        kind = REFUSAL_OF_STATUS.get(error.code or HTTPStatus.NOT_FOUND, errors.InternalError)
        response = self.refused(kind())
        if isinstance(error, WerkzeugMethodNotAllowed):
            response.headers["Allow"] = ", ".join(allowed_methods(error.valid_methods or ()))
        return response

    def failed(self, error: Exception) -> Response:
        """A fault of ours: the log gets the trace, the caller only the request id."""
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        return self.refused(errors.InternalError())


def allowed_methods(methods: Iterable[str]) -> list[str]:
    """Methods in the order in which people read them, OPTIONS always among them."""
    served = set(methods)
    order = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS")
    return [method for method in order if method in served or method == "OPTIONS"]
