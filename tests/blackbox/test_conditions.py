from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.blackbox.test_methods_and_types import a_problem

CROWD = 20
NEW = {"name": "Autumn", "starts_on": "2027-10-01", "ends_on": "2028-01-31"}


@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', "*"])
def test_check_11_who_has_it_gets_304_with_the_fields_of_the_200(world, term, form):
    for url in (term[0], f"{world.url}/terms?limit=1", world.url, "/v1", "/openapi.json"):
        full = world.owner.get(url)

        known = {"If-None-Match": form.format(full.headers["ETag"])}
        answers = [world.owner.open(method, url, headers=known) for method in ("GET", "HEAD")]

        for answer in answers:
            assert (answer.status_code, answer.content) == (304, b"")
            for name in ("ETag", "Cache-Control", "Vary"):
                assert answer.headers[name] == full.headers[name]


def test_check_12_nobody_else_gets_304(world, term):
    known = {"If-None-Match": term[1]}

    foreign = world.owner.get(term[0], headers={"If-None-Match": '"v1-0000000000000000"'})
    unknown = world.owner.get(
        "/v1/terms/trm_00000000000000000000000000", headers={"If-None-Match": "*"}
    )

    assert foreign.status_code == 200
    assert unknown.status_code == 404
    assert world.nobody.get(term[0], headers=known).status_code == 401
    assert world.stranger.get(term[0], headers=known).status_code == 404


def test_check_13_a_patch_without_if_match_changes_nothing(world, term):
    refused = world.owner.open("PATCH", term[0], json={"name": "Other"})

    assert a_problem(refused, 428, "precondition-required")
    assert world.owner.get(term[0]).headers["ETag"] == term[1]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_check_14_an_old_a_weak_and_a_malformed_tag_change_nothing(world, term, method):
    url, old = term
    world.owner.open("PATCH", url, json={"name": "Changed"}, if_match=old)
    seen = world.owner.get(url)
    body = None if method == "DELETE" else {**NEW, "name": "Other"}

    stale, weak, garbage = (
        world.owner.open(method, url, json=body, if_match=tag)
        for tag in (old, f"W/{seen.headers['ETag']}", "garbage")
    )

    assert a_problem(stale, 412, "stale-version")
    assert a_problem(weak, 412, "stale-version")
    assert a_problem(garbage, 400, "invalid-header")
    assert world.owner.get(url).headers["ETag"] == seen.headers["ETag"]


def test_check_15_of_twenty_patches_with_one_tag_one_is_done(world, term):
    url, tag = term

    def patch(number):
        return world.owner.open("PATCH", url, json={"name": f"Name {number}"}, if_match=tag)

    with ThreadPoolExecutor(CROWD) as crowd:
        answers = list(crowd.map(patch, range(CROWD)))

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * (CROWD - 1)
    won = next(answer for answer in answers if answer.status_code == 200)
    assert world.owner.get(url).json()["name"] == won.json()["name"]


def test_check_16_a_tag_of_a_compressed_answer_admits_a_plain_patch(world):
    made = world.a_class(description="n" * 2000)
    item = made.headers["Location"]
    zipped = world.owner.get(item, headers={"Accept-Encoding": "gzip"})

    changed = world.owner.open(
        "PATCH", item, json={"title": "Plain"}, if_match=zipped.headers["ETag"]
    )

    assert zipped.headers["Content-Encoding"] == "gzip"
    assert ":gzip" in zipped.headers["ETag"]
    assert (changed.status_code, changed.json()["title"]) == (200, "Plain")


@pytest.mark.parametrize("accepted", ["gzip", "gzip;q=0.5, identity", "*", "gzip, br, deflate"])
@pytest.mark.parametrize("is_large", [False, True])
def test_check_16_whatever_coding_is_taken_the_tag_admits_a_change(world, accepted, is_large):
    made, name = (
        (world.a_class(description="n" * 2000), "title") if is_large else (world.a_term(), "name")
    )
    item = made.headers["Location"]
    read = world.owner.get(item, headers={"Accept-Encoding": accepted})

    changed = world.owner.open("PATCH", item, json={name: "New"}, if_match=read.headers["ETag"])

    assert (len(made.content) > 1024) == is_large
    assert not read.headers["ETag"].startswith("W/")
    assert (changed.status_code, changed.json()[name]) == (200, "New")


def test_check_16_the_tag_of_an_answer_without_content_admits_a_change(world):
    little = {"Prefer": "return=minimal", "Accept-Encoding": "gzip"}

    made = world.owner.post(f"{world.url}/terms", NEW, headers=little)
    tag = made.headers["ETag"]
    changed = world.owner.open("PATCH", made.headers["Location"], json={"name": "X"}, if_match=tag)

    assert (made.status_code, made.content) == (201, b"")
    assert (changed.status_code, changed.json()["name"]) == (200, "X")
    assert "Content-Encoding" not in made.headers
    assert not tag.startswith("W/")


def test_check_17_a_stale_tag_is_told_before_a_wrong_body_and_a_missing_token_first(world, term):
    stale = '"v9-0000000000000000"'

    wrong = world.owner.open("PATCH", term[0], json={"name": 3}, if_match=stale)
    nobody = world.nobody.open("PATCH", term[0], json={"name": 3}, if_match=stale)

    assert a_problem(wrong, 412, "stale-version")
    assert a_problem(nobody, 401, "authentication-required")


def test_check_24_one_key_has_one_effect(world):
    url = f"{world.url}/terms"
    new = {**NEW, "name": "Keyed"}

    def terms():
        return world.owner.get(f"{url}?name=Keyed&count=true").json()["total"]

    before = terms()
    first, again = (world.owner.post(url, new, key="once") for _ in range(2))
    with ThreadPoolExecutor(CROWD) as crowd:
        answers = list(crowd.map(lambda _: world.owner.post(url, new, key="crowd"), range(CROWD)))
    other = world.owner.post(url, {**new, "name": "Other"}, key="once")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    for name in ("Location", "ETag"):
        assert again.headers[name] == first.headers[name]
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (201, answers[0].content)
    }
    assert a_problem(other, 422, "idempotency-key-reused")
    assert terms() == before + 2


def test_check_25_a_key_of_another_user_is_another_key(world):
    url = f"{world.url}/terms"
    new = {**NEW, "name": "Shared"}

    owners = world.owner.post(url, new, key="shared")
    registrars = world.people["registrar"].post(url, new, key="shared")

    assert (owners.status_code, registrars.status_code) == (201, 201)
    assert owners.json()["id"] != registrars.json()["id"]
