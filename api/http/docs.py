"""The OpenAPI document and Swagger UI, published by flasgger from what is on this machine."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib.resources import files
from typing import Any, Final

import flasgger
from flask import Flask, Response, request

from api.http.openapi import build_document
from api.http.openapi_components import VERSION
from api.http.public_documents import answered

DOCUMENT: Final = "/openapi.json"
PAGE: Final = "/docs"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)
"""Swagger UI sets styles on elements, which no policy can name one by one."""

START: Final = (files("api") / "templates" / "flasgger" / "start.js").read_bytes()

View = Callable[..., Response]


class Docs(flasgger.Swagger):  # type: ignore[misc]  # flasgger carries no types
    """flasgger over a document that it does not make and a Swagger UI that it does not bring."""

    def __init__(self, app: Flask) -> None:
        # The files of Swagger UI, of which a release has its own; seconds.
        app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 300
        super().__init__(
            app,
            config={
                "headers": [],
                "openapi": VERSION,
                "title": "Homeroom",
                "swagger_ui": True,
                "specs": [{"endpoint": "openapi", "route": DOCUMENT}],
                "specs_route": PAGE,
                "static_folder": str(files("flask_swagger_ui") / "dist"),
                "static_url_path": f"{PAGE}/assets",
                "oauth_redirect": f"{PAGE}/oauth2-redirect.html",
                "auth": {},
                "hide_top_bar": True,
            },
            decorators=[published],
        )

    def load_config(self, app: Flask) -> None:
        """Keep the order of the document, which is an order for reading."""
        app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's default provider

    def get_apispecs(self, endpoint: str = "openapi") -> dict[str, Any]:
        """The document; there is one."""
        del endpoint
        return build_document(self.app)

    def register_views(self, app: Flask) -> None:
        """The document, the page, and the script that starts it."""
        super().register_views(app)
        app.add_url_rule(f"{PAGE}/start.js", "docs_start", _start_script)

    def add_headers(self, app: Flask) -> None:
        """Nothing: the envelope and `published` set every header field."""


def published(view: Callable[..., Any]) -> View:
    """Serve what never changes while the process runs: made once, cacheable by everybody."""
    made: dict[str, Response] = {}

    @functools.wraps(view)
    def served(**path: Any) -> Response:
        key = request.script_root
        if key not in made:
            made[key] = Response(_bytes(view(**path)), content_type=_content_type(request.path))
        return answered(made[key].get_data(), str(made[key].content_type), POLICY)

    return served


def _bytes(made: Any) -> bytes:
    data: bytes = made.encode() if isinstance(made, str) else made.get_data()
    return data


def _content_type(path: str) -> str:
    return "application/json" if path.endswith(".json") else "text/html; charset=utf-8"


def _start_script() -> Response:
    return answered(START, "text/javascript; charset=utf-8", POLICY)
