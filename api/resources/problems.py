"""What each code of a problem means, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.authz.policy import Action
from api.http.discovery import Discovery
from api.http.edge import Edge
from api.http.public_documents import public_document
from api.http.restful import Resource
from api.schemas.root import PROBLEM_TYPE


@dataclass(kw_only=True, eq=False)
class ProblemType(Resource):
    """What the `type` of a problem leads to: cause and cure."""

    edge: Edge
    discovery: Discovery

    @public_document(
        summary="Read what a problem means",
        description="A page for browsers, the same as JSON for programs.",
        tag="discovery",
        action=Action.DISCOVERY_READ,
        returns=PROBLEM_TYPE,
        template="problem.html",
    )
    def get(self, *, code: str) -> dict[str, Any]:
        return self.discovery.problem_type(code)
