"""The client that a program may load from the server itself: `/client.js`, an ES module."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from flask import Flask
from werkzeug.wrappers import Response

from api.http.public_documents import answered

ENDPOINT: Final = "code_on_demand"
MEDIA_TYPE: Final = "text/javascript"
SCRIPT: Final = (files("api") / "templates" / "client.js").read_bytes()


def attach(app: Flask) -> None:
    """Serve it; the root links to it as `code-on-demand`."""
    app.add_url_rule("/client.js", ENDPOINT, _script)


def _script() -> Response:
    return answered(SCRIPT, f"{MEDIA_TYPE}; charset=utf-8")
