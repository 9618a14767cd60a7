"""A resource of the tests' own, on the real application: what every operation does, and no more."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from api.app import create_app
from api.authz.policy import Action, Policy, Subject
from api.errors import (
    DuplicateName,
    FieldError,
    Forbidden,
    NotFound,
    StateConflict,
    ValidationFailed,
)
from api.http.filters import Listing, instant, number, text
from api.http.operation import operation
from api.http.query_fields import Flag
from api.http.restful import HomeroomApi, Resource
from api.ids import Ids
from api.models.base import Identifier, Instant, SortedText, fold
from api.schemas import fields
from api.schemas.base import Parameters, Representation
from api.schemas.hypermedia import Hypermedia, Rel
from api.services.judged import ALLOWED, Judged, Listed, Made
from tests.apps import a_school, settings_for

tables = MetaData()
toys = Table(
    "toys",
    tables,
    Column("id", Identifier, primary_key=True),
    Column("organization_id", Identifier, nullable=False),
    Column("name", SortedText, nullable=False),
    Column("name_fold", SortedText, nullable=False),
    Column("size", Integer, nullable=False),
    Column("note", SortedText),
    # Held at COMMIT only, so that a commit can be made to fail.
    Column("friend_id", Identifier, ForeignKey("toys.id", deferrable=True, initially="DEFERRED")),
    Column("created_at", Instant, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("organization_id", "name"),
)

OF_ORGANIZATION = select(toys).where(toys.c.organization_id == bindparam("organization_id"))
BY_ID = select(toys).where(toys.c.id == bindparam("toy_id"))
BY_NAME = OF_ORGANIZATION.where(toys.c.name == bindparam("name"))


class ToySchema(Representation):
    id = fields.Id("toy", dump_only=True)
    name = fields.Text(1, 40, required=True)
    size = fields.Integer(0, 1000, load_default=0)
    note = fields.Text(0, 4000, nullable=True)
    friend_id = fields.Id("toy", nullable=True)
    created_at = fields.Instant(dump_only=True)
    version = fields.Integer(dump_only=True)


class BrokenSchema(ToySchema):
    broken = fields.Integer(dump_only=True, metadata={"derived": lambda row: row.no_such_column})


class DryRun(Parameters):
    dry_run = Flag(load_default=False)


TOY = Hypermedia(
    schema=ToySchema,
    itself=Rel(name="self", operation="get_toy", path={"toy_id": "id"}),
    rels=(Rel(name="edit", operation="update_toy", path={"toy_id": "id"}, judged=True),),
)
LISTING = Listing(
    name="toys",
    tiebreak=toys.c.id,
    sorts={"created_at": toys.c.created_at, "name": toys.c.name, "size": toys.c.size},
    default_sort="created_at",
    filters={
        "name": text(toys.c.name, fold=toys.c.name_fold),
        "size": number(toys.c.size, least=0, most=1000),
        "created_at": instant(toys.c.created_at),
    },
    members=("id", "name", "size"),
)
READ, EDIT = Action.TERM_READ, Action.TERM_EDIT
RAISES = (NotFound, Forbidden, DuplicateName, StateConflict)
SHARED: dict[str, Any] = {"tag": "catalogue", "action": EDIT, "raises": RAISES}


@dataclass
class Toys:
    """The use-cases; `before` runs ahead of every transaction, `meanwhile` inside of it."""

    policy: Policy
    ids: Ids
    before: Callable[[], None] = lambda: None
    meanwhile: Callable[[Any], None] = lambda _tx: None

    def every(self, actor, organization_id):
        self.policy.require(actor, READ, Subject(organization_id))
        return Listed(
            select=OF_ORGANIZATION,
            parameters={"organization_id": organization_id},
            judge=lambda _tx, rows: [Judged(row, {"edit": ALLOWED}) for row in rows],
        )

    def find(self, tx, actor, toy_id, action):
        row = tx.first(BY_ID, toy_id=toy_id)
        if row is None:
            actor.judged.append(action)
            raise NotFound
        self.policy.require(actor, action, Subject(row.organization_id))
        return row

    def create(self, tx, actor, organization_id, new):
        self.policy.require(actor, EDIT, Subject(organization_id))
        friend_id = new.get("friend_id")
        if friend_id is not None and tx.first(BY_ID, toy_id=friend_id) is None:
            raise ValidationFailed([FieldError("not-found", "No such toy.", "#/friend_id")])
        row = self.write(tx, organization_id, new)
        self.meanwhile(tx)
        return Judged(row, {"edit": ALLOWED})

    def write(self, tx, organization_id, new):
        columns = {
            **new,
            "id": self.ids.new(),
            "organization_id": organization_id,
            "name_fold": fold(new["name"]),
            "created_at": tx.now(),
            "version": 1,
        }
        try:
            return tx.execute(insert(toys).values(**columns).returning(toys)).one()
        except IntegrityError as taken:
            raise DuplicateName("The name is taken.", pointer="#/name") from taken

    def update(self, tx, row, changes):
        if not changes:
            return Judged(row, {"edit": ALLOWED})
        changed = update(toys).where(toys.c.id == row.id, toys.c.version == row.version)
        values = {**changes, "version": row.version + 1}
        try:
            found = tx.execute(changed.values(**values).returning(toys)).one()
        except IntegrityError as taken:
            raise DuplicateName("The name is taken.", pointer="#/name") from taken
        return Judged(found, {"edit": ALLOWED})


@dataclass(kw_only=True, eq=False)
class ToyList(Resource):
    edge: Any
    toys: Toys

    @operation(
        summary="List",
        tag="catalogue",
        action=READ,
        returns=TOY,
        listing=LISTING,
        raises=(NotFound,),
    )
    def get(self, *, tx, actor, organization_id):
        return self.toys.every(actor, organization_id)

    @operation(
        summary="Make",
        **SHARED,
        body=ToySchema,
        returns=TOY,
        status=HTTPStatus.CREATED,
        query=DryRun,
        dry_run=True,
        prepare="prepared",
    )
    def post(self, *, tx, actor, organization_id, body):
        return self.toys.create(tx, actor, organization_id, body)

    def prepared(self, _asked):
        self.toys.before()


@dataclass(kw_only=True, eq=False)
class ToyItem(Resource):
    edge: Any
    toys: Toys

    @operation(summary="Read", tag="catalogue", action=READ, returns=TOY, raises=(NotFound,))
    def get(self, *, tx, actor, toy_id):
        return Judged(self.toys.find(tx, actor, toy_id, READ), {"edit": ALLOWED})

    @operation(summary="Change", **SHARED, body=ToySchema, returns=TOY, conditional="required")
    def patch(self, *, tx, actor, toy_id, revise):
        row = self.toys.find(tx, actor, toy_id, EDIT)
        return self.toys.update(tx, row, revise(row))

    @operation(summary="Replace", **SHARED, body=ToySchema, returns=TOY, conditional="required")
    def put(self, *, tx, actor, toy_id, revise):
        row = self.toys.find(tx, actor, toy_id, EDIT)
        return self.toys.update(tx, row, revise(row))

    @operation(summary="Remove", **SHARED, conditional="honoured", status=HTTPStatus.NO_CONTENT)
    def delete(self, *, tx, actor, toy_id, precondition):
        row = self.toys.find(tx, actor, toy_id, EDIT)
        precondition(row)
        tx.execute(delete(toys).where(toys.c.id == row.id))


@dataclass(kw_only=True, eq=False)
class ToyByName(Resource):
    edge: Any
    toys: Toys

    @operation(
        summary="Update or make",
        **SHARED,
        body=ToySchema,
        partial=True,
        returns=TOY,
        conditional="honoured",
    )
    def put(self, *, tx, actor, organization_id, name, body, whole, precondition):
        self.toys.policy.require(actor, EDIT, Subject(organization_id))
        row = tx.first(BY_NAME, organization_id=organization_id, name=name)
        precondition(row)
        if row is None:
            return Made(self.toys.create(tx, actor, organization_id, whole()))
        return self.toys.update(tx, row, body)


@dataclass(kw_only=True, eq=False)
class UnguardedToy(Resource):
    """A use-case that never asks the policy."""

    edge: Any
    toys: Toys

    @operation(summary="Make", **SHARED, body=ToySchema, returns=TOY, status=HTTPStatus.CREATED)
    def post(self, *, tx, actor, organization_id, body):
        return self.toys.write(tx, organization_id, body)


@dataclass(kw_only=True, eq=False)
class UndumpableToy(Resource):
    """An answer that cannot be dumped."""

    edge: Any
    toys: Toys

    @operation(
        summary="Make",
        **SHARED,
        body=ToySchema,
        returns=Hypermedia(schema=BrokenSchema),
        status=HTTPStatus.CREATED,
    )
    def post(self, *, tx, actor, organization_id, body):
        return self.toys.create(tx, actor, organization_id, body)


@dataclass(kw_only=True, eq=False)
class PublicToy(Resource):
    """Open to everybody, and throttled as logins are."""

    edge: Any
    toys: Toys

    @operation(
        summary="Look",
        tag="catalogue",
        action=READ,
        access="public",
        status=HTTPStatus.NO_CONTENT,
        rate="login",
    )
    def get(self, *, actor):
        self.toys.policy.require_nothing(actor, READ)


TOYS_URL = "/v1/organizations/<id(org):organization_id>"


def mount(app):
    """Serve the toys beside everything else; gives their use-cases."""
    homeroom = app.extensions["homeroom"]
    served = Toys(homeroom.container.policy, homeroom.container.organizations.ids)
    api = HomeroomApi()
    given = {"edge": homeroom.edge, "toys": served}
    api.add(ToyList, f"{TOYS_URL}/toys", **given)
    api.add(ToyItem, "/v1/toys/<id(toy):toy_id>", **given)
    api.add(ToyByName, f"{TOYS_URL}/toys/by-name/<name>", **given)
    api.add(UnguardedToy, f"{TOYS_URL}/unguarded-toys", **given)
    api.add(UndumpableToy, f"{TOYS_URL}/undumpable-toys", **given)
    api.add(PublicToy, "/v1/public-toys", **given)
    api.init_app(app)
    homeroom.edge.renderer.compile(app)
    return served


@dataclass
class ToyShop:
    """An application with toys, a school in it, and what the tests look at."""

    app: Any
    toys: Toys
    school: Any

    @property
    def url(self):
        return f"{self.school.url}/toys"

    @property
    def database(self):
        return self.app.extensions["homeroom"].database

    @property
    def keeper(self):
        return self.school.owner

    def made(self, name="Bear", **members):
        return self.keeper.post(self.url, {"name": name, **members})

    def names(self):
        with self.database.read() as tx:
            rows = tx.all(OF_ORGANIZATION, organization_id=self.school.row.id)
        return sorted(row.name for row in rows)


def open_shop(url, clock=None, config=None, **settings):
    """Build an application with toys on a database that is migrated."""
    app = create_app(settings_for(url, **settings), clock=clock, config=config)
    served = mount(app)
    tables.create_all(app.extensions["homeroom"].database.engine)
    return ToyShop(app, served, a_school(app))


@pytest.fixture(scope="session")
def toy_app(database_url, app_clock):
    shop = open_shop(database_url, app_clock)
    yield shop
    tables.drop_all(shop.database.engine)
    shop.database.close()


@pytest.fixture
def shop(toy_app, http_clock):
    """Toys in a school of this test alone."""
    yield ToyShop(toy_app.app, toy_app.toys, a_school(toy_app.app))
    toy_app.toys.before = lambda: None
    toy_app.toys.meanwhile = lambda _tx: None


@pytest.fixture
def own_shop(fresh_database_url):
    """Give a function that opens a shop on a database of this test alone."""
    opened = []

    def give(**settings):
        opened.append(open_shop(fresh_database_url, **settings))
        return opened[-1]

    yield give
    for shop in opened:
        shop.database.close()
