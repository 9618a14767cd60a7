import json
import time

import pytest

from tests.blackbox.test_methods_and_types import a_problem
from tests.blackbox.world import MERGE

NEW = {"name": "x", "starts_on": "2027-10-01", "ends_on": "2028-01-31"}
MIB = 1024 * 1024


def posted(world, body):
    return world.owner.send("POST", f"{world.url}/terms", body)


def new(**members):
    return json.dumps(NEW | members).encode()


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"{bad", "line 1, column 2"),
        (new() + b"}", "line 1, column"),
        (b'{"name":\n  nothing}', "line 2, column 3"),
        (b"", "empty"),
        (b" ", "empty"),
    ],
)
def test_check_28_what_is_no_json_is_told_where(world, body, where):
    refused = posted(world, body)

    assert a_problem(refused, 400, "malformed-json")
    assert where in refused.json()["detail"]


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"null"])
def test_check_28_what_is_no_object_is_told_so(world, body):
    refused = posted(world, body)

    assert a_problem(refused, 422, "validation-failed")
    assert [error["pointer"] for error in refused.json()["errors"]] == ["#"]


def test_check_28_a_patch_that_is_no_object_is_no_patch(world, term):
    refused = world.owner.open(
        "PATCH", term[0], content=b"[]", headers={"Content-Type": MERGE}, if_match="*"
    )

    assert a_problem(refused, 400, "malformed-patch")
    assert world.owner.get(term[0]).headers["ETag"] == term[1]


@pytest.mark.parametrize(
    "body", [b'{"name":"a","name":"b"}', b'{"a":NaN}', b'{"a":1e999}', b'{"a":-Infinity}']
)
def test_check_29_what_json_does_not_have_is_refused(world, body):
    assert a_problem(posted(world, body), 400, "malformed-json")


@pytest.mark.parametrize(
    "number",
    ["9" * 400, "9" * 5000, str(2**53), str(2**63), "1.0", "1e2", "true"],
    # More than 4,300 digits are more than Python reads by itself.
    ids=["400 digits", "5000 digits", "2^53", "2^63", "1.0", "1e2", "true"],
)
def test_check_30_a_number_that_is_no_integer_of_ours_is_refused(world, number):
    title = f'{{"title":"x","capacity":{number}}}'.encode()

    refused = world.owner.send("POST", f"{world.url}/classes", title)

    assert a_problem(refused, 422, "validation-failed")
    assert refused.json()["errors"][0]["pointer"] == "#/capacity"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (new(name="a\0b"), 422),
        (b'{"name":"\\ud800"}', 400),
        (new(name="\U0001f600"), 201),
        (b"\xef\xbb\xbf" + new(name="BOM"), 201),
        (b'{"name":"\xff\xfe"}', 400),
    ],
    ids=["nul", "half a surrogate", "astral", "byte order mark", "no UTF-8"],
)
def test_check_31_text_comes_back_as_it_went_or_is_refused(world, body, status):
    answer = posted(world, body)

    assert answer.status_code == status
    if status == 422:
        assert answer.json()["errors"][0]["pointer"] == "#/name"
    if status == 400:
        assert a_problem(answer, 400, "malformed-json")
    if status == 201:
        sent = json.loads(body.removeprefix(b"\xef\xbb\xbf"))
        assert world.owner.get(answer.headers["Location"]).json()["name"] == sent["name"]


def test_check_32_a_deep_body_is_refused_at_once(world):
    began = time.perf_counter()
    refused = posted(world, b"[" * 100_000)

    assert a_problem(refused, 400, "malformed-json")
    assert time.perf_counter() - began < 2


def chunks(size):
    for _ in range(size // 65536):
        yield b" " * 65536


@pytest.mark.parametrize("announced", [True, False])
def test_check_33_a_body_of_two_mebibytes_is_refused_and_the_server_lives(world, announced):
    body = b" " * 2 * MIB if announced else chunks(2 * MIB)

    refused = posted(world, body)

    assert a_problem(refused, 413, "body-too-large")
    assert refused.json()["limit_bytes"] == MIB
    assert world.owner.get("/v1/me").status_code == 200


HIDDEN = b"GET /v1 HTTP/1.1\r\nHost: hidden\r\nX-Request-Id: hidden-in-the-body\r\n\r\n"
"""Whoever loses count in a body takes this for a request, and answers it."""


@pytest.mark.parametrize("announced", [True, False])
def test_check_33_the_connection_says_that_it_ends_or_serves_the_next_request(world, announced):
    body = (HIDDEN * (2 * MIB // len(HIDDEN) + 1))[: 2 * MIB]
    length = f"Content-Length: {len(body)}"
    if not announced:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        length = "Transfer-Encoding: chunked"
    token = f"Authorization: Bearer {world.owner.token}"
    json_type = "Content-Type: application/json"

    with world.conversation() as say:
        refused = say(f"POST {world.path}/terms HTTP/1.1", token, json_type, length, body=body)
        following = say("GET /v1/me HTTP/1.1", token, "X-Request-Id: the-next-request")

    assert a_problem(refused, 413, "body-too-large")
    if following is None:
        assert refused.headers["Connection"] == "close"
    else:
        assert following.headers["X-Request-Id"] == "the-next-request"
        assert following.status_code == 200


def test_check_33_a_valid_beginning_of_a_body_that_is_too_large_makes_nothing(world):
    before = world.owner.get(f"{world.url}/terms?count=true").json()["total"]

    def body():
        yield new(name="Truncated")
        yield from chunks(2 * MIB)

    assert a_problem(posted(world, body()), 413, "body-too-large")
    assert world.owner.get(f"{world.url}/terms?count=true").json()["total"] == before


def test_check_33_a_body_in_chunks_is_read_as_any_other(world):
    made = world.owner.send("POST", f"{world.url}/terms", [new()[:9], new()[9:]])

    assert made.status_code == 201
    assert world.owner.get(made.headers["Location"]).json()["name"] == NEW["name"]
