"""Partial updates as pure functions: merge patch (RFC 7396) and JSON Patch (RFC 6902)."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

import jsonpatch
import orjson
from jsonpointer import JsonPointerException

from api.errors import (
    FieldError,
    MalformedPatch,
    PatchFailed,
    PatchTestFailed,
    ValidationFailed,
)
from api.http.negotiation import JSON_PATCH

MAX_OPERATIONS = 50
# Repeated `copy` operations double a document each; a representation is far smaller than this.
_LARGEST_BYTES = 1024 * 1024
# What the server adds around the members; a client that sends a representation back may keep it.
_HYPERMEDIA = frozenset({"_links", "_embedded", "_blocked"})
_OPERATIONS: Mapping[str, frozenset[str]] = {
    "add": frozenset({"value"}),
    "remove": frozenset(),
    "replace": frozenset({"value"}),
    "move": frozenset({"from"}),
    "copy": frozenset({"from"}),
    "test": frozenset({"value"}),
}
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*", re.DOTALL)

Representation = Mapping[str, Any]


def require_document(media_type: str, document: Any) -> None:
    """Refuse what is not a patch, whatever it would be applied to.

    Raises:
        MalformedPatch: a JSON Patch that is not an array of at most 50 well-formed operations, or
            a merge patch that is not an object (it would exchange the whole resource).
    """
    if media_type != JSON_PATCH:
        if not isinstance(document, dict):
            raise MalformedPatch("A merge patch is an object with the members to change.")
        return
    if not isinstance(document, list):
        raise MalformedPatch("A JSON Patch is an array of operations.")
    if len(document) > MAX_OPERATIONS:
        raise MalformedPatch(f"A JSON Patch has at most {MAX_OPERATIONS} operations.")
    for index, operation in enumerate(document):
        _require_operation(index, operation)


def apply(
    media_type: str,
    document: Any,
    representation: Representation,
    *,
    read_only: Collection[str] = (),
) -> dict[str, Any]:
    """The members that a PATCH leaves, without `read_only` ones and without links.

    `document` is JSON Patch when `media_type` says so, else a merge patch. Neither argument is
    changed. A member that a merge patch sets to null is absent and takes its default.

    Raises:
        MalformedPatch: see `require_document`.
        PatchFailed: a path is missing or read-only; `errors` points to it as `#/2/path`.
        PatchTestFailed: a `test` did not hold.
        ValidationFailed: a merge patch changes a read-only member.
    """
    require_document(media_type, document)
    if media_type == JSON_PATCH:
        patched = _json_patched(document, representation, read_only)
        return replacing(patched, representation, read_only=read_only)
    # A null would remove the member, so a read-only one is judged by what was sent.
    sent = replacing(document, representation, read_only=read_only)
    unwritable = {*read_only, *_HYPERMEDIA}
    kept = {name: value for name, value in representation.items() if name not in unwritable}
    merged: dict[str, Any] = _merged(kept, sent)
    return merged


def replacing(
    document: Any, representation: Representation, *, read_only: Collection[str]
) -> dict[str, Any]:
    """The members of a PUT that can be written: read-only ones may come along unchanged.

    Raises:
        ValidationFailed: not an object, or a read-only member differs from what is stored.
    """
    if not isinstance(document, dict):
        raise ValidationFailed(
            [FieldError(pointer="#", code="wrong-type", detail="Send a JSON object.")]
        )
    changed = [
        FieldError(
            pointer=f"#/{_escaped(name)}",
            code="read-only",
            detail="This member cannot be changed.",
        )
        for name in document
        if name in read_only and not _equal(document[name], representation.get(name))
    ]
    if changed:
        raise ValidationFailed(changed)
    return {
        name: value
        for name, value in document.items()
        if name not in read_only and name not in _HYPERMEDIA
    }


def _merged(target: Any, patch: Any) -> Any:
    """RFC 7396 section 2, its pseudocode."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged


def _json_patched(
    operations: list[dict[str, Any]], representation: Representation, read_only: Collection[str]
) -> Any:
    unwritable = {*read_only, *_HYPERMEDIA}
    patched: Any = copy.deepcopy(dict(representation))
    for index, operation in enumerate(operations):
        _refuse_unwritable(index, operation, unwritable)
        patched = _performed(index, operation, patched)
    return patched


def _performed(index: int, operation: dict[str, Any], target: Any) -> Any:
    try:
        patched = jsonpatch.JsonPatch([operation]).apply(target, in_place=True)
    except jsonpatch.JsonPatchTestFailed:
        raise PatchTestFailed(
            f"Operation {index}: the value at {operation['path'][:100]!r} is another.",
            pointer=f"#/{index}/path",
        ) from None
    except (jsonpatch.JsonPatchException, JsonPointerException):
        _refuse(index, _culprit(operation, target), "not-found", "There is nothing at this path.")
    if operation["op"] == "copy" and len(orjson.dumps(patched)) > _LARGEST_BYTES:
        _refuse(index, "path", "too-long", "The document would grow beyond 1 MiB.")
    return patched


def _culprit(operation: dict[str, Any], target: Any) -> str:
    """Which of `from` and `path` failed: `from`, if it leads nowhere."""
    if "from" in operation and operation["op"] in ("move", "copy"):
        try:
            jsonpatch.JsonPointer(operation["from"]).resolve(target)
        except JsonPointerException:
            return "from"
    return "path"


def _require_operation(index: int, operation: Any) -> None:
    if not isinstance(operation, dict):
        raise MalformedPatch(f"Operation {index} is not an object.")
    name = operation.get("op")
    if not isinstance(name, str) or name not in _OPERATIONS:
        raise MalformedPatch(f"Operation {index}: `op` is not one of {', '.join(_OPERATIONS)}.")
    for member in sorted({"path"} | _OPERATIONS[name]):
        if member not in operation:
            raise MalformedPatch(f"Operation {index}: `{member}` is missing.")
        if member != "value" and not _is_pointer(operation[member]):
            raise MalformedPatch(f"Operation {index}: `{member}` is not a JSON Pointer.")


def _is_pointer(text: Any) -> bool:
    return isinstance(text, str) and _POINTER.fullmatch(text) is not None


def _refuse_unwritable(index: int, operation: dict[str, Any], unwritable: Collection[str]) -> None:
    written = {"test": (), "move": ("from", "path")}.get(operation["op"], ("path",))
    for member in written:
        pointer: str = operation[member]
        if pointer == "":
            detail = "A patch changes members, not the whole resource."
            _refuse(index, member, "read-only", detail)
        first = pointer.split("/")[1].replace("~1", "/").replace("~0", "~")
        if first in unwritable:
            _refuse(index, member, "read-only", "This member cannot be changed.")


def _refuse(index: int, member: str, code: str, detail: str) -> NoReturn:
    fault = FieldError(pointer=f"#/{index}/{member}", code=code, detail=detail)
    raise PatchFailed(f"Operation {index}: {detail}", errors=[fault.as_member()])


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _equal(one: Any, other: Any) -> bool:
    """JSON equality: unlike Python's, true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)
