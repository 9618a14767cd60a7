"""Entity tags over HTTP: who has a representation, and who overwrites nothing unseen."""

import json

import pytest

JSON = "application/json"
MERGE = "application/merge-patch+json"
OPERATIONS = "application/json-patch+json"


@pytest.fixture
def toy(shop):
    return shop.made("Bear", size=3, note="n" * 2000).headers["Location"]


@pytest.fixture
def tag(shop, toy):
    return shop.keeper.get(toy).headers["ETag"]


def change(shop, toy, tag, **headers):
    return shop.keeper.patch(toy, {"size": 4}, if_match=tag, headers=headers)


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_has_the_representation_gets_304_with_the_fields_of_the_200(shop, toy, method, form):
    full = shop.keeper.open(method, toy)

    answer = shop.keeper.open(
        method, toy, headers={"If-None-Match": form.format(full.headers["ETag"])}
    )

    assert (answer.status_code, answer.data) == (304, b"")
    assert "Content-Type" not in answer.headers
    for name in ("ETag", "Cache-Control", "Vary"):
        assert answer.headers[name] == full.headers[name]


def test_a_list_is_revalidated_as_an_item_is(shop, toy):
    page = shop.keeper.get(shop.url)
    known = {"If-None-Match": page.headers["ETag"]}

    assert shop.keeper.get(shop.url, headers=known).status_code == 304
    shop.made("Fox")
    assert shop.keeper.get(shop.url, headers=known).status_code == 200


def test_the_tag_of_a_compressed_answer_revalidates_and_admits_a_change(shop, toy, tag):
    zipped = shop.keeper.get(toy, headers={"Accept-Encoding": "gzip"})
    coded = zipped.headers["ETag"]

    assert zipped.headers["Content-Encoding"] == "gzip"
    assert coded == tag[:-1] + ':gzip"'
    for encoding in ("gzip", "identity"):
        known = {"If-None-Match": coded, "Accept-Encoding": encoding}
        assert shop.keeper.get(toy, headers=known).status_code == 304
    assert change(shop, toy, coded).status_code == 200


def test_a_foreign_tag_gets_the_representation(shop, toy):
    answer = shop.keeper.get(toy, headers={"If-None-Match": '"v1-0000000000000000"'})

    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_change_without_if_match_is_refused_and_changes_nothing(shop, toy, tag, method):
    refused = shop.keeper.open(method, toy, json={"name": "Fox"})

    assert (refused.status_code, refused.json["code"]) == (428, "precondition-required")
    assert shop.keeper.get(toy).headers["ETag"] == tag


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_an_old_or_weak_tag_is_stale_and_changes_nothing(shop, toy, tag, method):
    body = None if method == "DELETE" else {"name": "Fox"}
    change(shop, toy, tag)
    present = shop.keeper.get(toy).headers["ETag"]

    old = shop.keeper.open(method, toy, json=body, if_match=tag)
    weak = shop.keeper.open(method, toy, json=body, if_match=f"W/{present}")
    nonsense = shop.keeper.open(method, toy, json=body, if_match="nonsense")

    assert (old.status_code, old.json["version"]) == (412, 2)
    assert (weak.status_code, "weak" in weak.json["detail"]) == (412, True)
    assert (nonsense.status_code, nonsense.json["code"]) == (400, "invalid-header")
    assert shop.keeper.get(toy).headers["ETag"] == present


@pytest.mark.parametrize("form", ["{}", '"v9-0", {}', "*"])
def test_a_change_with_the_present_tag_is_done_and_answers_the_next(shop, toy, tag, form):
    changed = change(shop, toy, form.format(tag))

    assert (changed.status_code, changed.json["version"]) == (200, 2)
    assert changed.headers["ETag"].startswith('"v2-')
    assert shop.keeper.get(toy).headers["ETag"] == changed.headers["ETag"]


def test_a_change_that_changes_nothing_keeps_the_tag(shop, toy, tag):
    changed = shop.keeper.patch(toy, {"name": "Bear"}, if_match=tag)

    assert (changed.status_code, changed.headers["ETag"]) == (200, tag)


def test_a_removal_honours_a_tag_and_needs_none(shop, toy, tag):
    assert shop.keeper.delete(toy, if_match='"v2-0"').status_code == 412
    assert shop.keeper.delete(toy).status_code == 204
    assert shop.keeper.delete(toy).status_code == 404


def test_whoever_wants_only_to_create_is_refused_where_there_is_something(shop, toy):
    new_only = {"If-None-Match": "*"}
    bear, fox = f"{shop.url}/by-name/Bear", f"{shop.url}/by-name/Fox"

    refused = shop.keeper.put(bear, {"size": 9}, headers=new_only)
    made = shop.keeper.put(fox, {"name": "Fox"}, headers=new_only)
    other_tag = shop.keeper.put(bear, {"size": 9}, headers={"If-None-Match": '"x"'})

    assert (refused.status_code, refused.json["code"]) == (412, "stale-version")
    assert made.status_code == 201
    assert other_tag.status_code == 200


def test_whoever_wants_only_to_change_is_refused_where_there_is_nothing(shop):
    refused = shop.keeper.put(f"{shop.url}/by-name/Fox", {"name": "Fox"}, if_match="*")

    assert refused.status_code == 412
    assert shop.names() == []


def test_a_put_replaces_and_lets_what_is_stored_pass(shop, toy, tag):
    seen = shop.keeper.get(toy).json

    replaced = shop.keeper.put(toy, {**seen, "size": 7}, if_match=tag)
    other_birth = {**replaced.json, "created_at": "2020-01-01T00:00:00.000Z"}
    read_only = shop.keeper.put(toy, other_birth, if_match="*")
    bare = shop.keeper.put(toy, {"name": "Bear"}, if_match="*")

    assert (replaced.status_code, replaced.json["size"]) == (200, 7)
    assert read_only.status_code == 422
    faults = [(fault["pointer"], fault["code"]) for fault in read_only.json["errors"]]
    assert faults == [("#/created_at", "read-only")]
    assert (bare.json["size"], bare.json["note"]) == (0, None)


@pytest.mark.parametrize("document", [[], "Bear", None, 3])
def test_a_put_of_no_object_is_refused(shop, toy, document):
    refused = shop.keeper.put(toy, data=json.dumps(document), if_match="*", content_type=JSON)

    assert (refused.status_code, refused.json["code"]) == (422, "validation-failed")


@pytest.mark.parametrize("media_type", [JSON, MERGE])
def test_a_merge_patch_changes_what_it_names_and_clears_with_null(shop, toy, media_type):
    patch = {"note": None, "size": 5}

    changed = shop.keeper.patch(toy, data=json.dumps(patch), if_match="*", content_type=media_type)

    assert changed.status_code == 200
    assert (changed.json["name"], changed.json["size"], changed.json["note"]) == ("Bear", 5, None)


def test_a_json_patch_is_done_whole_or_not_at_all(shop, toy, tag):
    def patched(*operations):
        return shop.keeper.patch(
            toy, data=json.dumps(operations), if_match=tag, content_type=OPERATIONS
        )

    size = {"op": "replace", "path": "/size", "value": 9}
    failed_test = patched(size, {"op": "test", "path": "/name", "value": "Fox"})
    read_only = patched(size, {"op": "replace", "path": "/version", "value": 9})
    missing = patched(size, {"op": "remove", "path": "/colour"})
    no_operation = patched({"op": "paint", "path": "/size"})
    unchanged = shop.keeper.get(toy).headers["ETag"] == tag
    done = patched({"op": "test", "path": "/version", "value": 1}, size)

    assert (failed_test.status_code, failed_test.json["code"]) == (409, "patch-test-failed")
    assert (read_only.status_code, read_only.json["code"]) == (422, "patch-failed")
    assert read_only.json["errors"][0]["pointer"] == "#/1/path"
    assert (missing.status_code, missing.json["code"]) == (422, "patch-failed")
    assert (no_operation.status_code, no_operation.json["code"]) == (400, "malformed-patch")
    assert unchanged
    assert (done.status_code, done.json["size"]) == (200, 9)


def test_a_patch_of_text_is_told_what_would_do(shop, toy):
    refused = shop.keeper.patch(toy, data="size=4", if_match="*", content_type="text/plain")

    assert refused.status_code == 415
    assert refused.headers["Accept-Patch"] == f"{MERGE}, {OPERATIONS}, {JSON}"


def test_a_compressed_body_is_told_that_none_is_taken(shop, toy):
    refused = shop.keeper.patch(
        toy, {"size": 4}, if_match="*", headers={"Content-Encoding": "gzip"}
    )

    assert (refused.status_code, refused.headers["Accept-Encoding"]) == (415, "identity")
