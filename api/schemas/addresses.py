"""Where addresses lead: schemas take URLs of resources, and only the edge knows the URL map."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from uuid import UUID

Locate = Callable[[str, str], UUID | None]
"""From a URL and an operation id to the id in the URL, if that is where the URL leads."""


def _nowhere(_url: str, _operation: str) -> None:
    return None


LOCATE: ContextVar[Locate] = ContextVar("locate", default=_nowhere)
