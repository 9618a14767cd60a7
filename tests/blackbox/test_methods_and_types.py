import pytest

from tests.blackbox.world import MERGE, ORIGIN

JSON = "application/json"
PROBLEM = "application/problem+json"
OPERATIONS = "application/json-patch+json"
DIFFERS = {"date", "x-request-id", "connection", "server", "ratelimit"}
EXPOSED = {
    *("ETag", "Link", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "Deprecation"),
    *("Sunset", "X-Request-Id", "Preference-Applied", "Idempotent-Replayed", "Allow"),
    *("Accept-Patch", "WWW-Authenticate", "Content-Disposition"),
}


def fields(answer):
    return {name: value for name, value in answer.headers.items() if name not in DIFFERS}


def a_problem(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == PROBLEM
    assert (answer.json()["status"], answer.json()["code"]) == (status, code)
    return True


def test_check_1_head_is_get_without_a_body(world, term):
    there = ("/", "/v1", "/v1/me", world.url, f"{world.url}/terms?limit=1", term[0])
    for url, status in {**dict.fromkeys(there, 200), "/v1/terms/none": 404}.items():
        got, headed = world.owner.get(url), world.owner.open("HEAD", url)

        assert (got.status_code, headed.status_code, headed.content) == (status, status, b"")
        assert fields(headed) == fields(got)
        assert ("RateLimit" in headed.headers) == ("RateLimit" in got.headers)


METHODS = {"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"}


def addresses(document):
    """Each path of the document with the methods that it says are served there.

    The ids are of nothing, as the method is looked at before them.
    """
    for template, operations in document["paths"].items():
        parameters = [each for one in operations.values() for each in one.get("parameters", ())]
        ids = {
            each["name"]: each["schema"].get("pattern", "^x")[1:5] + "0" * 26
            for each in parameters
            if each.get("in") == "path"
        }
        served = {name.upper() for name in operations}
        yield (
            template.format(**ids),
            served | ({"HEAD"} if "GET" in served else set()) | {"OPTIONS"},
        )


def test_check_2_a_method_that_is_not_served_is_told_which_are(world, document):
    answers = {
        (path, method): (world.nobody.open(method, path), served)
        for path, served in addresses(document)
        for method in METHODS
    }

    refused = {
        place: (answer, served)
        for place, (answer, served) in answers.items()
        if place[1] not in served
    }
    for answer, served in refused.values():
        # A HEAD has the header fields alone.
        assert answer.request.method == "HEAD" or a_problem(answer, 405, "method-not-allowed")
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == served
    assert [
        place
        for place, (answer, _) in answers.items()
        if place not in refused and answer.status_code == 405
    ] == []
    assert len(refused) > len(document["paths"])


def test_check_2_whoever_may_do_the_rest_is_refused_too(world):
    terms = f"{world.url}/terms"

    for method in ("PUT", "PATCH", "DELETE"):
        refused = world.owner.open(method, terms, json={"name": "All of them"})

        assert a_problem(refused, 405, "method-not-allowed")
        assert refused.headers["Allow"] == "GET, HEAD, POST, OPTIONS"


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
    assert MERGE in item.headers["Accept-Patch"]
    assert (collection.status_code, "Accept-Patch" in collection.headers) == (204, False)
    assert collection.headers["Allow"] == "GET, HEAD, POST, OPTIONS"


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
    own = {"Origin": origin}
    answers = [
        world.owner.get(term[0], headers=own),
        world.nobody.get(term[0], headers=own),
        world.owner.get("/v1/nowhere", headers=own),
        *(
            world.owner.open("PATCH", term[0], headers=own, if_match=tag, json={"name": "Ours"})
            for tag in (term[1], '"v9-0000000000000000"')
        ),
    ]

    assert (preflight.status_code, preflight.content) == (204, b"")
    assert preflight.headers["Access-Control-Allow-Origin"] == origin
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"].split(", ")
    assert set(listed(preflight, "Allow")) >= {"authorization", "if-match"}
    assert preflight.headers["Access-Control-Max-Age"] == "600"
    assert "Access-Control-Allow-Origin" not in foreign.headers
    assert [answer.status_code for answer in answers] == [200, 401, 404, 200, 412]
    for answer in answers:
        assert answer.headers.get_list("Access-Control-Allow-Origin") == [origin]
        assert listed(answer, "Expose") == sorted(name.lower() for name in EXPOSED)
        assert "Origin" in answer.headers["Vary"].split(", ")
        assert "Access-Control-Allow-Credentials" not in answer.headers


def listed(answer, what):
    """The header fields that CORS allows or exposes, in lower case and order."""
    return sorted(answer.headers[f"Access-Control-{what}-Headers"].lower().split(", "))


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

    # It would do, as JSON or as a form.
    new = b'{"name":"x","starts_on":"2027-10-01","ends_on":"2028-01-31"}'
    if "form" in content_type:
        new = b"name=x&starts_on=2027-10-01&ends_on=2028-01-31"

    refused = world.owner.send("POST", f"{world.url}/terms", new, content_type)

    assert a_problem(refused, 415, "unsupported-media-type")
    assert refused.headers["Accept"] == JSON
    assert world.owner.get(f"{world.url}/terms?count=true").json()["total"] == before


def test_check_10_a_patch_of_text_is_told_what_would_do(world, term):
    refused = world.owner.send("PATCH", term[0], b"name=x", "text/plain")

    assert a_problem(refused, 415, "unsupported-media-type")
    assert set(refused.headers["Accept-Patch"].split(", ")) >= {MERGE, OPERATIONS}
    assert world.owner.get(term[0]).headers["ETag"] == term[1]
