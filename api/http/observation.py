"""What an operator sees of every request: one log line, and counters for Prometheus."""

from __future__ import annotations

import logging

from flask import Request, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram

from api import logs
from api.http.operation_ids import METHODS, operation_id_of
from api.models import meter

log = logging.getLogger("homeroom.access")

BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: from a revalidation to the longest that a request may take."""


class Observation:
    """The access log and the metrics of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
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

    def observe(self, response: Response, seconds: float) -> None:
        """Note one answer; no body, no query value and no token is ever logged."""
        name = operation_of(request)
        self._requests.labels(name, response.status_code).inc()
        self._seconds.labels(name).observe(seconds)
        queries, sql_seconds = meter.read()
        logs.line(
            log,
            "request",
            request_id=g.request_id,
            operation=name,
            status=response.status_code,
            ms=round(seconds * 1000, 2),
            sql_ms=round(sql_seconds * 1000, 2),
            queries=queries,
            user_id=g.caller.actor.user_id if g.caller is not None else None,
            organization_id=(request.view_args or {}).get("organization_id"),
        )


def operation_of(asked: Request) -> str:
    """The operation id, or the endpoint of what is no operation."""
    endpoint = asked.endpoint or "none"
    if not endpoint[0].isupper():
        return endpoint
    method = "get" if asked.method == "HEAD" else asked.method.lower()
    return operation_id_of(endpoint, method) if method in METHODS else method
