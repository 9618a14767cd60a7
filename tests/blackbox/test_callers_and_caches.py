import base64
import gzip

import pytest

from tests.blackbox.test_methods_and_types import a_problem


@pytest.mark.parametrize(
    ("authorization", "challenge"),
    [
        (None, 'Bearer realm="homeroom"'),
        ("Bearer junk", 'Bearer realm="homeroom", error="invalid_token"'),
        ("Basic " + base64.b64encode(b"ann:secret").decode(), 'Bearer realm="homeroom"'),
    ],
)
def test_check_35_who_is_not_known_is_challenged(world, authorization, challenge):
    headers = {} if authorization is None else {"Authorization": authorization}

    refused = world.nobody.get("/v1/me", headers=headers)

    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == challenge
    assert refused.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["access_token", "token", "ticket"])
def test_check_35_a_token_in_the_query_opens_nothing(world, name):
    refused = world.nobody.get(f"/v1/me?{name}={world.owner.token}")

    assert a_problem(refused, 401, "authentication-required")
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="homeroom"'


def test_check_36_what_one_may_see_is_kept_for_nobody_else(world, term):
    """Neither by what is said of it, nor by a cache that stands between here and there."""
    for url in (term[0], world.url, "/v1/me", f"{world.url}/terms?limit=1"):
        for _ in range(2):
            owners, students = world.owner.get(url), world.student.get(url)
            for answer in (owners, students):
                assert answer.status_code == 200
                assert answer.headers["Cache-Control"].startswith("private")
                assert "Authorization" in answer.headers["Vary"].split(", ")
                assert int(answer.headers.get("Age", "0")) == 0
            assert owners.json()["_links"] != students.json()["_links"]
            assert owners.headers["ETag"] != students.headers["ETag"]
        assert a_problem(world.nobody.get(url), 401, "authentication-required")


def test_check_37_a_body_is_coded_for_who_takes_the_code(world):
    url = world.a_class(description="n" * 2000).headers["Location"]
    token = f"Authorization: Bearer {world.owner.token}"
    path = url.removeprefix(world.base)

    plain, zipped, no_brotli = (
        world.raw(f"GET {path} HTTP/1.1", token, f"Accept-Encoding: {encoding}")
        for encoding in ("identity", "gzip", "br;q=0")
    )

    assert zipped.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in no_brotli.headers
    for answer in (plain, zipped, no_brotli):
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert not answer.headers["ETag"].startswith("W/")
    assert zipped.headers["ETag"] not in {plain.headers["ETag"], no_brotli.headers["ETag"]}
    length = int(zipped.headers["Content-Length"])
    headed = world.owner.open("HEAD", url, headers={"Accept-Encoding": "gzip"})
    assert int(headed.headers["Content-Length"]) == length < int(plain.headers["Content-Length"])
    assert gzip.decompress(zipped.extensions["raw"]) == plain.content
