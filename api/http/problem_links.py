"""Where a refusal leads on: the links that a problem carries beside its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final

from api.errors import Refusal, WayOn
from api.http.problems import plain
from api.http.rendering import Renderer
from api.schemas.hypermedia import Rel

RELS: Final[Mapping[str, Rel]] = MappingProxyType(
    {
        rel.name: rel
        for rel in (
            Rel(name="existing", operation="get_registration"),
            Rel(
                name="waitlist", operation="create_class_registration", body={"on_full": "waitlist"}
            ),
            Rel(name="cancel", operation="update_class", body={"status": "cancelled"}),
        )
    }
)
"""The links of problems by the names of the ways on; their URLs need the ids of the way."""


def problem_links(refusal: Refusal, renderer: Renderer, base_url: str) -> dict[str, Any]:
    """The `_links` of a problem, or nothing."""
    ways = [way for way in refusal.ways_on if renderer.is_offered(RELS[way.rel])]
    if not ways:
        return {}
    return {"_links": {way.rel: _link(way, renderer, base_url) for way in ways}}


def _link(way: WayOn, renderer: Renderer, base_url: str) -> dict[str, Any]:
    link = renderer.maker(RELS[way.rel])(SimpleNamespace(**way.ids), base_url)
    if way.body:
        fixed = {name: plain(name, value) for name, value in way.body.items()}
        link["body"] = {**link["body"], **fixed}
    return link
