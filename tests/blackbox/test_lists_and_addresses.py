import re
from dataclasses import replace

import httpx
import pytest

from tests.blackbox.test_methods_and_types import a_problem

LINK = re.compile(r'<([^>]+)>; rel="([a-z]+)"')
PAGES = {"self", "first", "prev", "next"}


@pytest.fixture(scope="module")
def terms(world):
    """The address of a list of nine terms, in a school of their own."""
    url = f"{world.a_school('Lists')['_links']['self']['href']}/terms"
    for number in range(9):
        assert a_term(world, url, f"Term {number}").status_code == 201
    return url


def a_term(world, url, name, person=None):
    new = {"name": name, "starts_on": "2027-10-01", "ends_on": "2028-01-31"}
    return (person or world.owner).post(url, new)


def links(page):
    header = {rel: href for href, rel in LINK.findall(page.headers["Link"])}
    body = {rel: link["href"] for rel, link in page.json()["_links"].items() if rel in PAGES}
    assert header == body
    return body


def test_check_19_what_stays_is_seen_once_while_another_client_comes_and_goes(world, terms):
    doomed = [a_term(world, terms, f"Doomed {number}") for number in range(3)]
    found, url, number = [], f"{terms}?limit=2&sort=name", 0

    with httpx.Client(base_url=world.base, timeout=30) as client:
        another = replace(world.owner, client=client)
        while url is not None:
            page = world.owner.get(url)
            found += [term["name"] for term in page.json()["items"]]
            assert a_term(world, terms, f"Term 4{number}", another).status_code == 201
            if doomed:
                gone = another.open("DELETE", doomed.pop().headers["Location"], if_match="*")
                assert gone.status_code == 204
            number += 1
            last, url = page, links(page).get("next")

    assert len(found) == len(set(found))
    assert {f"Term {number}" for number in range(9)} <= set(found)
    assert number > 4
    assert 'rel="next"' not in last.headers["Link"]


@pytest.mark.parametrize("limit", ["0", "-1", "101", "abc", "1e2", ""])
def test_check_20_a_limit_that_is_none_is_refused(world, terms, limit):
    assert a_problem(world.owner.get(f"{terms}?limit={limit}"), 400, "invalid-parameter")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limt=5", "unknown-parameter"),
        ("limit=1&limit=2", "invalid-parameter"),
        ("name=%ff", "invalid-parameter"),
        ("x=%ff", "invalid-parameter"),
    ],
)
def test_check_21_what_is_unknown_repeated_or_unreadable_is_refused(world, terms, query, code):
    path = terms.removeprefix(world.base)
    token = f"Authorization: Bearer {world.owner.token}"

    refused = world.raw(f"GET {path}?{query} HTTP/1.1", token)

    assert a_problem(refused, 400, code)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("sort=bogus", "sort"),
        ("sort=password_hash", "sort"),
        ("status__regex=a", "status__regex"),
        ("created_at__gte=yesterday", "created_at__gte"),
    ],
)
def test_check_22_a_filter_or_an_order_that_there_is_not_is_named(world, query, parameter):
    refused = world.owner.get(f"{world.url}/classes?{query}")

    assert refused.status_code == 400
    assert [error["parameter"] for error in refused.json()["errors"]] == [parameter]
    for word in ("SELECT", "sqlite", "psycopg", "sqlalchemy", "Traceback", "_hash"):
        assert word.lower() not in refused.text.lower()


def test_check_23_a_cursor_is_of_its_list_and_of_its_order(world, terms):
    following = links(world.owner.get(f"{terms}?limit=2&sort=name"))["next"]
    cursor = re.search("cursor=([^&]+)", following)[1]

    for place in range(0, len(cursor), 7):
        other = "B" if cursor[place] == "A" else "A"
        flipped = f"{cursor[:place]}{other}{cursor[place + 1 :]}"
        assert a_problem(world.owner.get(following.replace(cursor, flipped)), 400, "invalid-cursor")
    other_order = world.owner.get(following.replace("sort=name", "sort=starts_on"))
    assert a_problem(other_order, 400, "cursor-mismatch")
    assert world.owner.get(following).status_code == 200


def test_check_23_a_cursor_of_another_user_shows_own_rows_only(world):
    seats = f"{world.a_class(capacity=5).headers['Location']}/registrations"
    own = world.student.get("/v1/me").json()["students"][0]["id"]
    for student_id in (world.a_student(), own, world.a_student(), world.a_student()):
        assert world.owner.post(seats, {"student_id": student_id}).status_code == 201

    following = links(world.owner.get(f"{seats}?limit=1&sort=created_at"))["next"]
    owners, students = (
        person.get(following.replace("limit=1", "limit=100"))
        for person in (world.owner, world.student)
    )

    # What the owner sees from there on begins with the student's row, and does not end with it.
    assert [row["student_id"] == own for row in owners.json()["items"]] == [True, False, False]
    assert (students.status_code, rows(students)) == (200, rows(owners)[:1])
    assert "next" not in links(students)
    assert a_problem(world.stranger.get(following), 404, "not-found")


def rows(page):
    return [row["id"] for row in page.json()["items"]]


@pytest.mark.parametrize(
    "path",
    [
        *("/nowhere", "/v1/organizations/", "/v1//organizations", "/v1/classes/", "/v1/classes//x"),
        *("/%2e%2e/", "/../etc/passwd"),
    ],
)
def test_check_26_what_is_not_there_is_a_problem(world, path):
    refused = world.raw(f"GET {path} HTTP/1.1", f"Authorization: Bearer {world.owner.token}")

    assert a_problem(refused, 404, "not-found")


def test_check_27_an_id_is_one_however_it_is_written_and_nothing_else_is_an_id(world, term):
    path = term[0].removeprefix(world.base)
    token = f"Authorization: Bearer {world.owner.token}"

    encoded = world.raw(f"GET {path.replace('trm_', 'trm%5F')} HTTP/1.1", token)
    slash = world.raw("GET /v1/terms/a%2Fb HTTP/1.1", token)
    nul = world.raw("GET /v1/terms/a%00b HTTP/1.1", token)
    endless = world.raw(f"GET /v1/terms/{'x' * 10_240} HTTP/1.1", token)

    assert (encoded.status_code, encoded.json()["id"]) == (200, path.rpartition("/")[2])
    assert a_problem(slash, 404, "not-found")
    assert a_problem(nul, 404, "not-found")
    assert endless.status_code in {404, 414}
    assert endless.headers["Content-Type"] == "application/problem+json"
