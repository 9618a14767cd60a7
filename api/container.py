"""The composition root: which object plays which part."""

from __future__ import annotations

from dataclasses import dataclass

from api.authz.policy import Policy
from api.clock import Clock
from api.ids import Ids
from api.models.database import Database
from api.services.organizations import Organizations


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """Every use-case of the application, built once and shared by all edges and threads."""

    database: Database
    policy: Policy
    organizations: Organizations


def build(database: Database, *, clock: Clock, ids: Ids) -> Container:
    """Put the parts together."""
    policy = Policy()
    return Container(
        database=database,
        policy=policy,
        organizations=Organizations(policy=policy, ids=ids),
    )
