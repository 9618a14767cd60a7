"""A process that started before its database: 503 to what needs it, all else as ever."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from flask import Flask, request

from api.errors import Unavailable
from api.http.public_documents import public_document


@dataclass(frozen=True, slots=True)
class Hold:
    """Refuses every operation while `starting` is set, but for the public documents."""

    app: Flask
    starting: threading.Event

    def attach(self) -> None:
        """Look at every request from now on; to be called before the first."""
        self.app.before_request(self.refuse)

    def refuse(self) -> None:
        """Refuse an operation; health, documents and what is not served here pass.

        Raises:
            Unavailable: the database was not there yet.
        """
        if self.starting.is_set() and self._needs_database():
            raise Unavailable("The database is not there yet.")

    def _needs_database(self) -> bool:
        view = self.app.view_functions.get(request.endpoint or "")
        resource = getattr(view, "view_class", None)
        method = "get" if request.method == "HEAD" else request.method.lower()
        served = getattr(getattr(resource, method, None), "operation", None)
        return served is not None and not isinstance(served, public_document)
