"""Ids that other systems gave: how they stand in a URL, and how they stand in a body."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from api.errors import DuplicateName, FieldError, NotFound, ValidationFailed

LONGEST = 255
"""Characters of an external id."""


@dataclass(frozen=True, slots=True)
class ExternalId:
    """What another system calls something in an organization; unique there by kind."""

    organization_id: UUID
    text: str

    @classmethod
    def of_url(cls, organization_id: UUID, text: str) -> ExternalId:
        """The id as it would have been stored, for the texts of bodies are brought to that form.

        Raises:
            NotFound: no text that is ever stored.
        """
        settled = unicodedata.normalize("NFC", text).strip()
        if not 1 <= len(settled) <= LONGEST or any(
            unicodedata.category(character) in {"Cc", "Cs"} for character in settled
        ):
            raise NotFound
        return cls(organization_id, settled)

    @property
    def parameters(self) -> dict[str, Any]:
        """The values of a statement that looks for it."""
        return {"organization_id": self.organization_id, "external_id": self.text}

    def named(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body with this id as its own.

        Raises:
            ValidationFailed: it names another.
        """
        if body.get("external_id") not in (None, self.text):
            fault = FieldError(
                pointer="#/external_id",
                code="bad-format",
                detail="Leave it out, or send the external id of the URL.",
            )
            raise ValidationFailed([fault])
        return {**body, "external_id": self.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upsert:
    """An update-or-create: the members that were sent, and what the edge knows to do with them.

    `whole` validates them for a creation, `precondition` holds `If-Match` against a row.
    """

    external_id: ExternalId
    sent: Mapping[str, Any]
    whole: Callable[[], Mapping[str, Any]]
    precondition: Callable[[Any], None]


def name_taken(error: IntegrityError, *members: str) -> DuplicateName:
    """The refusal that the violation of a unique constraint stands for.

    `members` are those that must be unique; both databases name the columns in the first line of
    their message. PostgreSQL adds the values in the next, in which any word may stand.

    Raises:
        IntegrityError: it was another constraint, which is a bug.
    """
    message = str(error.orig).partition("\n")[0]
    for member in members:
        if member in message:
            return DuplicateName(f"This {member} is taken.", pointer=f"#/{member}")
    raise error
