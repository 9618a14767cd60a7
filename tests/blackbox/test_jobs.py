import csv
import io
import re
import time
import zipfile

import pytest

from tests.blackbox.town import ended

TRIES = 10


def exports_of(world):
    """Where a school is exported, as its own links say it."""
    return world.owner.get(world.url).json()["_links"]["exports"]["href"]


@pytest.fixture(scope="module")
def asked(world):
    """The answer to whoever asked for an export and would rather not wait for it."""
    world.a_student()
    answer = world.owner.post(exports_of(world), {}, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202, answer.text
    return answer


def test_check_39_whoever_asks_for_an_export_is_told_where_to_look_and_when(world, asked):
    job = asked.json()

    assert asked.headers["Location"].startswith(f"{world.base}/")
    assert re.fullmatch("[1-9][0-9]*", asked.headers["Retry-After"])
    assert asked.headers["Preference-Applied"] == "respond-async"
    assert (job["state"], job["progress"], job["error"]) == ("queued", 0, None)
    assert job["_links"]["self"]["href"] == asked.headers["Location"]
    assert "result" not in job["_links"]


def test_check_39_the_job_succeeds_and_its_file_is_there(world, asked):
    job = ended(world.owner, asked.headers["Location"])
    link = job["_links"]["result"]
    file = world.owner.get(link["href"], headers={"Accept": link["type"]})
    known = world.owner.get(link["href"], headers={"If-None-Match": file.headers["ETag"]})
    archive = zipfile.ZipFile(io.BytesIO(file.content))
    users = list(csv.DictReader(io.TextIOWrapper(archive.open("users.csv"), "utf-8")))

    assert (job["state"], job["progress"], job["error"]) == ("succeeded", 100, None)
    assert "cancel" not in job["_links"]
    assert (file.status_code, file.headers["Content-Type"]) == (200, "application/zip")
    assert re.fullmatch(r'attachment; filename="[\w.-]+\.zip"', file.headers["Content-Disposition"])
    assert (known.status_code, known.content) == (304, b"")
    assert archive.testzip() is None
    assert {"administrator", "student"} <= {user["role"] for user in users}


def cancelled(world):
    """A job that was cancelled before it had ended, and the answer to that."""
    for _ in range(TRIES):
        job = world.owner.post(exports_of(world), {})
        while job.status_code == 409:
            # The school has as many under way as it may; whoever never does one is found out above.
            time.sleep(1)
            job = world.owner.post(exports_of(world), {})
        assert job.status_code == 202, job.text
        link = job.json()["_links"]["cancel"]
        answer = world.owner.open(link["method"], link["href"])
        if answer.status_code != 409:
            return job.headers["Location"], answer
    raise AssertionError(f"each of {TRIES} jobs had ended before it could be cancelled")


def test_check_39_a_job_that_is_cancelled_makes_nothing(world):
    url, answer = cancelled(world)
    job = world.owner.get(url)
    result = world.owner.get(f"{url}/result")
    again = world.owner.open("DELETE", url)

    assert (answer.status_code, answer.content) == (204, b"")
    assert (job.status_code, job.json()["state"]) == (200, "cancelled")
    assert {"cancel", "result"} <= job.json()["_blocked"].keys()
    assert not {"cancel", "result"} & job.json()["_links"].keys()
    assert (result.status_code, result.json()["code"]) == (404, "not-found")
    assert (again.status_code, again.json()["code"]) == (409, "state-conflict")


def test_check_39_whose_job_it_is_not_sees_none(world, asked):
    url = asked.headers["Location"]

    for person, status in ((world.stranger, 404), (world.student, 403), (world.nobody, 401)):
        for address in (url, f"{url}/result"):
            assert person.get(address).status_code == status, address
        assert person.open("DELETE", url).status_code == status
