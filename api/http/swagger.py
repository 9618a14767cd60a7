"""The OpenAPI document and Swagger UI, made by flasgger from what is on this machine."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import flasgger
from flask import Flask, Response, request

from api.http.docs import DOCUMENT, PAGE, POLICY
from api.http.openapi import build_document
from api.http.openapi_components import VERSION
from api.http.public_documents import answered

View = Callable[..., Response]


class Swagger(flasgger.Swagger):  # type: ignore[misc]  # flasgger carries no types
    """flasgger over a document that it does not make and a Swagger UI that it does not bring.

    It is mounted on an application of its own, of which the one that it describes has the views.
    """

    def __init__(self, described: Flask) -> None:
        self._described = described
        self._mounted = Flask("api", static_folder=None)
        super().__init__(
            self._mounted,
            config={
                "headers": [],
                "openapi": VERSION,
                "title": "Homeroom",
                "swagger_ui": True,
                "specs": [{"endpoint": "openapi", "route": DOCUMENT}],
                "specs_route": PAGE,
                "auth": {},
                "hide_top_bar": True,
            },
            decorators=[published],
        )

    def view(self, endpoint: str) -> View:
        """What answers at an endpoint of flasgger's."""
        views: dict[str, Any] = self._mounted.view_functions
        found: View = views[endpoint]
        return found

    def load_config(self, app: Flask) -> None:
        """Nothing: there is nothing to be configured from outside."""

    def get_apispecs(self, endpoint: str = "openapi") -> dict[str, Any]:
        """The document; there is one."""
        del endpoint
        return build_document(self._described)

    def add_headers(self, app: Flask) -> None:
        """Nothing: the envelope and `published` set every header field."""


def published(view: Callable[..., Any]) -> View:
    """Serve what never changes while the process runs: made once, cacheable by everybody."""
    made: dict[str, Response] = {}

    @functools.wraps(view)
    def served(**path: Any) -> Response:
        key = request.script_root
        if key not in made:
            made[key] = Response(_bytes(view(**path)), content_type=_content_type())
        return answered(made[key].get_data(), str(made[key].content_type), POLICY)

    return served


def _bytes(made: Any) -> bytes:
    data: bytes = made.encode() if isinstance(made, str) else made.get_data()
    return data


def _content_type() -> str:
    is_document = request.endpoint == "flasgger.openapi"
    return "application/json" if is_document else "text/html; charset=utf-8"
