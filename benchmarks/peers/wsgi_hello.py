"""The ceiling of a WSGI server: an application that does nothing."""

from collections.abc import Callable, Iterable
from typing import Any

BODY = b'{"hello":"world"}'
HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))]


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer every request with the same seventeen bytes."""
    start_response("200 OK", HEADERS)
    return (BODY,)
