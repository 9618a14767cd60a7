import datetime as dt
import itertools
import uuid

import pytest
from sqlalchemy import insert
from werkzeug.datastructures import MultiDict

from api.http.cursors import Cursors
from api.ids import encode
from api.models.base import fold
from api.models.listing import COUNTED_AT_MOST, Total, like_pattern
from tests.http.things import ALL_THINGS, NOON, THINGS, Color, Thing

CURSORS = Cursors(b"k" * 32)
OWNER = uuid.uuid4()
# Ties in every column but the id, in no order.
ROWS = [
    {
        "id": uuid.UUID(int=(number * 7919) % 10_007),
        "name": name,
        "name_fold": fold(name),
        "color": color,
        "size": size,
        "weight": number % 3,
        "made_at": NOON + dt.timedelta(milliseconds=number % 4),
        "is_sold": number % 3 > 0,
        "sold_on": dt.date(2026, 1, 1 + number % 2) if number % 3 else None,
        "owner_id": OWNER if number % 2 else None,
    }
    for number, (name, color, size) in enumerate(
        itertools.product(
            ["Zebra", "apple", "50% off", "a_b", "Straße", "Éclair"],
            [Color.RED, Color.BLUE, None],
            [None, 5, 7],
        ),
        start=1,
    )
]
SORTS = ["-made_at", "name", "-name", "weight,-made_at", "-weight,name,made_at", "id", "-name,-id"]


@pytest.fixture
def things(tx):
    Thing.__table__.create(tx.connection)
    tx.execute(insert(Thing), ROWS)
    return tx


def read(tx, position=None, **asked):
    """One page as (rows, page): asked for as a query would, from a position on."""
    query = THINGS.schema().load(MultiDict(asked))
    wanted = THINGS.read(query, CURSORS)
    if position is not None:
        query["cursor"] = CURSORS.seal(position, wanted.list_name)
        wanted = THINGS.read(query, CURSORS)
    rows = tx.all(wanted.window.over(ALL_THINGS), **wanted.window.parameters)
    return wanted.window.page(rows)


def names(tx, **asked):
    return sorted(row.name for row in read(tx, limit="100", **asked).rows)


def expected_ids(sort):
    keys = sort.split(",")
    if all(key.removeprefix("-") != "id" for key in keys):
        keys.append("-id" if keys[-1].startswith("-") else "id")
    rows = list(ROWS)
    for key in reversed(keys):
        name = key.removeprefix("-")
        rows.sort(key=lambda row, name=name: row[name], reverse=key.startswith("-"))
    return [row["id"] for row in rows]


@pytest.mark.parametrize("sort", SORTS)
def test_pages_one_after_the_other_hold_every_row_once_in_order(things, sort):
    seen, position = [], None
    for _ in range(len(ROWS)):
        page = read(things, position, sort=sort, limit="7")
        seen += [row.id for row in page.rows]
        position = page.after
        if position is None:
            break

    assert seen == expected_ids(sort)


@pytest.mark.parametrize("sort", SORTS)
def test_pages_read_backward_hold_the_same_rows(things, sort):
    page = read(things, sort=sort, limit="7")
    while page.after is not None:
        page = read(things, page.after, sort=sort, limit="7")
    seen = [row.id for row in page.rows]
    while page.before is not None:
        page = read(things, page.before, sort=sort, limit="7")
        seen = [row.id for row in page.rows] + seen

    assert seen == expected_ids(sort)


def test_the_first_page_has_nothing_before_and_the_last_nothing_after(things):
    first = read(things, limit="53")
    last = read(things, first.after, limit="53")

    assert first.before is None
    assert last.after is None
    assert len(first.rows) + len(last.rows) == len(ROWS)


def test_a_page_that_holds_exactly_all_rows_has_no_neighbours(things):
    page = read(things, limit=str(len(ROWS)))

    assert (page.before, page.after) == (None, None)


def test_a_position_outlives_its_row_and_new_rows_do_not_shift_it(things):
    first = read(things, sort="name", limit="10")
    things.execute(Thing.__table__.delete().where(Thing.id == first.rows[-1].id))
    things.execute(insert(Thing), {**ROWS[0], "id": uuid.uuid4(), "name": "!"})

    second = read(things, first.after, sort="name", limit="100")

    assert [row.id for row in second.rows] == expected_ids("name")[10:]


def test_a_page_beyond_the_last_row_is_empty_and_leads_nowhere(things):
    first = read(things, sort="id", limit="53")
    things.execute(Thing.__table__.delete().where(Thing.id > first.rows[-1].id))

    page = read(things, first.after, sort="id")

    assert (list(page.rows), page.before, page.after) == ([], None, None)


@pytest.mark.parametrize(
    ("asked", "holds"),
    [
        ({"name": "apple"}, lambda row: row["name"] == "apple"),
        ({"name": "APPLE"}, lambda row: False),
        ({"name__in": "apple,Zebra"}, lambda row: row["name"] in ("apple", "Zebra")),
        ({"name__contains": "PP"}, lambda row: row["name"] == "apple"),
        ({"name__contains": "0%"}, lambda row: row["name"] == "50% off"),
        ({"name__contains": "a_"}, lambda row: row["name"] == "a_b"),
        ({"name__contains": "strasse"}, lambda row: row["name"] == "Straße"),
        ({"name__contains": "E\u0301C"}, lambda row: row["name"] == "Éclair"),
        ({"name__contains": "%%"}, lambda row: False),
        ({"color": "red"}, lambda row: row["color"] == Color.RED),
        ({"color__ne": "red"}, lambda row: row["color"] != Color.RED),
        ({"color__in": "red,blue"}, lambda row: row["color"] is not None),
        ({"color__is_null": "true"}, lambda row: row["color"] is None),
        ({"color__is_null": "false"}, lambda row: row["color"] is not None),
        ({"size": "5"}, lambda row: row["size"] == 5),
        ({"size__gte": "6"}, lambda row: row["size"] == 7),
        ({"size__lt": "6"}, lambda row: row["size"] == 5),
        ({"size__gte": "5", "size__lt": "7", "color": "blue"},
         lambda row: row["size"] == 5 and row["color"] == Color.BLUE),
        ({"made_at": "2026-11-20T13:00:00.001+01:00"},
         lambda row: row["made_at"] == NOON + dt.timedelta(milliseconds=1)),
        ({"made_at__gte": "2026-11-20T12:00:00.002Z"},
         lambda row: row["made_at"] >= NOON + dt.timedelta(milliseconds=2)),
        ({"sold_on__lt": "2026-01-02"}, lambda row: row["sold_on"] == dt.date(2026, 1, 1)),
        ({"is_sold": "false"}, lambda row: not row["is_sold"]),
        ({"is_sold": "true"}, lambda row: row["is_sold"]),
        ({"sold_on__is_null": "true"}, lambda row: row["sold_on"] is None),
        ({"owner_id": encode("usr", OWNER)}, lambda row: row["owner_id"] == OWNER),
        ({"owner_id__is_null": "true"}, lambda row: row["owner_id"] is None),
        ({"id__in": ",".join(encode("thg", row["id"]) for row in ROWS[:3])},
         lambda row: row in ROWS[:3]),
    ],
)  # fmt: skip
def test_a_filter_leaves_exactly_the_rows_that_it_names(things, asked, holds):
    assert names(things, **asked) == sorted(row["name"] for row in ROWS if holds(row))


def test_filters_hold_on_every_page(things):
    first = read(things, color="red", sort="-weight,name", limit="5")
    second = read(things, first.after, color="red", sort="-weight,name", limit="100")

    red = {row["id"] for row in ROWS if row["color"] == Color.RED}
    assert {row.id for row in [*first.rows, *second.rows]} == red


def test_a_count_follows_the_filters_and_not_the_page(things):
    wanted = THINGS.read(THINGS.schema().load({"color": "red", "limit": "1"}), CURSORS)

    counted = things.scalar(wanted.window.counting(ALL_THINGS), **wanted.window.parameters)

    assert Total.of(counted) == Total(sum(row["color"] == Color.RED for row in ROWS), True)


def test_a_count_stops_and_says_that_it_did():
    assert Total.of(COUNTED_AT_MOST) == Total(10_000, True)
    assert Total.of(COUNTED_AT_MOST + 1) == Total(10_000, False)


def test_one_shape_of_a_query_is_built_once():
    one = THINGS.read(THINGS.schema().load({"name": "a", "limit": "3"}), CURSORS)
    other = THINGS.read(THINGS.schema().load({"name": "b", "limit": "4"}), CURSORS)

    assert one.window.over(ALL_THINGS) is other.window.over(ALL_THINGS)
    assert one.window.counting(ALL_THINGS) is other.window.counting(ALL_THINGS)
    assert one.window.parameters != other.window.parameters


def test_wildcards_and_the_escape_itself_are_literal():
    assert like_pattern("50%_\\") == "%50\\%\\_\\\\%"
