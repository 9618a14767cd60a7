"""Which other origins' pages may call, and what they may see (the Fetch standard's CORS)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

EXPOSED = (
    "ETag",
    "Content-Disposition",
    "Link",
    "Location",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "Deprecation",
    "Sunset",
    "X-Request-Id",
    "Preference-Applied",
    "Idempotent-Replayed",
    "Allow",
    "Accept-Patch",
    "WWW-Authenticate",
)
ALLOWED = (
    "Accept",
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
    "X-Request-Id",
)
_MAX_AGE_SECONDS = 600
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cors:
    """The origins that may call from a browser. Credentials are never allowed: no cookies exist.

    When any origin is allowed every answer varies by `Origin`, refused origins included.
    """

    origins: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, origins: Iterable[str]) -> Cors:
        """From a setting: origins such as `https://school.example`, or `*` for all."""
        return cls(frozenset(origin.strip().rstrip("/").lower() for origin in origins if origin))

    @property
    def varies(self) -> bool:
        """Whether answers need `Origin` in `Vary`."""
        return bool(self.origins)

    def headers(self, origin: str | None) -> Mapping[str, str]:
        """What every answer carries, a refusal too, to a page of `origin`."""
        if origin is None or not self._allows(origin):
            return _NOTHING
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": ", ".join(EXPOSED),
        }

    def preflight(
        self, origin: str | None, method: str | None, allowed_methods: Iterable[str]
    ) -> Mapping[str, str] | None:
        """What the 204 to an `OPTIONS` carries; None when it is not a preflight.

        `method` is `Access-Control-Request-Method`. A preflight of a foreign origin gets nothing,
        which the browser takes as a refusal.
        """
        if origin is None or method is None:
            return None
        if not self._allows(origin):
            return _NOTHING
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": ", ".join(allowed_methods),
            "Access-Control-Allow-Headers": ", ".join(ALLOWED),
            "Access-Control-Max-Age": str(_MAX_AGE_SECONDS),
        }

    def _allows(self, origin: str) -> bool:
        return origin.lower() in self.origins or ("*" in self.origins and origin != "null")
