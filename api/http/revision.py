"""An edit between its two halves: compare the version, apply the patch, validate what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.errors import StaleVersion, ValidationFailed
from api.http import conditional, patches
from api.http.parser import editable_of, load_body, load_replacement
from api.schemas.dumping import dumped, names_of

if TYPE_CHECKING:
    from marshmallow import Schema

    from api.errors import FieldError
    from api.http.asked import Asked


@dataclass(frozen=True, slots=True)
class Precondition:
    """`If-Match` and `If-None-Match` of a change, held against a row (RFC 9110 §13.1.1, 13.1.2)."""

    if_match: str | None
    if_none_match: str | None = None
    is_required: bool = False

    def __call__(self, row: Any) -> None:
        """Let the row's version pass.

        Raises:
            PreconditionRequired: the operation needs `If-Match` and none was sent.
            StaleVersion: it names another version, or any where there is no row; or there is a
                row and the request wants to create one.
        """
        if row is None:
            if self.if_match is not None:
                raise StaleVersion("There is no such resource.")
            return
        conditional.require_version(self.if_match, row.version, required=self.is_required)
        if conditional.forbids_existing(self.if_none_match):
            raise StaleVersion("There is such a resource already.", version=row.version)


@dataclass(frozen=True, slots=True)
class Revision:
    """What a PATCH or PUT makes of a row: the members that change, with their new values."""

    asked: Asked

    def __call__(self, row: Any, *, move: str | None = None) -> Mapping[str, Any]:
        """Hold the precondition, apply the body to the row's representation, validate it whole.

        A PATCH that writes the member `move` and no other asks for that, also where it has that
        value: then it is among the changes.

        Raises:
            PreconditionRequired, StaleVersion: 428, 412.
            PatchFailed, ValidationFailed: all faults of the patch and of its result, at once.
            PatchTestFailed: a `test` did not hold.
        """
        self.asked.precondition(row)
        schema = self.asked.served.body
        assert schema is not None, (
            "an operation that revises declares its body"
        )  # a law of the decorator
        present = editable_of(schema, row)
        if self.asked.media_type is None or self.asked.verb == "PUT":
            wanted = load_replacement(schema, self.asked.document, row)
        else:
            # A JSON Patch may test what it cannot change, so it sees all members.
            whole = dumped(schema, row)
            patched = patches.apply(
                self.asked.media_type,
                self.asked.document,
                whole,
                read_only=whole.keys() - present.keys(),
                known=names_of(schema),
            )
            wanted = _validated(schema, patched)
        stored = load_body(schema, present)
        changes = {name: value for name, value in wanted.items() if stored.get(name) != value}
        if move is not None and self._writes_only(move):
            changes[move] = wanted[move]
        return changes

    def _writes_only(self, member: str) -> bool:
        media_type = self.asked.media_type
        assert media_type is not None, "a PATCH has a body"  # shown to mypy
        return patches.members_written(media_type, self.asked.document) == {member}


@dataclass(frozen=True, slots=True)
class Whole:
    """The body of an update-or-create once it is known that it must create."""

    asked: Asked

    def __call__(self) -> Mapping[str, Any]:
        """The validated body with every default.

        Raises:
            ValidationFailed: a member that a new resource needs is missing.
        """
        schema = self.asked.served.body
        assert schema is not None, (
            "an operation that creates declares its body"
        )  # a law of the decorator
        return load_body(schema, self.asked.document)


def _validated(schema: type[Schema], patched: patches.Patched) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    invalid: Sequence[FieldError] = ()
    if patched.members is not None:
        try:
            wanted = load_body(schema, patched.members)
        except ValidationFailed as refused:
            invalid = refused.errors
    patched.refuse(invalid)
    return wanted
