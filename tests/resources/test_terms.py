import pytest

from tests.apps import a_school

NEW = {"name": "Autumn 2026", "starts_on": "2026-10-01", "ends_on": "2027-01-31"}


@pytest.fixture
def made(school):
    return school.registrar.post(f"{school.url}/terms", NEW)


def url_of(answer):
    return answer.json["_links"]["self"]["href"]


def test_a_term_is_made_and_read_back_byte_for_byte(school, made):
    seen = school.registrar.get(made.headers["Location"])

    assert made.status_code == 201
    assert (seen.data, seen.headers["ETag"]) == (made.data, made.headers["ETag"])
    assert {name: made.json[name] for name in NEW} == NEW
    assert made.json["organization_id"] == school.id
    assert made.json["drop_until"] is None
    assert set(made.json["_links"]) == {"self", "edit", "delete"}


def test_the_list_of_terms_says_who_may_make_one(school, made):
    staff, student = school.registrar, school.student

    seen = student.get(f"{school.url}/terms")

    assert [item["id"] for item in seen.json["items"]] == [made.json["id"]]
    assert seen.json["_blocked"] == {"create": [{"code": "forbidden"}]}
    assert seen.json["items"][0]["_blocked"]["edit"] == [{"code": "forbidden"}]
    create = staff.get(f"{school.url}/terms").json["_links"]["create"]
    assert staff.post(create["href"], {**NEW, "name": "Spring"}).status_code == 201
    assert student.post(f"{school.url}/terms", NEW).status_code == 403


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"ends_on": "2026-09-30"}, "#/ends_on", "out-of-range"),
        (
            {"drop_until": "2026-11-02T00:00:00Z", "withdraw_until": "2026-11-01T00:00:00Z"},
            "#/withdraw_until",
            "out-of-range",
        ),
        ({"starts_on": "1 October"}, "#/starts_on", "bad-format"),
        ({"name": ""}, "#/name", "too-short"),
        ({"colour": "red"}, "#/colour", "unknown-member"),
    ],
)
def test_a_term_that_cannot_be_is_refused_with_a_pointer(school, given, pointer, code):
    refused = school.registrar.post(f"{school.url}/terms", {**NEW, **given})

    assert refused.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in refused.json["errors"]] == [
        (pointer, code)
    ]
    assert school.registrar.get(f"{school.url}/terms").json["items"] == []


def test_an_edit_needs_the_version_that_was_read(school, made):
    url, registrar = url_of(made), school.registrar
    etag = made.headers["ETag"]

    changed = registrar.patch(url, {"name": "Winter"}, if_match=etag)

    assert (changed.status_code, changed.json["name"], changed.json["version"]) == (
        200,
        "Winter",
        2,
    )
    assert registrar.patch(url, {"name": "Mine"}).status_code == 428
    assert registrar.patch(url, {"name": "Mine"}, if_match=etag).status_code == 412
    assert registrar.get(url).json["name"] == "Winter"


def test_an_edit_that_disorders_the_dates_is_refused(school, made):
    refused = school.registrar.patch(
        url_of(made), {"ends_on": "2026-09-01"}, if_match=made.headers["ETag"]
    )

    assert refused.status_code == 422
    assert school.registrar.get(url_of(made)).json == made.json


def test_put_takes_what_is_left_out_back_to_its_default(school):
    deadline = {"drop_until": "2026-10-15T00:00:00.000Z"}
    made = school.registrar.post(f"{school.url}/terms", {**NEW, **deadline})

    replaced = school.registrar.put(url_of(made), NEW, if_match=made.headers["ETag"])

    assert made.json["drop_until"] == deadline["drop_until"]
    assert (replaced.status_code, replaced.json["drop_until"]) == (200, None)


def test_an_unused_term_is_removed(school, made):
    removed = school.registrar.delete(url_of(made), if_match=made.headers["ETag"])

    assert (removed.status_code, removed.data) == (204, b"")
    assert school.registrar.get(url_of(made)).status_code == 404
    assert school.registrar.delete(url_of(made), if_match="*").status_code == 404


def test_another_system_updates_or_makes_a_term_by_its_own_id(school):
    url = f"{school.url}/terms/by-external-id/2026-fall%2F1"
    registrar = school.registrar

    made = registrar.put(url, NEW)
    again = registrar.put(url, NEW)
    changed = registrar.put(url, {"name": "Fall"})

    assert [answer.status_code for answer in (made, again, changed)] == [201, 200, 200]
    assert made.json["external_id"] == "2026-fall/1"
    assert again.headers["ETag"] == made.headers["ETag"]
    assert (changed.json["name"], changed.json["starts_on"]) == ("Fall", NEW["starts_on"])
    assert registrar.get(url).json == changed.json
    assert registrar.get(made.headers["Location"]).json == changed.json


def test_by_external_id_a_stale_version_a_missing_member_and_another_id_are_refused(school):
    url = f"{school.url}/terms/by-external-id/fall"
    registrar = school.registrar

    missing = registrar.put(url, {"name": "Fall"})
    other = registrar.put(url, {**NEW, "external_id": "spring"})
    stale_nothing = registrar.put(url, NEW, if_match="*")
    registrar.put(url, NEW)
    stale = registrar.put(url, {"name": "Fall"}, if_match='"v7-0"')
    disordered = registrar.put(url, {"ends_on": "2020-01-01"})

    assert [
        answer.status_code for answer in (missing, other, stale_nothing, stale, disordered)
    ] == [
        422,
        422,
        412,
        412,
        422,
    ]
    assert registrar.get(url).json["version"] == 1
    assert school.student.put(url, NEW).status_code == 403


@pytest.mark.parametrize("name", ["none", "%20", "x" * 256, "a%00b"])
def test_an_external_id_that_nothing_has_is_not_found(school, name):
    assert school.registrar.get(f"{school.url}/terms/by-external-id/{name}").status_code == 404


def test_a_taken_external_id_is_a_duplicate_name(school):
    for number, status in ((1, 201), (2, 409)):
        answer = school.registrar.post(f"{school.url}/terms", {**NEW, "external_id": "fall"})
        assert answer.status_code == status, number
    other = school.registrar.post(f"{school.url}/terms", NEW)
    moved = school.registrar.patch(
        url_of(other), {"external_id": "fall"}, if_match=other.headers["ETag"]
    )

    assert (answer.json["code"], answer.json["pointer"]) == ("duplicate-name", "#/external_id")
    assert moved.json["code"] == "duplicate-name"


def test_terms_are_filtered_and_sorted(school):
    for name, starts_on in (
        ("Élan", "2026-03-01"),
        ("Autumn", "2026-10-01"),
        ("ÉTÉ", "2026-06-01"),
    ):
        school.registrar.post(f"{school.url}/terms", {**NEW, "name": name, "starts_on": starts_on})

    def names(query):
        answer = school.registrar.get(f"{school.url}/terms?{query}")
        return [item["name"] for item in answer.json["items"]]

    assert names("sort=-starts_on") == ["Autumn", "ÉTÉ", "Élan"]
    assert names("name__contains=%C3%A9t") == ["ÉTÉ"]
    assert names("starts_on__gte=2026-06-01&starts_on__lt=2026-10-01") == ["ÉTÉ"]
    assert names("drop_until__is_null=false") == []
    assert school.registrar.get(f"{school.url}/terms?colour=red").status_code == 400


def test_a_term_does_not_exist_for_another_organization(school, made, app):
    stranger = a_school(app).owner
    url = url_of(made)
    by_id = f"{school.url}/terms/by-external-id/x"

    answers = [
        stranger.get(url),
        stranger.patch(url, {"name": "Mine"}, if_match="*"),
        stranger.delete(url, if_match="*"),
        stranger.get(f"{school.url}/terms"),
        stranger.post(f"{school.url}/terms", NEW),
        stranger.get(by_id),
        stranger.put(by_id, NEW),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert school.registrar.get(url).json == made.json


def test_terms_of_a_public_catalogue_are_read_without_a_token(school, made, nobody, app):
    public = a_school(app, public_catalog=True)
    theirs = public.registrar.put(f"{public.url}/terms/by-external-id/fall", NEW)

    seen = nobody.get(url_of(theirs))

    assert seen.json["name"] == NEW["name"]
    assert seen.json["_blocked"]["edit"] == [{"code": "forbidden"}]
    assert len(nobody.get(f"{public.url}/terms").json["items"]) == 1
    assert nobody.get(f"{public.url}/terms/by-external-id/fall").json == seen.json
    assert nobody.get(url_of(made)).status_code == 401
    assert nobody.get("/v1/terms/trm_00000000000000000000000000").status_code == 401
    assert nobody.get(f"{school.url}/terms").status_code == 401
    assert nobody.post(f"{public.url}/terms", NEW).status_code == 401
