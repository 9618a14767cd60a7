"""The OpenAPI document, made from the operations and the schemas that serve."""

from __future__ import annotations

from typing import Any

from flask import Flask

from api.http import openapi_examples
from api.http.links import Target, targets_of
from api.http.openapi_components import VERSION, Components
from api.http.openapi_links import OperationLinks
from api.http.openapi_parameters import body_of, parameters_of
from api.http.openapi_responses import Responses
from api.http.openapi_shared import (
    PARAMETERS,
    SCHEMAS,
    SECURITY,
)
from api.http.openapi_words import told
from api.release import RELEASE

TAGS = {
    "discovery": "Where to begin, and what things mean. Public.",
    "account": "Sign-up, tokens, and who the caller is.",
    "organizations": "Organizations and their settings.",
    "people": "Members, invitations and students.",
    "catalogue": "Terms, courses, classes and their timetable.",
    "registrations": "Seats, waitlists and the ledger of every change.",
    "jobs": "What takes longer than a request: exports, how far they are, and their files.",
}
"""Each tag with what it holds; an operation has one, and its scopes are named for it."""

DESCRIPTION = """\
Classes with limited seats: registration, waitlists and a ledger in which no seat is sold twice.

Begin at `/` and follow `_links`: an action is there if it would succeed now, and in `_blocked`
with its reasons if it would not. Every refusal is a problem document (RFC 9457); switch on its
`code`. Changing something needs the `ETag` that was read, as `If-Match`; a retry with the same
`Idempotency-Key` gets the first answer.
"""


def build_document(app: Flask) -> dict[str, Any]:
    """The whole document of an application, as a JSON value."""
    targets = targets_of(app)
    components = Components(
        linked={
            target.served.returns.schema
            for target in targets.values()
            if target.served.returns is not None
        }
    )
    links = OperationLinks(targets)
    responses = Responses(components, links)
    paths: dict[str, dict[str, Any]] = {}
    for target in sorted(targets.values(), key=lambda target: target.template):
        described = _operation(target, components, responses)
        paths.setdefault(target.template, {})[target.method.lower()] = described
    for name, schema in SCHEMAS.items():
        components.add(name, schema)
    used = {target.served.tag for target in targets.values()}
    return {
        "openapi": VERSION,
        "info": {"title": "Homeroom", "version": RELEASE, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": n, "description": w} for n, w in TAGS.items() if n in used],
        "paths": paths,
        "components": {
            "schemas": components.schemas(),
            "parameters": PARAMETERS,
            "headers": responses.headers.shared(),
            "responses": dict(sorted(responses.shared.items())),
            "examples": openapi_examples.of_problems(),
            "links": dict(sorted(links.shared.items())),
            "securitySchemes": SECURITY,
        },
    }


def _operation(target: Target, components: Components, responses: Responses) -> dict[str, Any]:
    served = target.served
    described: dict[str, Any] = {
        "operationId": target.operation_id,
        "tags": [served.tag],
        "summary": served.summary,
        "description": told(target),
        "parameters": parameters_of(target, components),
        "security": _security(target),
    }
    if target.ending is not None:
        described["deprecated"] = True
    body = body_of(target, components)
    if body is not None:
        described["requestBody"] = body
    described["responses"] = responses.of(target)
    return described


def _security(target: Target) -> list[dict[str, list[str]]]:
    served = target.served
    if served.access == "public":
        # Who may leave the body out sends the credentials that it would hold as Basic.
        return [{"basic": []}, {}] if served.body_optional else []
    return [{"bearer": []}, {}] if served.access == "optional" else [{"bearer": []}]
