"""An answer before it is sent: what is stored for retries, and what conditions apply to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from flask import Response, request

from api.http import compression, conditional, negotiation

if TYPE_CHECKING:
    from api.http.asked import Asked

PRIVATE = "private, no-cache"
SECRET = "no-store"  # noqa: S105  # a cache directive
VARY = "Authorization, Accept, Accept-Encoding, Prefer"


@dataclass(slots=True, kw_only=True)
class Answer:
    """Status, identity bytes and header fields of an answer that succeeded.

    `student_id` is the student whom it is about: erasing them deletes what is kept of it.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = negotiation.JSON
    cache_control: str = PRIVATE
    student_id: UUID | None = None


class Bodiless(Response):
    """A response without content, so without a `Content-Type`."""

    default_mimetype = None


def sent(answer: Answer, asked: Asked) -> Response:
    """The response: 304 where the client has it, nothing where it wants nothing, coded at last."""
    headers = {**answer.headers, "Vary": VARY, "Cache-Control": answer.cache_control}
    tag = answer.headers.get("ETag")
    status, body = answer.status, answer.body
    is_minimal = asked.preference.minimal and asked.verb in {"POST", "PUT", "PATCH"}
    applied = asked.preference.applied(minimal=is_minimal)
    if applied:
        headers["Preference-Applied"] = applied
    if is_minimal:
        status, body = (status, b"") if status == 201 else (204, b"")
    is_coded = compression.is_due(request.headers.get("Accept-Encoding"), len(body))
    if tag:
        if is_coded:
            tag = headers["ETag"] = conditional.of_gzip(tag)
        known = asked.if_none_match if asked.verb == "GET" else None
        if known is not None and conditional.not_modified(known, tag):
            return Bodiless(status=304, headers=headers)
    if not body:
        return Bodiless(status=status, headers=headers)
    if is_coded:
        body = compression.gzip(body)
        headers["Content-Encoding"] = "gzip"
    return Response(body, status=status, headers=headers, content_type=answer.media_type)
