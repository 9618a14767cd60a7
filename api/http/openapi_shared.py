"""What no schema of ours stands behind: problems, links, blocks, patches, parameters of all."""

from __future__ import annotations

from typing import Any

from api.http.lifetimes import RELATIONS
from api.http.openapi_components import links_by, ref
from api.http.problem_links import RELS
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
            "_links": links_by((*RELS, *RELATIONS)),
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
    "IfNoneMatchOfUpsert": {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "description": "`*`: only make it; 412 if it is there. Entity tags change nothing here.",
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
