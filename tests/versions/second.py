"""A second version of one resource over the same use-cases: a term whose name is `title`."""

from dataclasses import dataclass
from typing import Any

from api.authz.policy import Action
from api.errors import DuplicateName, Forbidden, NotFound
from api.http.operation import operation
from api.http.restful import Resource
from api.schemas.base import Representation
from api.schemas.fields import Date, Id, Integer, Text
from api.schemas.hypermedia import Hypermedia, Rel
from tests.versions.serving import serve


class TermV2Schema(Representation):
    """A term, as version 2 shows it."""

    id = Id("trm", dump_only=True)
    title = Text(1, 200, required=True, attribute="name")
    starts_on = Date(required=True)
    ends_on = Date(required=True)
    version = Integer(dump_only=True)


TERM_V2 = Hypermedia(
    schema=TermV2Schema,
    itself=Rel(name="self", operation="get_term_v2", path={"term_id": "id"}),
    rels=(Rel(name="edit", operation="update_term_v2", path={"term_id": "id"}, judged=True),),
)


@dataclass(kw_only=True, eq=False)
class TermV2Item(Resource):
    """One term."""

    edge: Any
    terms: Any

    @operation(
        summary="Read a term",
        tag="catalogue",
        action=Action.TERM_READ,
        returns=TERM_V2,
        raises=(NotFound,),
    )
    def get(self, *, tx, actor, term_id):
        return self.terms.get(tx, actor, term_id)

    @operation(
        summary="Change a term",
        tag="catalogue",
        action=Action.TERM_EDIT,
        body=TermV2Schema,
        returns=TERM_V2,
        conditional="required",
        raises=(NotFound, Forbidden, DuplicateName),
    )
    def patch(self, *, tx, actor, term_id, revise):
        row = self.terms.find_for_update(tx, actor, term_id)
        return self.terms.update(tx, actor, row, revise(row))


def mount(app):
    """Serve version 2 beside version 1."""
    terms = app.extensions["homeroom"].container.terms
    serve(app, TermV2Item, "/v2/terms/<id(trm):term_id>", terms=terms)
