"""The URL map: every resource, where it is, and what it is given."""

from __future__ import annotations

from api.container import Container
from api.http.edge import Edge
from api.http.restful import HomeroomApi
from api.resources.accounts import Me, UserItem, UserList
from api.resources.organizations import OrganizationItem, OrganizationList
from api.resources.tokens import CurrentToken, TokenItem, TokenList

ORGANIZATION = "/v1/organizations/<id(org):organization_id>"


def add_resources(api: HomeroomApi, edge: Edge, c: Container) -> None:
    """Serve everything."""
    api.add(UserList, "/v1/users", edge=edge, accounts=c.accounts)
    api.add(UserItem, "/v1/users/<id(usr):user_id>", edge=edge, accounts=c.accounts)
    api.add(Me, "/v1/me", edge=edge, accounts=c.accounts)
    api.add(TokenList, "/v1/tokens", edge=edge, tokens=c.tokens)
    api.add(TokenItem, "/v1/tokens/<id(tok):token_id>", edge=edge, tokens=c.tokens)
    api.add(CurrentToken, "/v1/tokens/current", edge=edge, tokens=c.tokens)
    api.add(OrganizationList, "/v1/organizations", edge=edge, organizations=c.organizations)
    api.add(OrganizationItem, ORGANIZATION, edge=edge, organizations=c.organizations)
