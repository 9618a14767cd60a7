from api.models import Role
from tests.apps import a_school


def test_whoever_makes_an_organization_owns_it(school):
    person = school.student
    new = {"name": "Night School", "slug": f"night-{school.id[-8:]}", "timezone": "Europe/Paris"}

    made = person.post("/v1/organizations", new)

    assert made.status_code == 201
    assert made.headers["Location"] == made.json["_links"]["self"]["href"]
    seen = person.get(made.headers["Location"])
    assert (seen.data, seen.headers["ETag"]) == (made.data, made.headers["ETag"])
    mine = [m for m in person.get("/v1/me").json["memberships"] if m["role"] == "owner"]
    assert [m["organization_id"] for m in mine] == [made.json["id"]]


def test_a_taken_slug_is_refused_with_a_pointer_and_makes_nothing(school):
    new = {"name": "Another", "slug": school.row.slug, "timezone": "UTC"}

    refused = school.owner.post("/v1/organizations", new)

    assert refused.status_code == 409
    assert refused.json["code"] == "duplicate-name"
    assert refused.json["pointer"] == "#/slug"
    assert len(school.owner.get("/v1/organizations").json["items"]) == 1


def test_only_an_owner_edits_and_the_others_are_told_so_before_they_try(school):
    for person in (school.registrar, school.instructor, school.student):
        seen = person.get(school.url)
        refused = person.patch(school.url, {"name": "Mine"}, if_match=seen.headers["ETag"])

        assert seen.json["_blocked"]["edit"] == [{"code": "forbidden"}]
        assert refused.status_code == 403
    seen = school.owner.get(school.url)
    changed = school.owner.patch(school.url, {"name": "Ours"}, if_match=seen.headers["ETag"])
    assert (changed.status_code, changed.json["name"], changed.json["version"]) == (200, "Ours", 2)


def test_an_organization_does_not_exist_for_who_is_not_in_it(school, app):
    stranger = a_school(app).owner

    seen = stranger.get(school.url)
    unknown = stranger.get("/v1/organizations/org_00000000000000000000000000")

    assert seen.status_code == unknown.status_code == 404
    assert set(seen.json) == set(unknown.json)
    assert stranger.get("/v1/organizations").json["items"][0]["id"] != school.id


def test_a_public_catalogue_is_read_without_a_token(school, nobody):
    etag = school.owner.get(school.url).headers["ETag"]
    assert nobody.get(school.url).status_code == 401

    school.owner.patch(school.url, {"public_catalog": True}, if_match=etag)

    assert nobody.get(school.url).status_code == 200


def test_an_archived_organization_is_gone_for_everybody_at_once(school):
    etag = school.owner.get(school.url).headers["ETag"]

    assert school.owner.delete(school.url).status_code == 428
    assert school.owner.delete(school.url, if_match=etag).status_code == 204

    assert [school.people[role].get(school.url).status_code for role in Role] == [404] * 4
    assert school.owner.get("/v1/organizations").json["items"] == []


def test_settings_are_replaced_whole_and_nothing_is_written_where_nothing_differs(school):
    new = {"name": "Night School", "slug": school.row.slug, "timezone": "Asia/Tokyo"}
    school.owner.patch(school.url, {"min_gap_minutes": 10}, if_match="*")

    replaced = school.owner.put(school.url, new, if_match="*")
    same = school.owner.put(school.url, new, if_match=replaced.headers["ETag"])

    assert (replaced.json["timezone"], replaced.json["min_gap_minutes"]) == ("Asia/Tokyo", 0)
    assert replaced.json["version"] == 3
    assert (same.status_code, same.headers["ETag"]) == (200, replaced.headers["ETag"])


def test_an_edit_cannot_take_the_slug_of_another(school, app):
    taken = a_school(app).row.slug

    refused = school.owner.patch(school.url, {"slug": taken}, if_match="*")

    assert (refused.status_code, refused.json["pointer"]) == (409, "#/slug")
    assert school.owner.get(school.url).json["slug"] == school.row.slug
