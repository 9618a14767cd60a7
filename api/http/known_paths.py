"""Paths that were asked for lately, with the rules that they matched.

A morning asks for the same few hundred paths again and again, and to match one, and to read the
ids in it, takes Werkzeug as long as to look up its class in what is kept.
"""

from __future__ import annotations

from typing import Any, Final

from werkzeug.routing import Map, MapAdapter

from api.services.recent import Recent

GENERATION: Final = 512
"""Paths kept at least, at most some 1,500 bytes each."""

LONGEST: Final = 200
"""Characters of a path that is kept: anybody may ask for one, before any limit is looked at."""


class KnownPaths:
    """What the rules of one application made of paths; nothing that they refused is kept."""

    def __init__(self, rules: Map) -> None:
        self.rules = rules
        self.found: Recent[tuple[str, str], tuple[Any, Any]] = Recent(GENERATION)

    def adapter(self, method: str, path: str, scheme: str) -> MapAdapter:
        """What matches one request: by method and path, whatever the client takes us for."""
        return _Adapter(self, method, path, scheme)


class _Adapter(MapAdapter):
    def __init__(self, known: KnownPaths, method: str, path: str, scheme: str) -> None:
        super().__init__(known.rules, "", "/", "", scheme, path, method)
        self._found = known.found

    def match(self, *given: Any, **named: Any) -> Any:
        """The rule of this request and what it read from the path, as Flask asks for them."""
        if given or named != {"return_rule": True} or len(self.path_info) > LONGEST:
            return super().match(*given, **named)
        key = self.default_method, self.path_info
        found = self._found.find(key) or self._found.keep(key, super().match(return_rule=True))
        # The values are never changed; the dictionary that holds them might be.
        return found[0], dict(found[1])
