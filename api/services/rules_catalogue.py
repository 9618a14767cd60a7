"""What members of a term or class must be to one another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.errors import FieldError, ValidationFailed
from api.models.school_class import ClassStatus


def term_faults(values: Mapping[str, Any]) -> list[FieldError]:
    """A term ends on or after its first day, and dropping ends before withdrawing does."""
    starts_on, ends_on = values.get("starts_on"), values.get("ends_on")
    faults = deadline_faults(values)
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        faults.append(_out_of_range("ends_on", "`ends_on` lies before `starts_on`."))
    return faults


def deadline_faults(values: Mapping[str, Any]) -> list[FieldError]:
    """Dropping ends before withdrawing does, where both are set."""
    drop_until, withdraw_until = values.get("drop_until"), values.get("withdraw_until")
    if drop_until is None or withdraw_until is None or drop_until <= withdraw_until:
        return []
    return [_out_of_range("withdraw_until", "`withdraw_until` lies before `drop_until`.")]


def window_faults(values: Mapping[str, Any]) -> list[FieldError]:
    """A window opens before it closes."""
    opens_at, closes_at = values.get("opens_at"), values.get("closes_at")
    if opens_at is None or closes_at is None or opens_at < closes_at:
        return []
    return [_out_of_range("closes_at", "`closes_at` does not lie behind `opens_at`.")]


def new_status_faults(status: ClassStatus) -> list[FieldError]:
    """A class begins as a draft or open."""
    if status in {ClassStatus.DRAFT, ClassStatus.OPEN}:
        return []
    detail = "A new class is draft or open."
    return [FieldError(pointer="#/status", code="not-a-choice", detail=detail)]


def refuse_faults(faults: list[FieldError]) -> None:
    """Go on if there are none.

    Raises:
        ValidationFailed: there are.
    """
    if faults:
        raise ValidationFailed(faults)


def _out_of_range(member: str, detail: str) -> FieldError:
    return FieldError(pointer=f"#/{member}", code="out-of-range", detail=detail)
