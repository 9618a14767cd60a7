"""What holds for every resource: methods, sizes, preferences, compression, request ids, hosts."""

import gzip
import re

import pytest

from api.app import create_app
from api.errors import Refusal
from api.http.operation import operation
from api.http.problems import status_of
from api.http.requests import BODY_BYTES, HEADER_BYTES, URL_BYTES
from api.http.restful import HomeroomApi, Resource, UnguardedOperation
from tests.apps import Client, settings_for

MERGE = "application/merge-patch+json"
OPERATIONS = "application/json-patch+json"


@pytest.fixture
def toy(shop):
    return shop.made("Bear", note="n" * 2000).headers["Location"]


@pytest.fixture
def nobody(shop):
    return Client(shop.app.test_client())


def fields(answer):
    """The header fields that do not differ from request to request."""
    return {name: value for name, value in answer.headers if name not in {"Date", "X-Request-Id"}}


def test_head_is_get_without_the_body(shop, toy):
    for url in (toy, shop.url, f"{shop.url}?limit=1", shop.school.url, "/v1/me"):
        got, headed = shop.keeper.get(url), shop.keeper.open("HEAD", url)

        assert (headed.status_code, headed.data) == (200, b"")
        assert fields(headed) == fields(got)


def test_options_says_what_is_allowed_to_anybody(shop, nobody, toy):
    item, collection = nobody.open("OPTIONS", toy), nobody.open("OPTIONS", shop.url)

    assert (item.status_code, item.data, item.headers.get("Content-Type")) == (204, b"", None)
    assert item.headers["Allow"] == "GET, HEAD, PATCH, PUT, DELETE, OPTIONS"
    assert item.headers["Accept-Patch"] == f"{MERGE}, {OPERATIONS}"
    assert collection.headers["Allow"] == "GET, HEAD, POST, OPTIONS"
    assert "Accept-Patch" not in collection.headers
    assert nobody.open("OPTIONS", "/v1/nowhere").status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "FOO"])
def test_a_method_that_is_not_served_is_told_which_are(shop, method):
    refused = shop.keeper.open(method, shop.url)

    assert (refused.status_code, refused.json["code"]) == (405, "method-not-allowed")
    assert refused.headers["Allow"] == "GET, HEAD, POST, OPTIONS"
    for allowed in refused.headers["Allow"].split(", "):
        assert shop.keeper.open(allowed, shop.url).status_code != 405


@pytest.mark.parametrize(
    "path",
    [
        "/v1/nowhere",
        "/v1/me/",
        "/v1//me",
        "/v1/toys/toy_1",
        "/%2e%2e/",
        "/v1/toys/a%00b",
        "/v1/a%2Fb",
    ],
)
def test_whatever_is_not_there_is_the_same_problem(shop, path):
    refused = shop.keeper.get(path)

    assert (refused.status_code, refused.json["code"]) == (404, "not-found")
    assert refused.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 200),
        ("*/*", 200),
        ("application/*", 200),
        ("application/problem+json", 200),
        ("text/html, application/json;q=0.1", 200),
        ("image/png", 406),
        ("application/json;q=0", 406),
        ("application/json;q=0, */*;q=0", 406),
    ],
)
def test_who_accepts_json_in_any_form_gets_it(shop, toy, accept, status):
    answer = shop.keeper.get(toy, headers={} if accept is None else {"Accept": accept})

    assert answer.status_code == status


def test_a_body_without_an_announced_length_is_held_to_the_same_limit(shop):
    def posted(size):
        return shop.keeper.post(
            shop.url,
            data=b"x" * size,
            content_type="application/json",
            headers={"Transfer-Encoding": "chunked"},
            environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
        )

    too_large, small = posted(BODY_BYTES + 1), posted(4)

    assert (too_large.status_code, too_large.json["limit_bytes"]) == (413, BODY_BYTES)
    assert (small.status_code, small.json["code"]) == (400, "malformed-json")


def test_every_limit_is_told_to_who_meets_it(shop):
    long_url = shop.keeper.get(shop.url, query_string={"q": "x" * URL_BYTES})
    long_header = shop.keeper.get(shop.url, headers={"X-Long": "x" * HEADER_BYTES})
    large_body = shop.keeper.post(shop.url, data=b" " * (BODY_BYTES + 1))

    assert (long_url.status_code, long_url.json["limit_bytes"]) == (414, URL_BYTES)
    assert (long_header.status_code, long_header.json["limit_bytes"]) == (431, HEADER_BYTES)
    assert (large_body.status_code, large_body.json["limit_bytes"]) == (413, BODY_BYTES)


def test_whoever_prefers_little_gets_little_and_is_told_so(shop):
    little = {"Prefer": "return=minimal, wait=5, unknown"}

    made = shop.keeper.post(shop.url, {"name": "Bear"}, headers=little)
    url = made.headers["Location"]
    changed = shop.keeper.patch(url, {"size": 2}, if_match="*", headers=little)
    read = shop.keeper.get(url, headers=little)

    assert (made.status_code, made.data, changed.status_code) == (201, b"", 204)
    assert made.headers["Preference-Applied"] == "return=minimal"
    assert "Content-Type" not in made.headers
    assert changed.headers["ETag"] == read.headers["ETag"]
    assert "Preference-Applied" not in read.headers
    assert read.json["size"] == 2


def test_whoever_prefers_the_whole_gets_it_and_is_told_so(shop):
    whole = {"Prefer": "return=representation"}

    made = shop.keeper.post(shop.url, {"name": "Bear"}, headers=whole)

    assert made.headers["Preference-Applied"] == "return=representation"
    assert made.json["name"] == "Bear"


def test_a_new_resource_is_found_at_its_location_as_it_was_told(shop):
    made = shop.keeper.post(shop.url, {"name": "Bear"})
    found = shop.keeper.get(made.headers["Location"])

    assert made.status_code == 201
    assert made.headers["Location"].startswith("https://homeroom.test/v1/toys/toy_")
    assert (found.data, found.headers["ETag"]) == (made.data, made.headers["ETag"])


@pytest.mark.parametrize(
    ("encoding", "coded"), [("gzip", True), ("br, *", True), ("br", False), ("gzip;q=0", False)]
)
def test_a_body_is_compressed_for_who_accepts_it(shop, toy, encoding, coded):
    plain = shop.keeper.get(toy, headers={"Accept-Encoding": "identity"})

    answer = shop.keeper.get(toy, headers={"Accept-Encoding": encoding})

    assert (answer.headers.get("Content-Encoding") == "gzip") == coded
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert (gzip.decompress(answer.data) if coded else answer.data) == plain.data
    assert (answer.headers["ETag"] == plain.headers["ETag"]) != coded


def test_private_answers_are_cached_by_nobody_else(shop, toy):
    for url in (toy, shop.url):
        headers = shop.keeper.get(url).headers
        assert headers["Cache-Control"] == "private, no-cache"
        assert headers["Vary"] == "Authorization, Accept, Accept-Encoding, Prefer"
        assert headers["X-Content-Type-Options"] == "nosniff"


FORWARDED = {"X-Forwarded-Host": "school.example", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("settings", "headers", "is_told"),
    [
        ({"HOMEROOM_PUBLIC_URL": "https://school.example"}, {}, True),
        ({"HOMEROOM_PUBLIC_URL": "http://school.example"}, FORWARDED, False),
        ({"HOMEROOM_PUBLIC_URL": "", "HOMEROOM_TRUSTED_PROXIES": "1"}, FORWARDED, True),
        ({"HOMEROOM_PUBLIC_URL": "", "HOMEROOM_TRUSTED_PROXIES": "1"}, {}, False),
        ({"HOMEROOM_PUBLIC_URL": ""}, FORWARDED, False),
    ],
    ids=["https", "http", "told by a proxy", "a proxy without TLS", "told by anybody"],
)
def test_who_comes_by_https_is_told_to_come_by_nothing_else(own_shop, settings, headers, is_told):
    shop = own_shop(**settings)
    nobody = Client(shop.app.test_client())

    answers = [
        shop.keeper.get(shop.url, headers=headers),
        shop.keeper.open("HEAD", "/v1/me", headers=headers),
        nobody.open("OPTIONS", "/v1/me", headers=headers),
        *(nobody.get(url, headers=headers) for url in ("/", "/v1/me", "/nowhere", "/healthz")),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 204, 200, 401, 404, 200]
    told = ["max-age=31536000"] if is_told else []
    for answer in answers:
        assert answer.headers.getlist("Strict-Transport-Security") == told


@pytest.mark.parametrize("sent", ["a-request-id.of_mine", "0" * 128])
def test_a_request_keeps_the_id_that_its_client_gave_it(shop, sent):
    answer = shop.keeper.get("/v1/nowhere", headers={"X-Request-Id": sent})

    assert answer.headers["X-Request-Id"] == answer.json["request_id"] == sent


@pytest.mark.parametrize(
    "sent", ["short", "0" * 129, "with spaces in it", "<script>alert</script>"]
)
def test_an_id_that_is_no_id_is_replaced(shop, sent):
    answer = shop.keeper.get("/v1/nowhere", headers={"X-Request-Id": sent})

    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-Id"])


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("[::1]:81", "http://[::1]:81"),
        ("evil.example", "http://homeroom.local:80"),
        ("127.0.0.1.evil.example", "http://homeroom.local:80"),
        ("127.0.0.1:8000@evil.example", "http://homeroom.local:80"),
    ],
)
def test_links_begin_with_a_host_of_this_machine_or_with_the_bound_address(
    fresh_database_url, host, base
):
    app = create_app(settings_for(fresh_database_url, HOMEROOM_PUBLIC_URL=""))

    answer = app.test_client().get(
        "/v1/nowhere", headers={"Host": host}, environ_overrides={"SERVER_NAME": "homeroom.local"}
    )

    assert answer.json["type"] == f"{base}/problems/not-found"
    app.extensions["homeroom"].database.close()


def test_a_page_of_a_known_origin_sees_every_answer(own_shop):
    shop = own_shop(HOMEROOM_CORS_ORIGINS="https://school.example")

    known, foreign = (
        shop.keeper.get("/v1/nowhere", headers={"Origin": origin})
        for origin in ("https://school.example", "https://elsewhere.example")
    )

    assert known.headers["Access-Control-Allow-Origin"] == "https://school.example"
    assert "Access-Control-Allow-Origin" not in foreign.headers
    assert known.headers["Vary"].endswith(", Origin")
    assert foreign.headers["Vary"].endswith(", Origin")


def test_a_refusal_of_no_family_is_a_fault_of_ours():
    class Strange(Refusal):
        """It belongs nowhere."""

    assert status_of(Strange) == 500


def test_an_id_in_a_path_is_written_as_it_is_read(shop, toy):
    adapter = shop.app.url_map.bind("homeroom.test")
    endpoint, values = adapter.match(toy.removeprefix("https://homeroom.test"))

    assert f"https://homeroom.test{adapter.build(endpoint, values)}" == toy


def test_a_class_is_read_twice_with_the_same_bytes(shop):
    made = shop.keeper.post(f"{shop.school.url}/classes", {"title": "Algebra", "status": "open"})

    first, second = (shop.keeper.get(made.headers["Location"]) for _ in range(2))

    assert (first.data, first.headers["ETag"]) == (second.data, second.headers["ETag"])


class Bare(Resource):
    """A method that no operation describes."""

    def get(self):
        """Never called."""


class Unpermitted(Resource):
    """An operation that no action names."""

    @operation(summary="Look", tag="catalogue")
    def get(self):
        """Never called."""


@pytest.mark.parametrize("resource", [Bare, Unpermitted])
def test_a_route_without_an_operation_or_a_permission_fails_at_start(resource):
    with pytest.raises(UnguardedOperation, match=resource.__name__):
        HomeroomApi().add(resource, "/v1/bare")
