"""Which columns of a class hold which members of its representation, and what they rest on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from api import clock
from api.errors import FieldError, Refusal, ValidationFailed
from api.models.base import fold
from api.models.course import Course
from api.models.database import Transaction
from api.models.organization import Member, Organization
from api.models.term import Term
from api.services.external_ids import name_taken

FOLDED = ("title", "section", "location", "external_id")
SEATS = frozenset({"capacity", "status"})
"""Columns that only the seat commands write."""
DESCRIPTIVE = frozenset({"description", "location"})
"""What an instructor of the class may edit."""
SETTLING = frozenset({"term_id", "drop_until", "withdraw_until", "promotion_ends_at", "timezone"})
"""What effective columns are made from."""
GUARDED = SETTLING | {
    "windows",
    "approval_required",
    "waitlist_enabled",
    "waitlist_capacity",
    "waitlist_mode",
    "waitlist_offer_ttl_seconds",
}
"""What a registration or the line may be decided by, beside the seats."""

ZONE = select(Organization.timezone).where(Organization.id == bindparam("organization_id"))
"""The zone of an organization; whoever changes it waits for the classes that are locked."""

ZONE_KEPT = ZONE.with_for_update(read=True)
"""The same, and nobody changes it before a class is there that inherits it."""

_TERM = select(Term.id).where(
    Term.organization_id == bindparam("organization_id"), Term.id == bindparam("term_id")
)
_COURSE = select(Course.id).where(
    Course.organization_id == bindparam("organization_id"), Course.id == bindparam("course_id")
)
_MEMBERS = select(Member.id).where(
    Member.organization_id == bindparam("organization_id"),
    Member.id.in_(bindparam("member_ids", expanding=True)),
)


def columns_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that hold these members, with their folded twins; JSON holds ids as texts."""
    columns = {name: value for name, value in values.items() if name not in _NESTED}
    for name, write in _NESTED.items():
        if name in values:
            columns |= write(values[name])
    for name in FOLDED:
        if name in columns:
            columns[f"{name}_fold"] = None if columns[name] is None else fold(columns[name])
    return columns


def _instructors(people: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "instructors": [
            {
                "member_id": None if one["member_id"] is None else str(one["member_id"]),
                "name": one["name"],
            }
            for one in people
        ]
    }


def _windows(windows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "windows": [
            {
                "audience": window["audience"],
                "opens_at": clock.to_text(window["opens_at"]),
                "closes_at": clock.to_text(window["closes_at"]),
            }
            for window in windows
        ]
    }


def _prices(prices: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "prices": [
            {**price, "until": None if price["until"] is None else clock.to_text(price["until"])}
            for price in prices
        ]
    }


def _waitlist(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {f"waitlist_{name}": value for name, value in settings.items()}


_NESTED: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "instructors": _instructors,
    "windows": _windows,
    "prices": _prices,
    "waitlist": _waitlist,
}


def refuse_unknown(tx: Transaction, organization_id: UUID, values: Mapping[str, Any]) -> None:
    """Let pass what names only terms, courses and members of the same organization.

    Raises:
        ValidationFailed: `not-found`, each with its pointer.
    """
    of = {"organization_id": organization_id}
    faults = []
    for name, statement in (("term_id", _TERM), ("course_id", _COURSE)):
        named = values.get(name)
        if named is not None and tx.scalar(statement, **of, **{name: named}) is None:
            faults.append(_not_found(f"#/{name}"))
    faults += _unknown_members(tx, of, values.get("instructors", ()))
    if faults:
        raise ValidationFailed(faults)


def refusal_of(error: IntegrityError) -> Refusal:
    """The refusal that the violation of a constraint on a class stands for.

    A term or course that was there a moment ago may be gone when the class refers to it.

    Raises:
        IntegrityError: it was another constraint, which is a bug.
    """
    for name in ("term_id", "course_id"):
        if f"fk_classes_organization_id_{name}" in str(error.orig):
            return ValidationFailed([_not_found(f"#/{name}")])
    return name_taken(error, "external_id")


def _unknown_members(
    tx: Transaction, of: Mapping[str, Any], people: Sequence[Mapping[str, Any]]
) -> list[FieldError]:
    named = {one["member_id"] for one in people} - {None}
    if not named:
        return []
    known = {row.id for row in tx.all(_MEMBERS, **of, member_ids=list(named))}
    return [
        _not_found(f"#/instructors/{place}/member_id")
        for place, one in enumerate(people)
        if one["member_id"] is not None and one["member_id"] not in known
    ]


def _not_found(pointer: str) -> FieldError:
    return FieldError(
        pointer=pointer, code="not-found", detail="There is no such resource in the organization."
    )
