"""What an operator sees of every request: one log line, and counters for Prometheus."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from flask import Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram

from api import ids, logs
from api.http.operation_ids import METHODS, operation_id_of
from api.models import meter

if TYPE_CHECKING:
    from api.http.authentication import Caller

log = logging.getLogger("homeroom.access")

MOST_CLIENTS = 200
"""Clients of deprecated operations that are counted apart in a process; the rest are `other`."""

BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: from a revalidation to the longest that a request may take."""


class Observation:
    """The access log and the metrics of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._known: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._requests = Counter(
            "homeroom_requests_total",
            "Requests by operation and status.",
            ["operation", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "homeroom_request_seconds",
            "Time from the first hook to the last, in seconds.",
            ["operation"],
            buckets=BUCKETS,
            registry=self.registry,
        )

        self._clients: set[str] = set()
        self._deprecated = Counter(
            "homeroom_deprecated_requests_total",
            "Requests of deprecated operations by operation and client: the id of its token.",
            ["operation", "client"],
            registry=self.registry,
        )

    def observe(self, request: Request, here: Any, response: Response, seconds: float) -> None:
        """Note one answer; no body, no query value and no token is ever logged."""
        name = operation_of(request)
        status = response.status_code
        counter, histogram = self._of(name, status)
        counter.inc()
        histogram.observe(seconds)
        if here.leaving is not None:
            self._deprecated.labels(name, self._client_of(here.caller)).inc()
        queries, sql_seconds = meter.read()
        logs.line(
            log,
            "request",
            request_id=here.request_id,
            operation=name,
            status=status,
            ms=round(seconds * 1000, 2),
            sql_ms=round(sql_seconds * 1000, 2),
            queries=queries,
            user_id=here.caller.actor.user_id if here.caller is not None else None,
            organization_id=(request.view_args or {}).get("organization_id"),
        )

    def _client_of(self, caller: Caller | None) -> str:
        """The token's id; `anonymous` without one, and where what has ended asks nobody for it."""
        token_id = None if caller is None else caller.actor.token_id
        if token_id is None:
            return "anonymous"
        client = ids.encode("tok", token_id)
        if client not in self._clients and len(self._clients) >= MOST_CLIENTS:
            return "other"
        self._clients.add(client)
        return client

    def _of(self, name: str, status: int) -> tuple[Counter, Histogram]:
        # Looked up by their labels at each request they would cost as much as the counting.
        found = self._known.get((name, status))
        if found is None:
            found = self._requests.labels(name, status), self._seconds.labels(name)
            self._known[name, status] = found
        return found


def operation_of(asked: Request) -> str:
    """The operation id, or the endpoint of what is no operation."""
    endpoint = asked.endpoint or "none"
    if not endpoint[0].isupper():
        return endpoint
    method = "get" if asked.method == "HEAD" else asked.method.lower()
    return operation_id_of(endpoint, method) if method in METHODS else method
