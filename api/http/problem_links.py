"""Where a refusal leads on: the links that a problem carries beside its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final

from api.errors import Blocked, Refusal
from api.http.rendering import Renderer
from api.schemas.hypermedia import Rel

EXISTING: Final = Rel(name="existing", operation="get_registration")
WAITLIST: Final = Rel(
    name="waitlist", operation="create_class_registration", body={"on_full": "waitlist"}
)
REL_OF_CODE: Final[Mapping[str, Rel]] = MappingProxyType(
    {"already-registered": EXISTING, "class-full": WAITLIST}
)
"""The link of a problem by its code; what its URL needs is among the members."""


def problem_links(refusal: Refusal, renderer: Renderer, base_url: str) -> dict[str, Any]:
    """The `_links` of a problem, or nothing.

    The line of a full class is named only while it takes this student.
    """
    rel = REL_OF_CODE.get(refusal.code)
    if rel is None or not isinstance(refusal, Blocked) or rel.operation not in renderer.targets:
        return {}
    first, *others = refusal.blocks
    if rel is WAITLIST and (others or not first.details.get("waitlist_open")):
        return {}
    values = SimpleNamespace(**{**refusal.members, **first.details})
    return {"_links": {rel.name: renderer.maker(rel)(values, base_url)}}
