"""Partial updates as pure functions: merge patch (RFC 7396) and JSON Patch (RFC 6902)."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

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
# What an operation writes, where that is not its `path` alone.
_WRITTEN: Mapping[str, tuple[str, ...]] = {"test": (), "move": ("from", "path")}
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*", re.DOTALL)

Representation = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patched:
    """What a PATCH leaves of the members that can be written, and what of it cannot be done.

    `members` is null where an operation led nowhere: whatever follows it would follow from that.
    """

    media_type: str
    members: dict[str, Any] | None
    faults: tuple[FieldError, ...] = ()

    def refuse(self, invalid: Iterable[FieldError]) -> None:
        """Let the patch pass, unless it has faults, or its result has those of `invalid`.

        Raises:
            PatchFailed: a JSON Patch has faults of its own, which come first.
            ValidationFailed: there are others.
        """
        found = [*self.faults, *invalid]
        if self.faults and self.media_type == JSON_PATCH:
            raise PatchFailed(found)
        if found:
            raise ValidationFailed(found)


class _LeadsNowhereError(Exception):
    """An operation that cannot be performed; the argument is its fault."""

    def __init__(self, index: int, member: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = _fault_of(index, member, code, detail)


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
    known: Collection[str] | None = None,
) -> Patched:
    """What a PATCH leaves, without `read_only` members and without links.

    `document` is JSON Patch when `media_type` says so, else a merge patch. Neither argument is
    changed. A member that a merge patch sets to null is absent and takes its default; one that is
    not `known` stays null, so that validation names it. Read-only members may come along
    unchanged; one that would change is a fault.

    Raises:
        MalformedPatch: see `require_document`.
        PatchTestFailed: a `test` did not hold, in a patch that has no other fault before it.
    """
    require_document(media_type, document)
    unwritable = {*read_only, *_HYPERMEDIA}
    if media_type == JSON_PATCH:
        return _operated(document, representation, unwritable)
    kept = {name: value for name, value in representation.items() if name not in unwritable}
    sent = {name: value for name, value in document.items() if name not in unwritable}
    # A null would remove the member, so a read-only one is judged by what was sent.
    faults = tuple(
        FieldError(
            pointer=f"#/{_escaped(name)}",
            code="read-only",
            detail="This member cannot be changed.",
        )
        for name in document
        if name in read_only and not _equal(document[name], representation.get(name))
    )
    strange = {
        name: None
        for name, value in sent.items()
        if value is None and known is not None and name not in known
    }
    members = {**_merged(kept, sent), **strange}
    return Patched(media_type=media_type, members=members, faults=faults)


def members_written(media_type: str, document: Any) -> set[str]:
    """The members that a well-formed patch writes, whether or not they come to differ."""
    if media_type != JSON_PATCH:
        return set(document)
    return {
        _first_step(operation[place])
        for operation in document
        for place in _WRITTEN.get(operation["op"], ("path",))
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


def _operated(
    operations: list[dict[str, Any]], representation: Representation, unwritable: Collection[str]
) -> Patched:
    refused = {
        index: fault
        for index, operation in enumerate(operations)
        if (fault := _fault_of_writing(index, operation, unwritable)) is not None
    }
    members: dict[str, Any] | None = None
    faults = [*refused.values()]
    try:
        result = _result_of(operations, representation, skipped=refused.keys())
    except _LeadsNowhereError as nowhere:
        faults.append(nowhere.fault)
    except PatchTestFailed:
        # What cannot be written is a fault whatever is stored, so it is told before a conflict.
        if not faults:
            raise
    else:
        members = {name: value for name, value in result.items() if name not in unwritable}
    return Patched(media_type=JSON_PATCH, members=members, faults=tuple(faults))


def _result_of(
    operations: list[dict[str, Any]], representation: Representation, *, skipped: Collection[int]
) -> dict[str, Any]:
    patched: dict[str, Any] = copy.deepcopy(dict(representation))
    for index, operation in enumerate(operations):
        if index not in skipped:
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
        culprit, detail = _culprit(operation, target), "There is nothing at this path."
        raise _LeadsNowhereError(index, culprit, "not-found", detail) from None
    if operation["op"] == "copy" and len(orjson.dumps(patched)) > _LARGEST_BYTES:
        raise _LeadsNowhereError(index, "path", "too-long", "The document would exceed 1 MiB.")
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


def _fault_of_writing(
    index: int, operation: dict[str, Any], unwritable: Collection[str]
) -> FieldError | None:
    for member in _WRITTEN.get(operation["op"], ("path",)):
        if operation[member] == "":
            detail = "A patch changes members, not the whole resource."
            return _fault_of(index, member, "read-only", detail)
        if _first_step(operation[member]) in unwritable:
            return _fault_of(index, member, "read-only", "This member cannot be changed.")
    return None


def _first_step(pointer: str) -> str:
    return pointer.partition("/")[2].partition("/")[0].replace("~1", "/").replace("~0", "~")


def _fault_of(index: int, member: str, code: str, detail: str) -> FieldError:
    return FieldError(pointer=f"#/{index}/{member}", code=code, detail=detail)


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
