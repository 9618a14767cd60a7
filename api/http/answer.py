"""An answer before it is sent: what is stored for retries, and what conditions apply to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import UUID

from flask import Response
from werkzeug.datastructures import Headers

from api.http import compression, conditional, negotiation

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from api.http.asked import Asked

PRIVATE = "private, no-cache"
SECRET = "no-store"  # noqa: S105  # a cache directive
MADE = (HTTPStatus.CREATED, HTTPStatus.ACCEPTED)
"""Whoever wants no body gets these all the same, for their `Location`."""

POLL_SECONDS = "1"
"""After which to look how far a job is."""

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


class Whole(Response):
    """An answer that is complete as it stands: nothing of it is worked out while it is sent.

    Werkzeug's own way looks every header field over three times, for what only redirects, streams
    and cookies need, and reads the status from its line. The values here hold no text of a client,
    so no line break either.
    """

    default_mimetype = None
    direct_passthrough = False

    def __init__(self, status: int, fields: Mapping[str, str], body: bytes = b"") -> None:
        # Not by way of Werkzeug, of whose attributes these are all.
        self._status, self._status_code = _STATUS_LINES[status], int(status)
        self.headers, self.response = Headers(), (body,)
        self._on_close = []
        given = self.headers._list  # noqa: SLF001  # its public ways copy and check each
        given.extend(fields.items())
        if body:
            given.append(("Content-Length", str(len(body))))

    def add_fields(self, fields: Iterable[tuple[str, str]]) -> None:
        """Add header fields, but for those that it has."""
        given = self.headers._list  # noqa: SLF001  # the same
        names = {name for name, _ in given}
        given.extend([field for field in fields if field[0] not in names])

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send it (PEP 3333); a HEAD gets the header fields alone."""
        start_response(self.status, self.headers.to_wsgi_list())
        return () if environ["REQUEST_METHOD"] == "HEAD" else self.response  # type: ignore[return-value]  # it was given bytes


_STATUS_LINES = {status.value: f"{status.value} {status.phrase.upper()}" for status in HTTPStatus}


def sent(answer: Answer, asked: Asked) -> Response:
    """The response: 304 where the client has it, nothing where it wants nothing, coded at last."""
    headers = {**answer.headers, "Cache-Control": answer.cache_control}
    tag = answer.headers.get("ETag")
    status, body = _preferred(answer, asked, headers)
    # Whatever is no JSON is a file that is compressed as it is.
    is_coded = answer.media_type == negotiation.JSON and compression.is_due(
        asked.accept_encoding, len(body)
    )
    if tag:
        if is_coded:
            tag = headers["ETag"] = conditional.of_gzip(tag)
        known = asked.if_none_match if asked.verb == "GET" else None
        if known is not None and conditional.not_modified(known, tag):
            return Whole(HTTPStatus.NOT_MODIFIED, headers)
    if not body:
        return Whole(status, headers)
    if is_coded:
        body = compression.gzip(body)
        headers["Content-Encoding"] = "gzip"
    headers["Content-Type"] = answer.media_type
    return Whole(status, headers, body)


def _preferred(answer: Answer, asked: Asked, headers: dict[str, str]) -> tuple[int, bytes]:
    """Status and body as the client prefers them (RFC 7240); notes in `headers` what it got."""
    status, body = answer.status, answer.body
    is_minimal = asked.preference.minimal and asked.verb in {"POST", "PUT", "PATCH"}
    is_accepted = status == HTTPStatus.ACCEPTED
    if is_accepted:
        headers["Retry-After"] = POLL_SECONDS
    applied = asked.preference.applied(minimal=is_minimal, respond_async=is_accepted)
    if applied:
        headers["Preference-Applied"] = applied
    if is_minimal:
        return (status, b"") if status in MADE else (HTTPStatus.NO_CONTENT, b"")
    return status, body
