"""What an operation takes, as OpenAPI says it: path, query, header fields, body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.http import negotiation, openapi_examples
from api.http.openapi_components import Components, ref
from api.http.openapi_refusals import takes_body, takes_key

if TYPE_CHECKING:
    from api.http.links import Target

PURPOSES = {"POST": "Create", "PATCH": "Patch", "PUT": "Replace"}


def parameters_of(target: Target, components: Components) -> list[dict[str, Any]]:
    """The parameters of an operation; those of the path come first."""
    # On the operation and not on the path: generators disagree about the order of the latter.
    names = _shared_names(target)
    return [
        *_path(target),
        *_query(target, components),
        *({"$ref": f"#/components/parameters/{name}"} for name in names),
    ]


def body_of(target: Target, components: Components) -> dict[str, Any] | None:
    """The request body of an operation, if it takes one."""
    served = target.served
    if served.body is None or not takes_body(target):
        return None
    purpose = "Upsert" if served.partial else PURPOSES[target.method]
    is_complete = target.method != "PATCH" and not served.partial
    schema = components.input(served.body, purpose, complete=is_complete)
    content: dict[str, dict[str, Any]] = {negotiation.JSON: {"schema": schema}}
    if target.method == "PATCH":
        # The merge patch first: generators that send one format take the first.
        content = {
            negotiation.MERGE_PATCH: {"schema": schema},
            negotiation.JSON_PATCH: {"schema": ref("JsonPatch")},
        }
    for media_type, described in content.items():
        described.update(openapi_examples.of_request(target.operation_id, media_type))
    return {"required": not served.body_optional, "content": content}


def _path(target: Target) -> list[dict[str, Any]]:
    found = []
    for _, variable, prefix in target.pieces:
        if variable is None:
            continue
        noun = variable.removesuffix("_id").replace("_", " ")
        schema: dict[str, Any] = {"type": "string", "minLength": 1}
        words = f"The {noun}."
        if prefix is not None:
            schema = {"type": "string", "pattern": f"^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"}
            words = f"The id of the {noun}, as links give it."
        elif variable == "external_id":
            words = "What the other system calls it, percent-encoded."
        found.append(
            {"name": variable, "in": "path", "required": True, "description": words}
            | {"schema": schema}
        )
    return found


def _query(target: Target, components: Components) -> list[dict[str, Any]]:
    served = target.served
    kind = served.listing.schema if served.listing is not None else served.query
    return [] if kind is None else components.parameters(kind)


def _shared_names(target: Target) -> list[str]:
    served = target.served
    names = []
    if served.conditional is not None:
        names.append("IfMatch" if served.conditional == "required" else "IfMatchOptional")
    if target.method == "GET":
        names.append("IfNoneMatch")
    if takes_key(target):
        names.append("IdempotencyKey")
    if target.method in PURPOSES and served.returns is not None:
        names.append("Prefer")
    if target.method == "PUT" and served.partial:
        # The last: clients of an earlier document may give the others by their place.
        names.append("IfNoneMatchOfUpsert")
    return names
