"""Documents that anybody may read and keep: no token, no transaction, one answer for all."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import orjson
from flask import Response, g, render_template, request
from markupsafe import Markup, escape

from api.http import compression, conditional, negotiation
from api.http.operation import HasEdge, operation
from api.http.parser import load_query
from api.schemas.rels import REGISTERED

HTML: Final = "text/html"
PUBLIC: Final = "public, max-age=300"
VARY: Final = "Accept, Accept-Encoding"
STYLE: Final = (Path(__file__).parents[1] / "templates" / "page.css").read_text(encoding="utf-8")
_CODE: Final = re.compile("`([^`]+)`")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""A page holds no script, and no style but the one with this hash."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class public_document(operation):  # noqa: N801  # used as a decorator
    """Serve a GET whose answer depends on the address alone.

    The method receives the path's variables and returns the whole document as a JSON value. With
    `template` a page made from that same value is offered to who prefers HTML.
    """

    access: Literal["token", "optional", "public"] = "public"
    media_type: str = negotiation.JSON
    template: str | None = None

    @property
    def offered(self) -> tuple[str, ...]:
        """The media types of the answer; on equal terms the first."""
        return (self.media_type,) if self.template is None else (self.media_type, HTML)

    def __call__(self, method: Callable[..., object]) -> Callable[..., Response]:
        """Wrap the method of a resource."""

        @functools.wraps(method)
        def served(resource: HasEdge, **path: Any) -> Response:
            resource.edge.admit(self, "GET", path)
            chosen = negotiation.choose(request.headers.get("Accept"), self.offered)
            load_query(self, request)
            document: Any = method(resource, **path)
            if chosen == HTML:
                assert self.template is not None, "HTML is offered only with a template"  # above
                page = render_template(self.template, document=document, style=STYLE, coded=coded)
                return answered(page.encode(), f"{HTML}; charset=utf-8", POLICY)
            response = answered(orjson.dumps(document), self.media_type)
            links = link_header(document)
            if links:
                response.headers["Link"] = links
            return response

        served.operation = self  # type: ignore[attr-defined]  # the URL map and the document read it
        return served


def coded(text: str) -> Markup:
    """A sentence as HTML, with what stands between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  # escaped first


def answered(body: bytes, content_type: str, policy: str | None = None) -> Response:
    """A public document: 304 where the client has it, compressed where that helps.

    `policy` is its Content-Security-Policy, where it needs more than data does.
    """
    tag = conditional.etag(0, body)
    headers = {"ETag": tag, "Cache-Control": PUBLIC, "Vary": VARY}
    if policy is not None:
        headers["Content-Security-Policy"] = policy
    known = request.headers.get("If-None-Match")
    if known is not None and conditional.not_modified(known, tag):
        return Response(status=304, headers=headers)
    if compression.is_due(request.headers.get("Accept-Encoding"), len(body)):
        body = compression.gzip(body)
        headers |= {"Content-Encoding": "gzip", "ETag": conditional.of_gzip(tag)}
    return Response(body, headers=headers, content_type=content_type)


def link_header(document: Mapping[str, Any]) -> str:
    """The links of a document as a `Link` header (RFC 8288); own relations by their full URI.

    The method of an action stands in an extension attribute (§3.4.2), for it is not to be followed.
    """
    links: Mapping[str, Mapping[str, Any]] = document.get("_links", {})
    return ", ".join(
        f'<{link["href"]}>; rel="{relation_uri(rel)}"'
        + (f'; method="{link["method"]}"' if "method" in link else "")
        for rel, link in links.items()
        if not link.get("templated")
    )


def relation_uri(rel: str) -> str:
    """A relation as a header names it: registered ones by name, our own by address."""
    return rel if rel in REGISTERED else f"{g.base_url}/rels/{rel}"
