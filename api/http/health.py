"""What operators and load balancers ask: alive, ready, and the counters."""

from __future__ import annotations

import hmac
import threading
from dataclasses import dataclass

import orjson
from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from api.errors import AuthenticationRequired, Unavailable
from api.http.authentication import bearer_token
from api.models.database import Database
from api.models.engines import UnsuitableDatabase
from api.models.fitness import check_fit

LOOPBACK = frozenset({"127.0.0.1", "::1"})
PING_SECONDS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Liveness says that the process answers; readiness, that what it needs does too."""

    database: Database
    redis_url: str | None
    registry: CollectorRegistry
    metrics_token: str | None
    release: str
    starting: threading.Event
    stopping: threading.Event

    def attach(self, app: Flask) -> None:
        """Serve the three."""
        app.add_url_rule("/healthz", "healthz", self.healthz)
        app.add_url_rule("/readyz", "readyz", self.readyz)
        app.add_url_rule("/metrics", "metrics", self.metrics)

    def healthz(self) -> Response:
        """200 as long as the process can answer at all."""
        return _json({"status": "ok"})

    def readyz(self) -> Response:
        """200 when everything that is configured answers.

        Raises:
            Unavailable: something does not, or the process has not begun or is about to stop;
                `checks` says what.
        """
        checks = {"process": self._process()}
        checks["database"] = self._database()
        if self.redis_url is not None:
            checks["redis"] = self._redis(self.redis_url)
        if set(checks.values()) != {"ok"}:
            raise Unavailable("Not ready.", checks=checks)
        return _json({"status": "ok", "checks": checks})

    def metrics(self) -> Response:
        """Prometheus' text format, for this machine or for who has the token.

        Raises:
            AuthenticationRequired: neither.
        """
        if not self._may_read_metrics():
            raise AuthenticationRequired
        return Response(generate_latest(self.registry), content_type=CONTENT_TYPE_LATEST)

    def _may_read_metrics(self) -> bool:
        if self.metrics_token is None:
            return request.remote_addr in LOOPBACK
        sent = bearer_token(request) or ""
        return hmac.compare_digest(sent.encode(), self.metrics_token.encode())

    def _process(self) -> str:
        if self.stopping.is_set():
            return "stopping"
        return "starting" if self.starting.is_set() else "ok"

    def _database(self) -> str:
        try:
            with self.database.read() as tx:
                check_fit(tx, release=self.release)
        except UnsuitableDatabase as unsuitable:
            return str(unsuitable)
        except Unavailable:
            return "away"
        return "ok"

    def _redis(self, url: str) -> str:
        # Where no Redis is configured, its client would be five megabytes of every process.
        import redis  # noqa: PLC0415  # see above

        try:
            with redis.from_url(url, socket_timeout=PING_SECONDS) as connection:
                connection.ping()
        except redis.RedisError:
            return "away"
        return "ok"


def _json(document: dict[str, object]) -> Response:
    return Response(
        orjson.dumps(document),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
