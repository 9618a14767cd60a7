import json

import pytest

from api.http.negotiation import JSON_PATCH, MERGE_PATCH


def faults(answer):
    return [(fault["parameter"], fault["code"]) for fault in answer.json["errors"]]


def patched(school, document, media_type=JSON_PATCH):
    return school.owner.patch(
        school.url, data=json.dumps(document), content_type=media_type, if_match="*"
    )


@pytest.mark.parametrize("path", ["", "/terms"])
@pytest.mark.parametrize("query", ["limt=5", "page=2"])
def test_an_unknown_parameter_is_refused_also_where_there_are_none(school, path, query):
    refused = school.owner.get(f"{school.url}{path}?{query}")

    assert (refused.status_code, refused.json["code"]) == (400, "unknown-parameter")
    assert faults(refused) == [(query.partition("=")[0], "unknown-parameter")]
    assert isinstance(refused.json["allowed"], list)


@pytest.mark.parametrize(
    "query", ["name=%ff", "name=a&limit=%C3%28", b"name=\xff".decode("latin-1")]
)
def test_a_query_that_is_no_utf_8_is_refused(school, query):
    # The test client would encode the path anew, so the query goes in as WSGI brings it.
    refused = school.owner.get(f"{school.url}/terms", environ_overrides={"QUERY_STRING": query})

    assert (refused.status_code, refused.json["code"]) == (400, "invalid-parameter")


def test_a_parameter_given_twice_is_refused(school):
    refused = school.owner.get(f"{school.url}/terms?limit=1&limit=2")

    assert (refused.status_code, faults(refused)) == (400, [("limit", "bad-format")])


def test_a_json_patch_may_test_what_it_cannot_change(school):
    version = school.owner.get(school.url).json["version"]

    changed = patched(
        school,
        [
            {"op": "test", "path": "/version", "value": version},
            {"op": "replace", "path": "/name", "value": "Renamed"},
        ],
    )

    assert (changed.status_code, changed.json["name"]) == (200, "Renamed")
    assert changed.json["version"] == version + 1


def test_a_json_patch_of_a_read_only_member_fails_at_its_operation(school):
    refused = patched(school, [{"op": "add", "path": "/version", "value": 9}])

    assert (refused.status_code, refused.json["code"]) == (422, "patch-failed")
    assert refused.json["errors"][0]["pointer"] == "#/0/path"
    assert refused.json["errors"][0]["code"] == "read-only"


def test_a_json_patch_is_refused_for_all_its_faults_at_once(school):
    before = school.owner.get(school.url)

    refused = patched(
        school,
        [
            {"op": "add", "path": "/version", "value": 9},
            {"op": "replace", "path": "/name", "value": ""},
            {"op": "replace", "path": "/min_gap_minutes", "value": 241},
            {"op": "remove", "path": "/created_at"},
        ],
    )

    assert (refused.status_code, refused.json["code"]) == (422, "patch-failed")
    assert {(fault["pointer"], fault["code"]) for fault in refused.json["errors"]} == {
        ("#/0/path", "read-only"),
        ("#/3/path", "read-only"),
        ("#/name", "too-short"),
        ("#/min_gap_minutes", "out-of-range"),
    }
    assert school.owner.get(school.url).data == before.data


def test_a_merge_patch_is_refused_for_all_its_faults_at_once(school):
    before = school.owner.get(school.url)

    refused = patched(
        school,
        {"version": 9, "name": "", "no_such": 1, "created_at": None, "id": before.json["id"]},
        MERGE_PATCH,
    )

    assert (refused.status_code, refused.json["code"]) == (422, "validation-failed")
    assert {(fault["pointer"], fault["code"]) for fault in refused.json["errors"]} == {
        ("#/version", "read-only"),
        ("#/created_at", "read-only"),
        ("#/name", "too-short"),
        ("#/no_such", "unknown-member"),
    }
    assert refused.json["detail"] == "4 members are invalid."
    assert school.owner.get(school.url).data == before.data


def test_a_merge_patch_clears_nothing_that_there_is_not(school):
    before = school.owner.get(school.url)

    refused = patched(school, {"max_waitlist_per_term": None, "_links": None}, MERGE_PATCH)

    assert (refused.status_code, refused.json["code"]) == (422, "validation-failed")
    assert [(fault["pointer"], fault["code"]) for fault in refused.json["errors"]] == [
        ("#/max_waitlist_per_term", "unknown-member")
    ]
    assert school.owner.get(school.url).data == before.data


def test_a_failed_test_is_a_conflict_and_changes_nothing(school):
    before = school.owner.get(school.url)

    refused = patched(
        school,
        [
            {"op": "replace", "path": "/name", "value": "Renamed"},
            {"op": "test", "path": "/name", "value": "Another"},
        ],
    )

    assert (refused.status_code, refused.json["code"]) == (409, "patch-test-failed")
    assert school.owner.get(school.url).data == before.data


def test_a_merge_patch_may_bring_the_whole_representation_back(school):
    seen = school.owner.get(school.url)

    same = patched(school, seen.json, MERGE_PATCH)
    refused = patched(school, {**seen.json, "version": 9}, MERGE_PATCH)

    assert (same.status_code, same.headers["ETag"]) == (200, seen.headers["ETag"])
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "#/version")
    assert refused.json["errors"][0]["code"] == "read-only"


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_not_modified_repeats_the_header_fields_of_the_answer(school, coding):
    for name in ("One", "Two", "Three"):
        term = {"name": name, "starts_on": "2026-10-01", "ends_on": "2027-01-31"}
        school.owner.post(f"{school.url}/terms", term)
    accept = {"Accept-Encoding": coding}
    seen = school.owner.get(f"{school.url}/terms", headers=accept)
    tag = seen.headers["ETag"]

    same = school.owner.get(f"{school.url}/terms", headers={**accept, "If-None-Match": tag})

    assert seen.headers.get("Content-Encoding", "identity") == coding
    assert (":gzip" in tag) == (coding == "gzip")
    assert (same.status_code, same.data) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary"):
        assert same.headers[name] == seen.headers[name]
