"""Where the documentation is; what makes it is loaded when somebody first looks."""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Flask, redirect, request, url_for
from werkzeug.wrappers import Response

from api.http.public_documents import answered

if TYPE_CHECKING:
    from api.http.swagger import Swagger

DOCUMENT: Final = "/openapi.json"
PAGE: Final = "/docs"
MADE: Final = {
    "openapi": DOCUMENT,
    "apidocs": PAGE,
    "oauth_redirect": f"{PAGE}/oauth2-redirect.html",
}
"""What flasgger makes, by the names that it has for it."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)
"""Swagger UI sets styles on elements, which no policy can name one by one."""

START: Final = (files("api") / "templates" / "flasgger" / "start.js").read_bytes()


class Docs:
    """The paths of the OpenAPI document and of Swagger UI.

    Most processes are never asked for either, and flasgger, with all that it imports, takes five
    megabytes.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        # The files of Swagger UI, of which a release has its own; seconds.
        app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 300
        # The order of the document is an order for reading.
        app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's default provider
        blueprint = Blueprint(
            "flasgger",
            __name__,
            static_folder=str(files("flask_swagger_ui") / "dist"),
            static_url_path=f"{PAGE}/assets",
            template_folder=str(_folder_of("flasgger") / "ui3" / "templates"),
        )
        for name, path in MADE.items():
            blueprint.add_url_rule(path, name, self._made)
        blueprint.add_url_rule("/apidocs/index.html", "index", _page)
        app.register_blueprint(blueprint)
        app.add_url_rule(f"{PAGE}/start.js", "docs_start", _start_script)

    @cached_property
    def _swagger(self) -> Swagger:
        from api.http.swagger import Swagger  # noqa: PLC0415  # see above

        return Swagger(self._app)

    def _made(self) -> Response:
        return self._swagger.view(str(request.endpoint))()


def _folder_of(package: str) -> Path:
    found = find_spec(package)
    assert found is not None, package  # locked
    assert found.origin is not None, package  # a folder of modules
    return Path(found.origin).parent


def _start_script() -> Response:
    return answered(START, "text/javascript; charset=utf-8", POLICY)


def _page() -> Response:
    return redirect(url_for("flasgger.apidocs"))
