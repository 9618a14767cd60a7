"""Examples for the document: what a scripted school was sent and answered, as it was recorded."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson

from api import errors
from api.errors import Refusal

FILE: Final = Path(__file__).with_name("examples.json")
"""Written by `scripts/record`, never by hand."""

Examples = dict[str, dict[str, Any]]
_NOTHING: Final[dict[str, Any]] = {"requests": {}, "answers": {}}
_PAGE: Final = "page"
_SUMMARIES: Final = {
    "done": "As it is done",
    "dry-run": "With `dry_run=true`",
    _PAGE: "As a browser gets it",
}


def of_request(operation_id: str, media_type: str) -> Examples:
    """`examples` of what the operation was sent as this media type; empty if it never was."""
    return _shown(_of(operation_id)["requests"].get(media_type, {}))


def of_answer(operation_id: str, status: int, *, is_page: bool) -> Examples:
    """`examples` of what the operation answered with this status; empty if it never did."""
    found = _of(operation_id)["answers"].get(str(status), {})
    return _shown({name: body for name, body in found.items() if (name == _PAGE) == is_page})


def of_problems() -> Examples:
    """A problem of each code; a reason that stands behind another one is shown among its blocks."""
    return {
        refusal.code: {"summary": refusal.title, "value": problem}
        for refusal in errors.every_refusal()
        if (problem := _problem(refusal)) is not None
    }


def _problem(refusal: type[Refusal]) -> dict[str, Any] | None:
    found: dict[str, Any] | None = _recorded()["problems"].get(refusal.code)
    return found


def _of(operation_id: str) -> dict[str, Any]:
    found: dict[str, Any] = _recorded()["operations"].get(operation_id, _NOTHING)
    return found


def _shown(bodies: dict[str, Any]) -> Examples:
    shown = {
        variant: {"summary": _SUMMARIES[variant], "value": body} for variant, body in bodies.items()
    }
    return {"examples": shown} if shown else {}


@lru_cache(maxsize=1)
def _recorded() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(FILE.read_bytes())
    return found
