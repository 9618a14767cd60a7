"""A table of things in a database of the tests, and one list of them with every kind of filter."""

import datetime as dt
import enum

from sqlalchemy import Boolean, Date, Integer, select
from sqlalchemy.orm import DeclarativeBase, mapped_column

from api.http import filters
from api.models.base import Identifier, Instant, SortedText, choice
from api.schemas import fields


class Color(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Toys(DeclarativeBase):
    """Tables that no migration knows."""


class Thing(Toys):
    __tablename__ = "things"

    id = mapped_column(Identifier, primary_key=True)
    name = mapped_column(SortedText)
    name_fold = mapped_column(SortedText)
    color = mapped_column(choice(Color), nullable=True)
    size = mapped_column(Integer, nullable=True)
    weight = mapped_column(Integer)
    made_at = mapped_column(Instant)
    is_sold = mapped_column(Boolean)
    sold_on = mapped_column(Date, nullable=True)
    owner_id = mapped_column(Identifier, nullable=True)


ALL_THINGS = select(Thing.id, Thing.name, Thing.weight, Thing.made_at)

THINGS = filters.Listing(
    name="things",
    tiebreak=Thing.id,
    sorts={
        "id": Thing.id,
        "name": Thing.name,
        "weight": Thing.weight,
        "made_at": Thing.made_at,
    },
    default_sort="-made_at",
    filters={
        "name": filters.text(Thing.name, fold=Thing.name_fold),
        "color": filters.choice(Thing.color, Color, nullable=True),
        "size": filters.number(Thing.size, least=0, most=1000, nullable=True),
        "made_at": filters.instant(Thing.made_at),
        "is_sold": filters.flag(Thing.is_sold),
        "sold_on": filters.day(Thing.sold_on, nullable=True),
        "owner_id": filters.identifier(Thing.owner_id, "usr", nullable=True),
        "id": filters.identifier(Thing.id, "thg"),
    },
    expands=("owner", "owner.rooms"),
    members=("id", "name", "size"),
    extra={"dry": fields.Text(nullable=True)},
)

BARE = filters.Listing(
    name="bare", tiebreak=Thing.id, sorts={"id": Thing.id}, default_sort="id", limit_most=1000
)

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
