"""From the URL of a resource back to its id, by the same map that served the URL."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit
from uuid import UUID

from flask import g
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException

from api.http.operation_ids import operation_id_of


def identified(url: str, operation: str) -> UUID | None:
    """The id of the resource that `operation` reads at `url`; None where that leads elsewhere."""
    base: str = g.base_url
    adapter = request_ctx.url_adapter
    if adapter is None or not url.startswith(f"{base}/"):
        return None
    try:
        endpoint, values = adapter.match(unquote(urlsplit(url[len(base) :]).path), "GET")
    except HTTPException:
        return None
    if not endpoint[0].isupper() or operation_id_of(endpoint, "get") != operation:
        return None
    return next((value for value in values.values() if isinstance(value, UUID)), None)
