"""What each relation of `_links` means, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.authz.policy import Action
from api.http.discovery import Discovery
from api.http.edge import Edge
from api.http.public_documents import public_document
from api.http.restful import Resource
from api.schemas.root import RELATION


@dataclass(kw_only=True, eq=False)
class Relation(Resource):
    """What a relation means, and which operations it leads to."""

    edge: Edge
    discovery: Discovery

    @public_document(
        summary="Read what a relation means",
        description="A page for browsers, the same as JSON for programs.",
        tag="discovery",
        action=Action.DISCOVERY_READ,
        returns=RELATION,
        template="relation.html",
    )
    def get(self, *, rel: str) -> dict[str, Any]:
        return self.discovery.relation(rel)
