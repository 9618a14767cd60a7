import pytest

from tests.blackbox.world import ORIGIN

JSON = "application/json"
PROBLEM = "application/problem+json"
OPERATIONS = "application/json-patch+json"
DIFFERS = {"date", "x-request-id", "connection", "server"}


def fields(answer):
    return {name: value for name, value in answer.headers.items() if name not in DIFFERS}


def a_problem(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == PROBLEM
    assert (answer.json()["status"], answer.json()["code"]) == (status, code)
    return True


def test_check_1_head_is_get_without_a_body(world, term):
    for url in ("/", "/v1", "/v1/me", world.url, f"{world.url}/terms?limit=1", term[0]):
        got, headed = world.owner.get(url), world.owner.open("HEAD", url)

        assert (got.status_code, headed.status_code, headed.content) == (200, 200, b"")
        assert fields(headed) == fields(got)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_check_2_a_method_that_is_not_served_is_told_which_are(world, method):
    url = f"{world.url}/terms"

    refused = world.owner.open(method, url)

    assert a_problem(refused, 405, "method-not-allowed")
    assert refused.headers["Allow"] == "GET, HEAD, POST, OPTIONS"
    for allowed in refused.headers["Allow"].split(", "):
        assert world.owner.open(allowed, url).status_code != 405


def test_check_3_a_method_that_nobody_knows_is_a_problem(world):
    refused = world.raw(f"FOO {world.path}/terms HTTP/1.1")

    assert refused.status_code in {405, 501}
    assert refused.headers["Content-Type"] == PROBLEM
    assert refused.json()["status"] == refused.status_code


def test_check_4_options_is_for_everybody(world, term):
    item = world.nobody.open("OPTIONS", term[0])
    collection = world.nobody.open("OPTIONS", f"{world.url}/terms")

    assert (item.status_code, item.content) == (204, b"")
    assert item.headers["Allow"] == "GET, HEAD, PATCH, PUT, DELETE, OPTIONS"
    assert OPERATIONS in item.headers["Accept-Patch"]
    assert (collection.status_code, "Accept-Patch" in collection.headers) == (204, False)


@pytest.fixture
def origin(world):
    """An origin whose pages may call."""
    if world.target is None:
        return ORIGIN
    if world.target.origin is None:
        pytest.skip("no origin is known that may call there: name one of them with --origin")
    return world.target.origin


def test_check_5_a_page_of_a_known_origin_may_call_and_see(world, term, origin):
    asked = {"Origin": origin, "Access-Control-Request-Method": "PATCH"}
    asked |= {"Access-Control-Request-Headers": "authorization, if-match"}

    preflight = world.nobody.open("OPTIONS", term[0], headers=asked)
    foreign = world.nobody.open("OPTIONS", term[0], headers={**asked, "Origin": "https://x.test"})
    answers = [
        world.owner.get(term[0], headers={"Origin": origin}),
        world.nobody.get(term[0], headers={"Origin": origin}),
        world.owner.get("/v1/nowhere", headers={"Origin": origin}),
    ]

    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
    assert "If-Match" in preflight.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in foreign.headers
    assert [answer.status_code for answer in answers] == [200, 401, 404]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
        assert "Origin" in answer.headers["Vary"]


def test_check_6_a_picture_is_not_to_be_had_and_no_wish_is_a_wish_for_json(world):
    picture = world.owner.get("/v1/me", headers={"Accept": "image/png"})
    bare = world.raw("GET /v1/me HTTP/1.1", f"Authorization: Bearer {world.owner.token}")

    assert a_problem(picture, 406, "not-acceptable")
    assert (bare.status_code, bare.headers["Content-Type"]) == (200, JSON)


def test_check_7_who_accepts_only_problems_is_served(world, term):
    only = {"Accept": PROBLEM}

    read = world.owner.get(term[0], headers=only)
    removed = world.owner.open("DELETE", term[0], headers=only, if_match="*")

    assert (read.status_code, removed.status_code) == (200, 204)


def test_check_8_who_accepts_nothing_gets_nothing(world):
    refused = world.owner.get("/v1/me", headers={"Accept": "application/json;q=0, */*;q=0"})

    assert a_problem(refused, 406, "not-acceptable")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"],
)
def test_check_9_a_body_of_another_type_makes_nothing(world, content_type):
    before = world.owner.get(f"{world.url}/terms?count=true").json()["total"]

    refused = world.owner.send("POST", f"{world.url}/terms", b'{"name":"x"}', content_type)

    assert a_problem(refused, 415, "unsupported-media-type")
    assert refused.headers["Accept"] == JSON
    assert world.owner.get(f"{world.url}/terms?count=true").json()["total"] == before


def test_check_10_a_patch_of_text_is_told_what_would_do(world, term):
    refused = world.owner.send("PATCH", term[0], b"name=x", "text/plain")

    assert a_problem(refused, 415, "unsupported-media-type")
    assert refused.headers["Accept-Patch"].startswith("application/merge-patch+json")
