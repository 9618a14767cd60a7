"""How much one caller may ask, in the memory of a process and on a Redis that many share."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.errors import Unavailable
from api.server import listen
from tests.apps import Client, a_token
from tests.toys import open_shop

LIMIT = 4
STATE = re.compile(r'"([a-z]+)";r=(\d+);t=(\d+)')
WHERE = ["memory", pytest.param("redis", marks=pytest.mark.redis)]


@pytest.fixture(scope="module", params=WHERE)
def limited_app(request, database_url):
    """Toys under a limit of four requests a minute by user."""
    settings = {"HOMEROOM_RATE_LIMIT": f"{LIMIT}/minute"}
    if request.param == "redis":
        settings["HOMEROOM_REDIS_URL"] = request.getfixturevalue("redis_url")
    shop = open_shop(database_url, **settings)
    yield shop
    shop.app.extensions["homeroom"].edge.limits.storage.reset()
    shop.database.close()


@pytest.fixture
def person(limited_app):
    """Somebody who has asked nothing yet."""
    return limited_app.school.another()


def state(answer):
    name, left, seconds = STATE.fullmatch(answer.headers["RateLimit"]).groups()
    assert name == "default"
    return int(left), int(seconds)


def spend(person, url, times=LIMIT):
    return [person.get(url) for _ in range(times)]


def test_every_answer_tells_policy_and_state_and_the_one_too_many_when_to_come_back(
    limited_app, person
):
    answers = spend(person, limited_app.url)
    refused = person.get(limited_app.url)

    assert [answer.status_code for answer in answers] == [200] * LIMIT
    assert [state(answer)[0] for answer in answers] == [3, 2, 1, 0]
    assert all(a.headers["RateLimit-Policy"] == '"default";q=4;w=60' for a in [*answers, refused])
    assert (refused.status_code, refused.json["code"]) == (429, "rate-limited")
    assert refused.json["violated_policies"] == ["default"]
    left, seconds = state(refused)
    assert left == 0
    assert 0 < seconds <= int(refused.headers["Retry-After"]) <= 60


def test_what_is_left_never_rises_within_a_burst(limited_app, person):
    with ThreadPoolExecutor(LIMIT) as crowd:
        clients = [Client(limited_app.app.test_client(), person.token) for _ in range(2 * LIMIT)]
        answers = list(crowd.map(lambda client: client.get(limited_app.url), clients))

    assert sorted(answer.status_code for answer in answers) == [200] * LIMIT + [429] * LIMIT


def test_what_was_not_modified_costs_nothing(limited_app, person):
    etag = person.get(limited_app.url).headers["ETag"]
    known = {"If-None-Match": etag}

    revalidated = [person.get(limited_app.url, headers=known) for _ in range(2 * LIMIT)]
    changed = person.get(limited_app.url, headers={"If-None-Match": '"v0-0"'})
    following = person.get(limited_app.url)

    assert {answer.status_code for answer in revalidated} == {304}
    assert {state(answer)[0] for answer in revalidated} == {3}
    assert changed.status_code == 200
    assert state(following)[0] == 1


def test_a_revalidation_is_refused_too_when_nothing_is_left(limited_app, person):
    etag = spend(person, limited_app.url)[0].headers["ETag"]

    refused = person.get(limited_app.url, headers={"If-None-Match": etag})

    assert refused.status_code == 429


def test_a_limit_is_of_a_user_and_not_of_a_token(limited_app, person):
    with limited_app.database.write() as tx:
        second = Client(limited_app.app.test_client(), a_token(tx, person.member.user_id))

    spend(person, limited_app.url)

    assert second.get(limited_app.url).status_code == 429
    assert limited_app.school.another().get(limited_app.url).status_code == 200


def test_refused_requests_of_any_kind_are_counted_unless_nobody_asked_them(limited_app, person):
    person.post(limited_app.url, {"name": 3})
    person.get(f"{limited_app.url}?x=1")
    person.put(limited_app.url)
    person.get("/v1/nowhere")
    person.open("OPTIONS", limited_app.url)

    assert state(person.get(limited_app.url))[0] == 1


def test_a_bad_token_is_told_before_any_limit_and_a_limit_before_any_scope(limited_app, person):
    with limited_app.database.write() as tx:
        token = a_token(tx, person.member.user_id, scopes=[])
    without_scope = Client(limited_app.app.test_client(), token)
    first = without_scope.get(limited_app.url)
    spend(person, limited_app.url)

    assert (first.status_code, first.json["code"]) == (403, "insufficient-scope")
    assert without_scope.get(limited_app.url).json["code"] == "rate-limited"
    assert Client(limited_app.app.test_client(), "junk").get(limited_app.url).status_code == 401


def test_logins_are_limited_by_address_also_where_nothing_else_is(own_shop):
    shop = own_shop(HOMEROOM_RATE_LIMIT="off")
    nobody = Client(shop.app.test_client())

    def look(address):
        return nobody.get("/v1/public-toys", environ_overrides={"REMOTE_ADDR": address})

    answers = [look("192.0.2.1").status_code for _ in range(101)]

    assert answers == [204] * 100 + [429]
    assert look("192.0.2.2").status_code == 204
    assert "RateLimit" not in shop.keeper.get(shop.url).headers


def tried(shop, times):
    """The answers to passwords for one account that are guessed, each from another address."""
    nobody = Client(shop.app.test_client())
    return [
        nobody.post(
            "/v1/tokens",
            {"username": "nobody-here", "password": f"guess {number}"},
            environ_overrides={"REMOTE_ADDR": f"192.0.2.{number}"},
        )
        for number in range(times)
    ]


def test_one_account_is_tried_ten_times_in_five_minutes_from_wherever(own_shop):
    answers = tried(own_shop(), 11)

    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert answers[-1].json["violated_policies"] == ["account"]


@pytest.mark.redis
def test_a_process_with_its_redis_is_ready(own_shop, redis_url):
    shop = own_shop(HOMEROOM_REDIS_URL=redis_url)

    assert shop.keeper.get("/readyz").json["checks"]["redis"] == "ok"


def test_a_share_of_the_limit_is_for_each_process_that_has_no_redis(own_shop):
    shop = own_shop(HOMEROOM_RATE_LIMIT="8/minute", HOMEROOM_WORKERS="4")

    assert shop.keeper.get(shop.url).headers["RateLimit-Policy"] == '"default";q=2;w=60'


@pytest.mark.parametrize(("workers", "tries"), [("1", 10), ("2", 5), ("16", 3)])
def test_an_account_can_be_tried_a_few_times_at_any_process(own_shop, workers, tries):
    shop = own_shop(HOMEROOM_WORKERS=workers)

    answers = tried(shop, tries + 1)

    assert [answer.status_code for answer in answers] == [401] * tries + [429]


@pytest.fixture
def without_redis(own_shop, tmp_path):
    """A shop that was told of a Redis that is not there."""
    return own_shop(HOMEROOM_RATE_LIMIT="4/minute", HOMEROOM_REDIS_URL=f"unix://{tmp_path}/nobody")


def test_readers_go_on_without_redis(without_redis):
    shop = without_redis
    etag = shop.keeper.get(shop.url).headers["ETag"]

    answers = spend(shop.keeper, shop.url, 2 * LIMIT)
    revalidated = shop.keeper.get(shop.url, headers={"If-None-Match": etag})
    changed = shop.keeper.get(shop.url, headers={"If-None-Match": '"v0-0"'})

    assert {answer.status_code for answer in answers} == {200}
    assert "RateLimit" not in answers[0].headers
    assert (revalidated.status_code, changed.status_code) == (304, 200)


def test_nobody_logs_in_without_redis(without_redis):
    nobody = Client(without_redis.app.test_client())

    refused = nobody.get("/v1/public-toys")

    assert (refused.status_code, refused.json["code"]) == (503, "upstream-unavailable")
    assert refused.headers["Retry-After"] == "1"


def test_no_account_is_tried_when_redis_goes_away_meanwhile(without_redis):
    limits = without_redis.app.extensions["homeroom"].edge.limits

    with pytest.raises(Unavailable):
        limits.spend_login("somebody")


def test_a_redis_that_is_silent_holds_nobody_up_for_long(own_shop):
    with listen("127.0.0.1", 0) as silent:
        silent.listen()
        port = silent.getsockname()[1]
        shop = own_shop(
            HOMEROOM_RATE_LIMIT="4/minute", HOMEROOM_REDIS_URL=f"redis://127.0.0.1:{port}"
        )
        # The document, by which answers are checked, is made for the first of them.
        shop.keeper.get("/")
        began = time.perf_counter()
        answer = shop.keeper.get(shop.url)
        took = time.perf_counter() - began

    assert answer.status_code == 200
    assert took < 2
