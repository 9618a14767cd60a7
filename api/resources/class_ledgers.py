"""The seat ledger of a class over HTTP: its events, and their audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.authz.actor import Actor
from api.authz.policy import Action
from api.errors import Forbidden, NotFound
from api.http.edge import Edge
from api.http.operation import operation
from api.http.query_fields import Number
from api.http.restful import Resource
from api.models.database import Transaction
from api.schemas.base import Parameters
from api.schemas.class_ledgers import CLASS_AUDIT, CLASS_EVENTS
from api.services.judged import Judged
from api.services.ledger_reads import Ledgers

LAST_SEQ = 2**53 - 1


class EventsQuery(Parameters):
    """Which events of a stream."""

    after = Number(
        0,
        LAST_SEQ,
        load_default=0,
        metadata={"description": "Only events after this seq; 0: from the start.", "default": 0},
    )
    limit = Number(
        1, 1_000, load_default=100, metadata={"description": "Events at most.", "default": 100}
    )


@dataclass(kw_only=True, eq=False)
class ClassEventList(Resource):
    """The ledger of a class."""

    edge: Edge
    ledgers: Ledgers

    @operation(
        summary="Read the seat ledger of a class",
        description="In the order of `seq`, read on by `after`; nothing in it ever changes or "
        "goes away.",
        tag="registrations",
        action=Action.LEDGER_READ,
        query=EventsQuery,
        returns=CLASS_EVENTS,
        statements=2,
        raises=(NotFound, Forbidden),
    )
    def get(
        self, *, tx: Transaction, actor: Actor, class_id: UUID, query: Mapping[str, Any]
    ) -> Judged:
        return Judged(self.ledgers.events(tx, actor, class_id, query))


@dataclass(kw_only=True, eq=False)
class ClassAudit(Resource):
    """The proof that no seat of a class was sold twice."""

    edge: Edge
    ledgers: Ledgers

    @operation(
        summary="Replay the seat ledger of a class and verify its chain",
        description="Read in one snapshot: `valid` says whether every event follows from the one "
        "before, `first_bad_seq` which does not. A statement for each 5,000 events.",
        tag="registrations",
        action=Action.LEDGER_READ,
        returns=CLASS_AUDIT,
        statements=3,
        raises=(NotFound, Forbidden),
    )
    def get(self, *, tx: Transaction, actor: Actor, class_id: UUID) -> Judged:
        return Judged(self.ledgers.audit(tx, actor, class_id))
