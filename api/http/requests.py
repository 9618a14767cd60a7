"""What happens to every request and every answer, whatever the resource."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Request, Response, request
from flask.globals import app_ctx, request_ctx

from api.errors import BodyTooLarge, HeadersTooLarge, NotFound, UriTooLong
from api.http import negotiation
from api.http.answer import VARY, Bodiless, Whole
from api.http.cors import Cors
from api.http.problems import allowed_methods

if TYPE_CHECKING:
    from api.http.lifetimes import Lifetimes
    from api.http.limits import RateLimits

BODY_BYTES: Final = 1024 * 1024
URL_BYTES: Final = 8 * 1024
HEADER_BYTES: Final = 16 * 1024
REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,128}")
LOOPBACK: Final = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?")
EVERYWHERE: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Vary", VARY),
)
"""Header fields of every answer that has none of its own by these names."""
OVER_TLS: Final = ("Strict-Transport-Security", "max-age=31536000")
"""One more where clients come by https: for a year they come by nothing else (RFC 6797).

Not `includeSubDomains`: what else stands below the name of this host is not ours to decide.
"""


@dataclass(slots=True, kw_only=True)
class Envelope:
    """Sizes, request ids, CORS, the base of links, and the header fields of every answer."""

    public_url: str | None
    cors: Cors
    limits: RateLimits
    lifetimes: Lifetimes
    observe: Callable[[Request, Any, Response, float], None]
    _app: Flask = field(init=False)
    _always: tuple[tuple[str, str], ...] | None = field(init=False)

    def __post_init__(self) -> None:
        self._always = None if self.public_url is None else always_at(self.public_url)

    def attach(self, app: Flask) -> None:
        """Put the envelope around every request of the application."""
        self._app = app
        app.before_request(self.before)
        app.after_request(self.after)

    def before(self) -> Response | None:
        """Note who asks and when, refuse what has ended or is too large, answer OPTIONS.

        Raises:
            VersionSunset: 410.
            UriTooLong, HeadersTooLarge, BodyTooLarge: 414, 431, 413.
        """
        # The proxies look the context up at each use: what is used often is fetched once.
        request, here = request_ctx.request, app_ctx.g
        here.request, here.began = request, time.perf_counter()
        sent = request.environ.get("HTTP_X_REQUEST_ID")
        here.request_id = sent if sent and REQUEST_ID.fullmatch(sent) else secrets.token_hex(16)
        here.base_url = self.public_url or base_url(request)
        here.caller = here.operation = here.rate = here.leaving = None
        if request.routing_exception is not None:
            return None
        here.leaving = self.lifetimes.of(request)
        if here.leaving is not None:
            self.lifetimes.require(here.leaving, request, here.base_url)
        if "\0" in request.path:
            # No resource has such an address, and a text of PostgreSQL cannot hold it.
            raise NotFound
        require_sizes(request)
        return self.options() if request.method == "OPTIONS" else None

    def options(self) -> Response:
        """204 with what is allowed here (RFC 9110 §9.3.7), for a preflight as well."""
        methods = allowed_methods(methods_here(self._app))
        headers = {"Allow": ", ".join(methods)}
        if "PATCH" in methods:
            headers["Accept-Patch"] = f"{negotiation.MERGE_PATCH}, {negotiation.JSON_PATCH}"
        preflight = self.cors.preflight(
            request.headers.get("Origin"),
            request.headers.get("Access-Control-Request-Method"),
            methods,
        )
        return Bodiless(status=204, headers={**headers, **(preflight or {})})

    def after(self, response: Response) -> Response:
        """Add what every answer carries, and tell the log and the metrics."""
        here = app_ctx.g
        always = self._always or always_at(here.base_url)
        fields = [("X-Request-Id", here.request_id), *always, *self._limits_of(here)]
        if isinstance(response, Whole):
            response.add_fields(fields)
        else:
            headers = response.headers
            headers.extend(field for field in fields if field[0] not in headers)
        if here.leaving is not None:
            self.lifetimes.tell(response, here.leaving, request, here.base_url)
        if self.cors.varies:
            response.headers["Vary"] += ", Origin"
            # A preflight has some of them already, and a browser believes none that comes twice.
            response.headers.update(self.cors.headers(request.headers.get("Origin")))
        self.observe(here.request, here, response, time.perf_counter() - here.began)
        return response

    def _limits_of(self, here: Any) -> list[tuple[str, str]]:
        """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers, section 3)."""
        policy = None if here.operation is None else self.limits.fields.get(here.operation.rate)
        if policy is None:
            return []
        state = here.rate
        if state is None:
            return [policy]
        return [policy, ("RateLimit", f'"{state.policy}";r={state.left};t={state.seconds}')]


def always_at(base_url: str) -> tuple[tuple[str, str], ...]:
    """The header fields of every answer of an application that clients find at `base_url`."""
    return (*EVERYWHERE, OVER_TLS) if base_url.startswith("https:") else EVERYWHERE


def base_url(request: Request) -> str:
    """What links begin with where no public URL is set, down to where the application is mounted.

    That is this host if it is plainly this machine.
    """
    host = request.environ.get("HTTP_HOST", "")
    if not LOOPBACK.fullmatch(host):
        host = f"{request.environ['SERVER_NAME']}:{request.environ['SERVER_PORT']}"
    return f"{request.scheme}://{host}{request.script_root}"


def require_sizes(request: Request) -> None:
    """Hold URL, header fields and body against their limits.

    Raises:
        UriTooLong, HeadersTooLarge, BodyTooLarge: 414, 431, 413.
    """
    environ = request.environ
    if len(environ.get("PATH_INFO", "")) + len(environ.get("QUERY_STRING", "")) > URL_BYTES:
        raise UriTooLong(limit_bytes=URL_BYTES)
    if sum([len(k) + len(v) for k, v in environ.items() if k.startswith("HTTP_")]) > HEADER_BYTES:
        raise HeadersTooLarge(limit_bytes=HEADER_BYTES)
    # Looked for first, as most requests have none and Werkzeug's property takes its time.
    if "CONTENT_LENGTH" in environ and (request.content_length or 0) > BODY_BYTES:
        raise BodyTooLarge(limit_bytes=BODY_BYTES)
    # Of a body that announced no length Werkzeug reads this much and keeps silent about the rest,
    # so one byte more than we take is what gives it away.
    request.max_content_length = BODY_BYTES + 1


def body() -> bytes:
    """The body of this request, read at most once.

    Raises:
        BodyTooLarge: it announced no length, and is longer than we take.
    """
    raw = request.get_data(cache=False)
    if len(raw) > BODY_BYTES:
        raise BodyTooLarge(limit_bytes=BODY_BYTES)
    return raw


def methods_here(app: Flask) -> set[str]:
    """The methods of all rules that match the path of this request."""
    adapter = app.create_url_adapter(request)
    assert adapter is not None, "a request is being served"  # true within a request
    return set(adapter.allowed_methods())
