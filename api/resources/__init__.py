"""The URL map: every resource, where it is, and what it is given."""

from __future__ import annotations

from api.container import Container
from api.http.edge import Edge
from api.http.restful import HomeroomApi
from api.resources.organizations import OrganizationItem, OrganizationList

ORGANIZATION = "/v1/organizations/<id(org):organization_id>"


def add_resources(api: HomeroomApi, edge: Edge, c: Container) -> None:
    """Serve everything."""
    api.add(OrganizationList, "/v1/organizations", edge=edge, organizations=c.organizations)
    api.add(OrganizationItem, ORGANIZATION, edge=edge, organizations=c.organizations)
