"""Jobs in processes as an operator starts them: asked for at one, and done by whoever lives."""

import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from api import ids
from api.clock import SystemClock
from api.models.database import Database
from api.models.job import JobState
from tests.apps import SECRET_KEY, a_token
from tests.servers.programs import PYTHON, ROOT, environment, one_port
from tests.services.archive import Archive
from tests.services.office import Office

ENDLESS = Path(__file__).parent / "endless_exports.py"
SOON = 30


@pytest.fixture
def office(fresh_database):
    """An office at the time of the programs."""
    return Office.of(Database(fresh_database.engine, fresh_database._reads, SystemClock()))


@pytest.fixture
def variables(fresh_database_url):
    return {
        "HOMEROOM_DATABASE_URL": fresh_database_url,
        "HOMEROOM_SECRET_KEY": SECRET_KEY,
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture
def bearer(office):
    """What the registrar sends with each request."""
    with office.database.write() as tx:
        return {"Authorization": f"Bearer {a_token(tx, office.registrar.user_id)}"}


def until(condition):
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline, f"it did not come about within {SOON} s"
        time.sleep(0.05)


def state(office, job):
    return office.now(job).state


@contextmanager
def working(tmp_path, program, **variables):
    """`homeroom work` of this program, in a process of its own."""
    process = subprocess.Popen(
        [PYTHON, *program, "work"], env=environment(tmp_path, **variables), cwd=ROOT
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_an_export_that_is_asked_for_over_http_is_done_beside_the_requests(
    office, variables, bearer, tmp_path
):
    student = office.school.a_student(external_id="S-1")
    office.school.register(office.school.a_class(external_id="CHESS"), student)
    url = f"/v1/organizations/{ids.encode('org', office.id)}/exports"

    with one_port(tmp_path, **variables) as (_, client):
        asked = client.post(url, json={}, headers=bearer)
        at = asked.json()["_links"]["self"]["href"]
        until(lambda: client.get(at, headers=bearer).json()["state"] == "succeeded")
        done = client.get(at, headers=bearer).json()
        fetched = client.get(done["_links"]["result"]["href"], headers=bearer)

    assert (asked.status_code, done["progress"]) == (202, 100)
    assert (fetched.status_code, fetched.headers["content-type"]) == (200, "application/zip")
    archive = Archive.read(fetched.content)
    assert (archive.complaints(), archive.seated) == ([], {("CHESS", "S-1")})


def test_a_job_that_is_cancelled_while_it_runs_makes_nothing_and_the_next_begins(
    office, variables, bearer, tmp_path
):
    job = office.job()
    url = f"/v1/jobs/{ids.encode('job', job.id)}"
    with one_port(tmp_path, program=ENDLESS, **variables) as (_, client):
        until(lambda: office.now(job).progress == 1)
        running = client.get(url, headers=bearer).json()
        answer = client.delete(url, headers=bearer)
        following = office.job()
        until(lambda: office.now(following).progress == 1)
        cancelled = client.get(url, headers=bearer).json()

    assert (running["state"], "cancel" in running["_links"]) == ("running", True)
    assert answer.status_code == 204
    assert (cancelled["state"], "cancel" in cancelled["_links"]) == ("cancelled", False)
    assert office.results() == []


def test_the_job_of_a_process_that_was_killed_is_done_once_by_another(office, variables, tmp_path):
    job = office.job()
    with one_port(tmp_path, program=ENDLESS, **variables) as (killed, _):
        until(lambda: office.now(job).progress == 1)
        killed.kill()
        killed.wait()
    left = office.now(job)

    # Nobody waits for it in a test; that a lease lapses by itself is shown elsewhere.
    office.fall_silent(job)
    with one_port(tmp_path, **variables):
        until(lambda: state(office, job) == JobState.SUCCEEDED)

    assert (left.state, left.turn) == (JobState.RUNNING, 1)
    now = office.now(job)
    assert (now.turn, now.interruptions, now.started_at) == (2, 1, left.started_at)
    (body,) = office.results()
    assert Archive.read(body).complaints() == []
    assert [kind for kind, *_ in office.told()] == ["job.created", "job.succeeded"]


def test_a_worker_that_is_asked_to_end_gives_the_job_to_another(office, variables, tmp_path):
    job = office.job()
    with working(tmp_path, [ENDLESS], **variables) as process:
        until(lambda: office.now(job).progress == 1)
        process.send_signal(signal.SIGTERM)
        status = process.wait(timeout=SOON)
    given_back = office.now(job)

    with working(tmp_path, ["-m", "api.cli"], **variables) as process:
        until(lambda: state(office, job) == JobState.SUCCEEDED)
        process.send_signal(signal.SIGTERM)
        statuses = status, process.wait(timeout=SOON)

    assert statuses == (0, 0)
    assert (given_back.state, given_back.lease_until) == (JobState.QUEUED, None)
    assert (office.now(job).turn, office.now(job).interruptions) == (2, 0)
    assert len(office.results()) == 1


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_server_that_is_asked_to_end_gives_its_job_back(office, variables, tmp_path):
    job = office.job()
    with one_port(tmp_path, program=ENDLESS, **variables) as (process, _):
        until(lambda: office.now(job).progress == 1)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=SOON)

    assert (state(office, job), office.now(job).interruptions) == (JobState.QUEUED, 0)
