"""Requests with two faults that stand next to each other in the order: the earlier answers."""

import pytest

from api.authz.scopes import Scope
from api.http.requests import BODY_BYTES, HEADER_BYTES, URL_BYTES
from tests.apps import Client, a_school, a_token

LONG = {"q": "x" * URL_BYTES}
HUGE = b" " * (BODY_BYTES + 1)
PICTURE = {"Accept": "image/png"}
TEXT = {"Content-Type": "text/plain"}
JSON = {"Content-Type": "application/json"}
BAD_HEADER = {"Idempotency-Key": '"'}
NEW = {"name": "Bear"}
UNKNOWN = "toy_00000000000000000000000000"


@pytest.fixture
def reader(shop):
    """A member whose token may read and not write."""
    with shop.database.write() as tx:
        token = a_token(tx, shop.keeper.member.user_id, scopes=[Scope.CATALOGUE_READ])
    return Client(shop.app.test_client(), token)


@pytest.fixture
def nobody(shop):
    return Client(shop.app.test_client())


@pytest.fixture
def stranger(shop):
    return a_school(shop.app).owner


@pytest.fixture
def toy(shop):
    """The URL of a toy, next to one whose name is taken."""
    shop.made("Taken")
    return shop.made("Bear").headers["Location"]


def refused(answer):
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == answer.status_code
    return answer.status_code, answer.json["code"]


def test_an_unknown_route_before_an_unknown_method(nobody):
    assert refused(nobody.open("FOO", "/v1/nowhere")) == (404, "not-found")


def test_a_method_that_is_not_served_before_any_size(shop, nobody):
    answer = nobody.put(shop.url, query_string=LONG, data=HUGE)

    assert refused(answer) == (405, "method-not-allowed")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"data": HUGE}, (413, "body-too-large")),
        ({"query_string": LONG}, (414, "uri-too-long")),
        ({"headers": {"X-Long": "x" * HEADER_BYTES}}, (431, "headers-too-large")),
    ],
)
def test_a_size_before_the_missing_token(shop, nobody, fault, code):
    assert refused(nobody.open("POST", shop.url, **fault)) == code


def test_a_missing_token_before_the_scope(shop, nobody):
    assert refused(nobody.post(shop.url, NEW)) == (401, "authentication-required")


def test_the_scope_before_what_is_acceptable(shop, reader):
    answer = reader.post(shop.url, NEW, headers=PICTURE)

    assert refused(answer) == (403, "insufficient-scope")
    assert 'scope="catalogue:write"' in answer.headers["WWW-Authenticate"]


def test_what_is_acceptable_before_the_media_type_of_the_body(shop):
    answer = shop.keeper.open("POST", shop.url, data="x", headers=PICTURE | TEXT)

    assert refused(answer) == (406, "not-acceptable")
    assert answer.json["available"] == ["application/json", "application/problem+json"]


def test_the_media_type_of_the_body_before_a_malformed_header(shop):
    answer = shop.keeper.open("POST", shop.url, data="x", headers=TEXT | BAD_HEADER)

    assert refused(answer) == (415, "unsupported-media-type")
    assert answer.headers["Accept"] == "application/json"


@pytest.mark.parametrize("name", ["Idempotency-Key", "If-Match", "If-None-Match"])
def test_a_malformed_header_before_an_unknown_parameter(shop, name):
    answer = shop.keeper.post(shop.url, NEW, headers={name: '"'}, query_string="x=1")

    assert refused(answer) == (400, "invalid-header")
    assert answer.json["errors"][0]["header"] == name


def test_an_unknown_parameter_before_malformed_json(shop):
    answer = shop.keeper.open("POST", shop.url, data="{", headers=JSON, query_string="x=1")

    assert refused(answer) == (400, "unknown-parameter")


def test_malformed_json_before_a_key_that_was_used(shop):
    shop.keeper.post(shop.url, NEW, key="k")

    answer = shop.keeper.open("POST", shop.url, data="{", headers=JSON, key="k")

    assert refused(answer) == (400, "malformed-json")


def test_a_key_that_was_used_before_what_the_body_says(shop):
    shop.keeper.post(shop.url, NEW, key="k")

    answer = shop.keeper.post(shop.url, {"name": 3}, key="k")

    assert refused(answer) == (422, "idempotency-key-reused")


def test_a_replay_before_a_permission_that_was_lost(shop):
    first = shop.keeper.post(shop.url, NEW, key="k")
    shop.toys.meanwhile = None  # whatever runs again fails

    again = shop.keeper.post(shop.url, NEW, key="k")

    assert (again.status_code, again.data) == (201, first.data)


def test_what_a_new_body_says_before_who_may(shop, stranger):
    assert refused(stranger.post(shop.url, {"name": 3})) == (422, "validation-failed")
    assert refused(shop.school.student.post(shop.url, {"name": 3})) == (422, "validation-failed")


def test_who_may_before_what_the_body_names(shop, stranger):
    new = {"name": "Bear", "friend_id": UNKNOWN}

    assert refused(stranger.post(shop.url, new)) == (404, "not-found")
    assert refused(shop.school.student.post(shop.url, new)) == (403, "forbidden")


def test_what_the_body_names_before_a_conflict(shop, toy):
    answer = shop.keeper.post(shop.url, {"name": "Taken", "friend_id": UNKNOWN})

    assert refused(answer) == (422, "validation-failed")
    assert answer.json["errors"][0]["code"] == "not-found"


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_who_may_see_and_change_before_the_missing_precondition(shop, toy, stranger, method):
    assert refused(stranger.open(method, toy, json=NEW)) == (404, "not-found")
    assert refused(shop.school.student.open(method, toy, json=NEW)) == (403, "forbidden")
    unknown = f"/v1/toys/{UNKNOWN}"
    assert refused(shop.keeper.open(method, unknown, json=NEW)) == (404, "not-found")


def test_who_may_remove_before_the_stale_version(shop, toy, stranger):
    assert refused(stranger.delete(toy, if_match='"v9-0"')) == (404, "not-found")
    assert refused(shop.keeper.delete(toy, if_match='"v9-0"')) == (412, "stale-version")


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_the_precondition_before_what_a_changed_body_says(shop, toy, method):
    wrong = {"name": 3}

    missing = shop.keeper.open(method, toy, json=wrong)
    stale = shop.keeper.open(method, toy, json=wrong, if_match='"v9-0"')

    assert refused(missing) == (428, "precondition-required")
    assert refused(stale) == (412, "stale-version")


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_what_a_changed_body_says_before_a_conflict(shop, toy, method):
    both = shop.keeper.open(method, toy, json={"name": "Taken", "size": -1}, if_match="*")
    one = shop.keeper.open(method, toy, json={"name": "Taken"}, if_match="*")

    assert refused(both) == (422, "validation-failed")
    assert refused(one) == (409, "duplicate-name")


def test_malformed_patches_before_the_resource_and_its_precondition(shop):
    answer = shop.keeper.patch(f"/v1/toys/{UNKNOWN}", ["no operation"])

    assert refused(answer) == (400, "malformed-patch")
