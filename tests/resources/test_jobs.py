import pytest

from api import ids
from api.authz.scopes import Scope
from tests import factories
from tests.apps import Client, a_token

ZIP = "application/zip"


@pytest.fixture
def exports(school):
    return f"{school.url}/exports"


@pytest.fixture
def file_url(school):
    with school.database.write() as tx:
        job = factories.a_finished_job(tx, school.row.id, body=b"PK" + bytes(5_000))
    url = f"/v1/jobs/{ids.encode('job', job.id)}"
    return school.owner.get(url).json["_links"]["result"]["href"]


@pytest.mark.parametrize(
    "accept", [None, ZIP, "application/*", "*/*", f"{ZIP};q=0.1", "application/problem+json"]
)
def test_a_file_is_given_to_whoever_takes_it_or_says_only_how_to_be_refused(
    school, file_url, accept
):
    answer = school.owner.get(file_url, headers={} if accept is None else {"Accept": accept})

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, ZIP)


@pytest.mark.parametrize("accept", ["application/json", "text/csv", f"{ZIP};q=0"])
def test_a_file_is_given_in_no_other_form(school, file_url, accept):
    answer = school.owner.get(file_url, headers={"Accept": accept})

    assert (answer.status_code, answer.json["code"]) == (406, "not-acceptable")
    assert ZIP in answer.json["available"]


def test_a_file_is_compressed_as_it_is_and_not_again(school, file_url):
    answer = school.owner.get(file_url, headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in answer.headers
    assert answer.data == b"PK" + bytes(5_000)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="file.zip"'


def test_whoever_has_a_file_gets_it_no_second_time(school, file_url):
    tag = school.owner.get(file_url).headers["ETag"]

    again = school.owner.get(file_url, headers={"If-None-Match": tag})
    head = school.owner.open("HEAD", file_url)

    assert (again.status_code, again.data) == (304, b"")
    assert head.headers["ETag"] == tag
    assert head.headers["Content-Length"] == "5002"


def test_the_link_of_a_file_says_what_it_is(school, file_url):
    job = school.owner.get(file_url.removesuffix("/result")).json

    assert job["_links"]["result"] == {"href": file_url, "type": ZIP}


def test_a_retry_with_the_same_key_gets_the_same_job_and_when_to_look(school, exports):
    first = school.owner.post(exports, key="one-export")
    again = school.owner.post(exports, key="one-export")
    listed = school.owner.get(exports).json["items"]

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.data == first.data
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Retry-After"] == "1"
    assert [job["id"] for job in listed] == [first.json["id"]]


@pytest.mark.parametrize(
    ("prefer", "applied", "is_empty"),
    [
        (None, None, False),
        ("respond-async", "respond-async", False),
        ("respond-async, return=minimal", "return=minimal, respond-async", True),
        ("return=representation", "return=representation", False),
        ("wait=10", None, False),
    ],
)
def test_what_is_preferred_is_said_as_far_as_it_was_met(school, exports, prefer, applied, is_empty):
    answer = school.owner.post(exports, headers={} if prefer is None else {"Prefer": prefer})

    assert answer.status_code == 202
    assert answer.headers.get("Preference-Applied") == applied
    assert (answer.data == b"") == is_empty
    assert answer.headers["Retry-After"] == "1"
    assert school.owner.get(answer.headers["Location"]).json["state"] == "queued"


def test_nobody_is_promised_an_answer_later_where_it_is_there_at_once(school):
    new = {"given_name": "Ada", "family_name": "Alder"}

    answer = school.owner.post(f"{school.url}/students", new, headers={"Prefer": "respond-async"})

    assert answer.status_code == 201
    assert "Preference-Applied" not in answer.headers
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"format": "csv"}, "#/format", "not-a-choice"),
        ({"format": None}, "#/format", "wrong-type"),
        ({"since": "2026-09-01"}, "#/since", "unknown-member"),
    ],
)
def test_what_cannot_be_exported_is_told_by_its_place(school, exports, body, pointer, code):
    answer = school.owner.post(exports, body)

    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [(pointer, code)]
    assert school.owner.get(exports).json["items"] == []


def test_the_fourth_at_once_is_refused_and_no_link_offers_it(school, exports):
    for _ in range(3):
        assert school.owner.post(exports).status_code == 202

    listed = school.owner.get(exports).json
    refused = school.owner.post(exports)

    assert "create" not in listed["_links"]
    assert listed["_blocked"]["create"] == [{"code": "state-conflict"}]
    assert (refused.status_code, refused.json["code"]) == (409, "state-conflict")
    assert refused.json["limit"] == 3


def test_lists_filter_and_members_without_an_office_see_an_empty_one(school, exports):
    job = school.owner.post(exports).json

    running = school.registrar.get(exports, query_string={"state": "running"}).json
    queued = school.registrar.get(exports, query_string={"state": "queued"}).json
    student = school.student.get(exports).json

    assert running["items"] == []
    assert [each["id"] for each in queued["items"]] == [job["id"]]
    assert student["items"] == []
    assert student["_blocked"]["create"] == [{"code": "forbidden"}]


def test_a_token_for_other_things_takes_no_school_along(school, exports, file_url):
    everything_else = [scope for scope in Scope if not scope.startswith("jobs:")]
    with school.database.write() as tx:
        secret = a_token(tx, school.owner.member.user_id, everything_else)
    narrow = Client(school.app.test_client(), secret)

    for method, url in (("GET", exports), ("POST", exports), ("GET", file_url)):
        answer = narrow.open(method, url)
        assert (answer.status_code, answer.json["code"]) == (403, "insufficient-scope"), url
