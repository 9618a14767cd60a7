"""Lists over HTTP: pages while others write, filters, and links that keep what was asked."""

import re

import pytest

LINK = re.compile(r'<([^>]+)>; rel="([a-z]+)"')


@pytest.fixture
def many(shop):
    """A shop of seven toys, of sizes 0 to 6."""
    for size in range(7):
        assert shop.made(f"Toy {size}", size=size).status_code == 201
    return shop


def links(page):
    """The links of a page, the same in header and body."""
    shown = page.json["_links"].items()
    in_body = {rel: link["href"] for rel, link in shown if "templated" not in link}
    assert {rel: href for href, rel in LINK.findall(page.headers["Link"])} == in_body
    return in_body


def pages(shop, url, between=lambda _page: None):
    """Every page from this one on."""
    while url is not None:
        page = shop.keeper.get(url)
        assert page.status_code == 200
        yield page.json["items"]
        url = links(page).get("next")
        between(page)


def names(page):
    return [toy["name"] for toy in page.json["items"]]


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "name", "-size", "size,-name"])
def test_every_toy_that_stays_is_seen_once_while_others_come_and_go(many, sort):
    doomed = [toy for toy in many.keeper.get(many.url).json["items"] if toy["size"] in (1, 4)]
    number = iter(range(100))

    def meanwhile(_page):
        many.made(f"New {next(number)}", size=3)
        if doomed:
            many.keeper.delete(f"/v1/toys/{doomed.pop()['id']}")

    found = [
        toy["name"]
        for items in pages(many, f"{many.url}?limit=2&sort={sort}", meanwhile)
        for toy in items
    ]

    assert len(found) == len(set(found))
    assert {"Toy 0", "Toy 2", "Toy 3", "Toy 5", "Toy 6"} <= set(found)


def test_paging_goes_on_after_the_item_at_which_it_stood_is_gone(many):
    first = many.keeper.get(f"{many.url}?limit=3&sort=size")
    many.keeper.delete(f"/v1/toys/{first.json['items'][-1]['id']}")

    second = many.keeper.get(links(first)["next"])

    assert names(second) == ["Toy 3", "Toy 4", "Toy 5"]


def test_links_lead_on_and_back_and_end_at_both_ends(many):
    first = many.keeper.get(f"{many.url}?limit=3&sort=name")
    second = many.keeper.get(links(first)["next"])
    third = many.keeper.get(links(second)["next"])

    assert set(links(first)) == {"self", "first", "next"}
    assert set(links(second)) == {"self", "first", "prev", "next"}
    assert set(links(third)) == {"self", "first", "prev"}
    assert many.keeper.get(links(third)["first"]).data == first.data.replace(
        links(first)["self"].encode(), links(third)["first"].encode()
    )
    assert names(many.keeper.get(links(third)["prev"])) == names(second)
    assert links(third)["self"].endswith(links(second)["next"])


def test_a_page_says_by_what_it_can_be_narrowed_and_ordered(many):
    search = many.keeper.get(f"{many.url}?limit=2&size__gte=1").json["_links"]["search"]
    path, names = search["href"].rstrip("}").split("{?")

    known = {"name", "name__contains", "size__gte", "limit", "cursor", "sort", "count", "fields"}
    assert search["templated"] is True
    assert path.endswith(many.url)
    assert known <= set(names.split(","))
    assert many.keeper.get(f"{path}?size__gte=6").json["items"][0]["size"] == 6


def test_every_link_of_a_page_keeps_filter_order_and_members(many):
    url = f"{many.url}?size__gte=1&sort=-size&limit=2&fields=name&count=true"

    found = [toy for items in pages(many, url) for toy in items]

    assert [toy["name"] for toy in found] == [f"Toy {size}" for size in range(6, 0, -1)]
    assert all(set(toy) == {"id", "name", "_links"} for toy in found)


@pytest.mark.parametrize(
    ("query", "sizes"),
    [
        ("size=3", [3]),
        ("name__in=Toy 2,Toy 5,Toy 99", [2, 5]),
        ("size__gte=2&size__lt=4", [2, 3]),
        ("name__contains=TOY 6", [6]),
        ("name=Toy 1", [1]),
        ("name__contains=%25%25", []),
        ("created_at__gte=2000-01-01T00:00:00Z&size=6", [6]),
        ("created_at__lt=2000-01-01T00:00:00%2B01:00", []),
    ],
)
def test_a_filter_finds_what_it_says(many, query, sizes):
    page = many.keeper.get(f"{many.url}?{query}")

    assert [toy["size"] for toy in page.json["items"]] == sizes


@pytest.mark.parametrize("fault", ["limit=0", "limit=-1", "limit=101", "limit=abc", "limit=1e2"])
def test_a_limit_that_is_none_is_refused_by_name(shop, fault):
    refused = shop.keeper.get(f"{shop.url}?{fault}")

    assert (refused.status_code, refused.json["code"]) == (400, "invalid-parameter")
    assert refused.json["errors"][0]["parameter"] == "limit"


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ("limt=5", "unknown-parameter", "limt"),
        ("page=2", "unknown-parameter", "page"),
        ("note=x", "unknown-parameter", "note"),
        ("size__regex=1", "unknown-parameter", "size__regex"),
        ("limit=1&limit=2", "invalid-parameter", "limit"),
        ("limit=", "invalid-parameter", "limit"),
        ("sort=organization_id", "invalid-parameter", "sort"),
        ("fields=secret", "invalid-parameter", "fields"),
        ("size=x", "invalid-parameter", "size"),
        ("created_at__gte=yesterday", "invalid-parameter", "created_at__gte"),
        ("created_at__gte=2000-01-01T00:00:00+01:00", "invalid-parameter", "created_at__gte"),
        ("name=%ff", "invalid-parameter", None),
    ],
)
def test_what_is_unknown_or_unreadable_is_refused_by_name(shop, query, code, parameter):
    refused = shop.keeper.get(f"{shop.url}?{query}")

    assert (refused.status_code, refused.json["code"]) == (400, code)
    if parameter is not None:
        assert refused.json["errors"][0]["parameter"] == parameter


def test_a_changed_cursor_is_refused_and_so_is_another_order(many):
    first = many.keeper.get(f"{many.url}?limit=3&sort=name")
    following = links(first)["next"]
    cursor = re.search("cursor=([^&]+)", following)[1]
    flipped = ("A" if cursor[10] != "A" else "B").join((cursor[:10], cursor[11:]))

    tampered = many.keeper.get(following.replace(cursor, flipped))
    other_order = many.keeper.get(following.replace("sort=name", "sort=size"))
    other_limit = many.keeper.get(following.replace("limit=3", "limit=1"))

    assert (tampered.status_code, tampered.json["code"]) == (400, "invalid-cursor")
    assert (other_order.status_code, other_order.json["code"]) == (400, "cursor-mismatch")
    assert names(other_limit) == ["Toy 3"]


def test_a_total_is_given_to_who_asks_for_it(many):
    plain = many.keeper.get(f"{many.url}?limit=2")
    counted = many.keeper.get(f"{many.url}?limit=2&count=true&size__lt=5")

    assert (plain.json["total"], plain.json["total_is_exact"]) == (None, None)
    assert (counted.json["total"], counted.json["total_is_exact"]) == (5, True)


def test_an_empty_list_is_a_list(shop):
    page = shop.keeper.get(shop.url)

    assert (page.json["items"], page.json["limit"]) == ([], 25)
    assert set(links(page)) == {"self", "first"}
