"""Where clients begin, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.authz.policy import Action
from api.http.discovery import Discovery
from api.http.edge import Edge
from api.http.public_documents import public_document
from api.http.restful import Resource
from api.schemas.root import API_CATALOG, ROOT, VERSION_ROOT

TAG = "discovery"
LINKSET = "application/linkset+json"


@dataclass(kw_only=True, eq=False)
class Root(Resource):
    """The one address that a client needs to know."""

    edge: Edge
    discovery: Discovery

    @public_document(
        summary="Begin here",
        description="Links to everything that needs no id; a page of the same for browsers.",
        tag=TAG,
        action=Action.DISCOVERY_READ,
        returns=ROOT,
        template="root.html",
    )
    def get(self) -> dict[str, Any]:
        return self.discovery.root()


@dataclass(kw_only=True, eq=False)
class VersionRoot(Resource):
    """The root of version 1."""

    edge: Edge
    discovery: Discovery

    @public_document(
        summary="Begin in version 1",
        tag=TAG,
        action=Action.DISCOVERY_READ,
        returns=VERSION_ROOT,
    )
    def get(self) -> dict[str, Any]:
        return self.discovery.version_root()


@dataclass(kw_only=True, eq=False)
class ApiCatalog(Resource):
    """The interfaces of this host, for programs that look for one (RFC 9727)."""

    edge: Edge
    discovery: Discovery

    @public_document(
        summary="Find the interfaces of this host",
        tag=TAG,
        action=Action.DISCOVERY_READ,
        returns=API_CATALOG,
        media_type=LINKSET,
    )
    def get(self) -> dict[str, Any]:
        return self.discovery.catalog()
