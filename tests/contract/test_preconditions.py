"""What a change is done under: `If-Match` wherever there is a version, `If-None-Match` to make."""

import pytest

UNVERSIONED = {"delete_token", "delete_current_token", "delete_invitation", "delete_job"}
CHANGES = {"PATCH", "PUT", "DELETE"}
UPSERTS = {
    "students": ({"given_name": "Ada", "family_name": "Alder"}, {"family_name": "Ash"}),
    "terms": (
        {"name": "Spring", "starts_on": "2027-03-01", "ends_on": "2027-06-30"},
        {"name": "Spring term"},
    ),
    "courses": ({"code": "POT 130", "title": "Pottery"}, {"title": "Clay"}),
    "classes": ({"title": "Pottery"}, {"title": "Clay"}),
}
NEW_ONLY = {"If-None-Match": "*"}


def test_every_change_of_something_with_a_version_takes_if_match(targets, document):
    without = {
        name
        for name, target in targets.items()
        if target.method in CHANGES and target.served.conditional is None
    }
    told = {
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if "`If-Match` is ignored" in operation["description"]
    }

    assert without == told == UNVERSIONED


@pytest.mark.parametrize("noun", UPSERTS)
def test_whoever_wants_only_to_make_it_is_refused_where_it_is(school, noun):
    new, change = UPSERTS[noun]
    url = f"{school.url}/{noun}/by-external-id/elsewhere-1"

    made = school.owner.put(url, new, headers=NEW_ONLY)
    refused = school.owner.put(url, change, headers=NEW_ONLY)
    seen = school.owner.get(url)
    changed = school.owner.put(url, change, headers={"If-None-Match": '"v1-0"'})

    assert made.status_code == 201
    assert (refused.status_code, refused.json["code"]) == (412, "stale-version")
    assert (refused.json["version"], refused.headers["ETag"]) == (1, '"v1"')
    assert seen.headers["ETag"] == made.headers["ETag"]
    assert (changed.status_code, changed.json["version"]) == (200, 2)


def test_every_upsert_tells_of_if_none_match_after_what_it_took_before(document):
    upserts = {
        operation["operationId"]: [p.get("$ref", "") for p in operation["parameters"]]
        for methods in document["paths"].values()
        for operation in methods.values()
        if operation["operationId"].startswith("upsert_")
    }

    assert len(upserts) == len(UPSERTS)
    for parameters in upserts.values():
        assert parameters[-1] == "#/components/parameters/IfNoneMatchOfUpsert"


def test_a_stale_version_is_told_the_present_one_which_if_match_takes(school):
    def renamed(tag):
        return school.owner.patch(school.url, {"name": f"By {tag}"}, if_match=tag)

    first = school.owner.get(school.url).headers["ETag"]
    renamed(first)
    stale = renamed(first)
    present = stale.headers["ETag"]
    read = school.owner.get(school.url, headers={"If-None-Match": present})

    assert (stale.status_code, present) == (412, f'"v{stale.json["version"]}"')
    assert (read.status_code, read.headers["ETag"].startswith(present[:-1])) == (200, True)
    assert renamed(present).status_code == 200


def test_where_there_is_nothing_there_is_no_version_to_tell(school):
    url = f"{school.url}/terms/by-external-id/nowhere"

    refused = school.owner.put(url, UPSERTS["terms"][0], if_match="*")

    assert refused.status_code == 412
    assert "ETag" not in refused.headers


def test_an_account_is_deleted_only_as_it_was_seen(school):
    person = school.another()
    url = person.get("/v1/me").json["_links"]["user"]["href"]
    seen = person.get(url).headers["ETag"]
    person.patch(url, {"display_name": "Another"}, if_match=seen)

    stale = person.delete(url, if_match=seen)
    still = person.get(url)
    done = person.delete(url, if_match=still.headers["ETag"])

    assert (stale.status_code, stale.headers["ETag"]) == (412, '"v2"')
    assert (still.status_code, still.json["display_name"]) == (200, "Another")
    assert (done.status_code, person.get(url).status_code) == (204, 401)
