"""The request in hand, to whoever works on it before its transaction: who calls, and what for."""

from __future__ import annotations

from uuid import UUID

from flask import g, request

from api.authz.actor import Actor


def actor() -> Actor:
    """The caller, once the edge has let them in."""
    found: Actor = g.caller.actor
    return found


def id_in_path(name: str) -> UUID:
    """An id of the path, as the URL map names it."""
    assert request.view_args is not None, "the URL map has matched"  # shown to mypy
    found: UUID = request.view_args[name]
    return found
