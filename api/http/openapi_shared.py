"""What no schema of ours stands behind: problems, links, blocks, patches, header fields."""

from __future__ import annotations

from typing import Any

from api.http.openapi_components import LINKS, ref
from api.schemas import patterns


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


SCHEMAS: dict[str, dict[str, Any]] = {
    "Problem": {
        "type": "object",
        "description": "Why a request was refused (RFC 9457). Switch on `code`.",
        "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
        "properties": {
            "type": _text("The page that says what this problem is and how to cure it."),
            "title": _text("The kind of problem, the same every time."),
            "status": {"type": "integer", "description": "The HTTP status."},
            "detail": _text("What happened this time."),
            "instance": _text("A name for this one occurrence."),
            "code": _text("The kind of problem, for programs; an open set."),
            "request_id": _text("What finds this request in the log."),
            "errors": {
                "type": "array",
                "description": "Each fault of the input, with its place.",
                "items": ref("FieldError"),
            },
            "blocks": {
                "type": "array",
                "description": "Every reason why a registration was refused.",
                "items": ref("Block"),
            },
            "_links": LINKS,
        },
        "additionalProperties": True,
    },
    "FieldError": {
        "type": "object",
        "description": "One fault of the input; one of the three places is named.",
        "required": ["code", "detail"],
        "properties": {
            "code": _text("The kind of fault, for programs; an open set."),
            "detail": _text("What would be right."),
            "pointer": _text("The member of the body, as a JSON Pointer in a fragment."),
            "parameter": _text("The query parameter."),
            "header": _text("The header field."),
        },
        "additionalProperties": True,
    },
    "Block": {
        "type": "object",
        "description": "One reason why a call would be refused now.",
        "required": ["code"],
        "properties": {"code": _text("The reason, for programs; an open set.")},
        "additionalProperties": True,
    },
    "Link": {
        "type": "object",
        "description": "Where a relation leads, and how.",
        "required": ["href"],
        "properties": {
            "href": _text("The address; a URI template (RFC 6570) if `templated`."),
            "templated": {"type": "boolean", "description": "Whether `href` is a template."},
            "method": _text("The HTTP method; GET if there is none."),
            "operation": _text("The operationId: its request body is the form of this action."),
            "type": _text("The media type of the body to send, or of what is there."),
            "title": _text("The action in words."),
            "precondition": _text("`if-match`: the call needs the ETag of this representation."),
            "deprecation": _text("Where to read why this link will go away."),
            "body": {
                "type": "object",
                "description": "Members of the request body that this action fixes.",
                "additionalProperties": True,
            },
        },
        "additionalProperties": True,
    },
    "JsonPatch": {
        "type": "array",
        "description": "A JSON Patch (RFC 6902); all of it is applied, or nothing.",
        "maxItems": 50,
        "items": ref("JsonPatchOperation"),
    },
    "JsonPatchOperation": {
        "type": "object",
        "description": "One step of a JSON Patch.",
        "required": ["op", "path"],
        "properties": {
            "op": _text("What to do.", enum=["add", "remove", "replace", "move", "copy", "test"]),
            "path": _text("The member, as a JSON Pointer.", pattern=patterns.POINTER),
            "from": _text("Where `move` and `copy` take it from.", pattern=patterns.POINTER),
            "value": {"description": "The value, for `add`, `replace` and `test`."},
        },
        "additionalProperties": False,
    },
}


def _header(description: str, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string", **schema}}


HEADERS: dict[str, dict[str, Any]] = {
    "ETag": _header("The version of what was answered; send it as `If-Match` when changing it."),
    "Location": _header("The address of what was made."),
    "Link": _header("The links of the list itself (RFC 8288), as in `_links`."),
    "RateLimit": _header("What is left of the window: `r` requests; `t` seconds until it moves."),
    "RateLimit-Policy": _header("The limit: `q` requests in `w` seconds."),
    "Retry-After": _header("Seconds to wait.", pattern="^[0-9]+$"),
    "Idempotent-Replayed": _header("`true`: the stored answer of an earlier call with this key."),
    "Preference-Applied": _header("The preference of `Prefer` that was followed."),
    "WWW-Authenticate": _header("How to authenticate (RFC 6750)."),
    "Accept": _header("The media types that the operation takes."),
    "Accept-Patch": _header("The patch formats that the operation takes."),
    "Cache-Control": _header("Who may keep the answer, and for how long."),
    "Vary": _header("The request header fields that the answer depends on."),
    "X-Request-Id": _header("What finds this request in the log."),
}

HEADERS_OF_WHAT_ENDS: dict[str, dict[str, Any]] = {
    "Deprecation": _header("Since when clients should leave this (RFC 9745).", pattern="^@[0-9]+$"),
    "Sunset": _header("When it ends (RFC 8594); from then on it is 410."),
}
"""In the document only while something is deprecated."""

PARAMETERS: dict[str, dict[str, Any]] = {
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": "The `ETag` of the representation that is changed, or `*` (RFC 9110).",
        "schema": {"type": "string", "pattern": patterns.ENTITY_TAGS},
    },
    "IfMatchOptional": {
        "name": "If-Match",
        "in": "header",
        "required": False,
        "description": "Honoured where sent: the call is refused if the version is another.",
        "schema": {"type": "string", "pattern": patterns.ENTITY_TAGS},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "description": "An `ETag` that the client has; the answer is 304 if it is still right.",
        "schema": {"type": "string", "pattern": patterns.ENTITY_TAGS},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "A name for this call, new for each; a retry gets the first answer, "
        "for 72 hours.",
        "schema": {"type": "string", "maxLength": 257, "pattern": patterns.IDEMPOTENCY_KEY},
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "required": False,
        "description": "`return=minimal` leaves the body of the answer out (RFC 7240).",
        "schema": {"type": "string"},
    },
}

SECURITY: dict[str, dict[str, Any]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of `POST /v1/tokens`, sent as `Authorization: Bearer hr_…`.",
    },
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "User name and password, for `POST /v1/tokens` alone.",
    },
}
