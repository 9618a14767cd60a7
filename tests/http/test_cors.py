from api.http.cors import EXPOSED, Cors

SCHOOL = "https://school.example"
CORS = Cors.of([SCHOOL + "/", "http://localhost:5173"])


def test_an_allowed_origin_is_reflected_without_credentials():
    headers = CORS.headers(SCHOOL)

    assert headers["Access-Control-Allow-Origin"] == SCHOOL
    assert headers["Access-Control-Expose-Headers"].split(", ") == list(EXPOSED)
    assert "Access-Control-Allow-Credentials" not in headers


def test_foreign_and_absent_origins_get_nothing():
    assert CORS.headers(None) == {}
    assert CORS.headers("https://school.example.evil.example") == {}
    assert CORS.headers("http://school.example") == {}
    assert CORS.headers("null") == {}
    assert Cors.of(["*"]).headers("null") == {}


def test_an_asterisk_allows_every_origin():
    headers = Cors.of(["*"]).headers("https://any.example")

    assert headers["Access-Control-Allow-Origin"] == "https://any.example"


def test_answers_vary_by_origin_only_when_some_origin_is_allowed():
    assert CORS.varies
    assert not Cors.of([]).varies
    assert not Cors.of([""]).varies


def test_a_preflight_says_what_may_be_sent():
    headers = CORS.preflight(SCHOOL, "PATCH", ["GET", "PATCH"])

    assert headers is not None
    assert headers["Access-Control-Allow-Origin"] == SCHOOL
    assert headers["Access-Control-Allow-Methods"] == "GET, PATCH"
    assert "If-Match" in headers["Access-Control-Allow-Headers"].split(", ")
    assert headers["Access-Control-Max-Age"] == "600"


def test_a_preflight_of_a_foreign_origin_gets_nothing():
    assert CORS.preflight("https://evil.example", "PATCH", ["GET", "PATCH"]) == {}


def test_an_ordinary_options_is_no_preflight():
    assert CORS.preflight(None, "PATCH", ["GET"]) is None
    assert CORS.preflight(SCHOOL, None, ["GET"]) is None
