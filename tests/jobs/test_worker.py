"""The worker of a process: it does what waits, survives what fails, and gives back what it has."""

import logging
import threading
import time
from contextlib import contextmanager, nullcontext

import pytest

from api import ids
from api.errors import Busy, Unavailable
from api.jobs import worker as worker_module
from api.jobs.worker import TRIES, Worker
from api.models.job import JobState
from api.services import exports, rounds
from api.services.exports import Export
from tests import factories
from tests.services.archive import Archive
from tests.services.office import Office

SOON = 10


@pytest.fixture
def office(fresh_database):
    return Office.of(fresh_database)


@pytest.fixture
def worker(fresh_database):
    return Worker(fresh_database)


@pytest.fixture
def in_steps(office, monkeypatch):
    """Rows for several steps; gives a list of what happens before each, to be filled."""
    monkeypatch.setattr(exports, "ROWS_A_STEP", 2)
    with office.database.write() as tx:
        row = factories.a_class(tx, office.id)
        for _ in range(5):
            factories.a_registration(tx, row, factories.a_student(tx, office.id))
    happens, made = [], Export.made

    def stepped(export):
        tell = export.tell

        def told(progress):
            if happens:
                happens.pop(0)()
            tell(progress)

        export.tell = told
        return made(export)

    monkeypatch.setattr(Export, "made", stepped)
    return happens


def nothing():
    """A step at which nothing happens."""


def test_where_no_job_waits_there_is_nothing_to_do(worker):
    assert not worker.once()
    assert worker.all_waiting() == 0


def test_a_job_is_done_and_its_archive_is_there(office, worker, clock):
    student = office.school.a_student(external_id="S-1")
    office.school.register(office.school.a_class(external_id="CHESS"), student)
    job = office.job()
    clock.advance(seconds=1)

    assert worker.once()

    now, made = office.now(job), office.result(job)
    assert (now.state, now.progress, now.turn) == (JobState.SUCCEEDED, 100, 1)
    assert (now.started_at, now.finished_at) == (clock.now(), clock.now())
    archive = Archive.read(made.body)
    assert (archive.complaints(), archive.seated) == ([], {("CHESS", "S-1")})
    assert made.file_name.endswith("-oneroster.zip")
    assert [kind for kind, *_ in office.told()] == ["job.created", "job.succeeded"]


def test_all_that_waits_is_done_whoevers_it_is(office, worker):
    other = Office.of(office.database)
    for one in (office, other, office):
        one.ask()

    assert worker.all_waiting() == 3

    assert (len(office.results()), len(other.results())) == (2, 1)
    assert worker.all_waiting() == 0


def test_a_job_that_breaks_fails_without_saying_what_nobody_should_read(
    office, worker, monkeypatch, caplog
):
    first, second = office.job(), office.job()
    made, broken = Export.made, []

    def breaks(export):
        if not broken:
            broken.append(export)
            raise RuntimeError("hunter2 is the password of Ada")
        return made(export)

    monkeypatch.setattr(Export, "made", breaks)

    assert worker.all_waiting() == 2

    ended = {office.now(job).state: office.now(job) for job in (first, second)}
    failed = ended[JobState.FAILED]
    assert ended.keys() == {JobState.FAILED, JobState.SUCCEEDED}
    assert failed.error["detail"] == "The log says why, by the id of the job."
    assert "hunter2" not in str(failed.error)
    assert f"{ids.encode('job', failed.id)} failed" in caplog.text
    assert "hunter2" in caplog.text


def test_a_worker_that_is_told_to_stop_gives_the_job_at_hand_back(office, worker, in_steps):
    job = office.job()
    in_steps += [nothing, worker.stop]

    assert worker.all_waiting() == 1

    now = office.now(job)
    assert (now.state, now.progress, now.lease_until) == (JobState.QUEUED, 0, None)
    assert (now.interruptions, office.results()) == (0, [])
    assert Worker(office.database).all_waiting() == 1
    assert (office.now(job).state, office.now(job).interruptions) == (JobState.SUCCEEDED, 0)
    assert [kind for kind, *_ in office.told()] == ["job.created", "job.succeeded"]


def test_a_worker_that_was_told_to_stop_takes_no_other_job(office, worker):
    job = office.job()
    worker.stop()

    assert worker.all_waiting() == 0
    assert office.now(job).turn == 0


def test_a_job_that_is_cancelled_ends_at_the_next_step_without_a_result(
    office, worker, in_steps, caplog
):
    caplog.set_level(logging.INFO)
    job = office.job()
    in_steps += [nothing, lambda: office.cancel(job), lambda: pytest.fail("it went on")]

    assert worker.once()

    assert (office.now(job).state, office.results()) == (JobState.CANCELLED, [])
    assert f"{ids.encode('job', job.id)} was cancelled, or is to begin anew" in caplog.text


def test_a_job_that_is_cancelled_after_its_last_step_has_no_result_either(
    office, worker, monkeypatch
):
    job, made = office.job(), Export.made

    def late(export):
        ready = made(export)
        office.cancel(job)
        return ready

    monkeypatch.setattr(Export, "made", late)

    worker.once()

    assert (office.now(job).state, office.results()) == (JobState.CANCELLED, [])


def test_who_is_erased_while_an_export_runs_is_not_in_what_it_makes(office, worker, in_steps):
    leaver = office.school.a_student(family_name="Leaver")
    job = office.job()
    in_steps += [nothing, lambda: office.erase(leaver)]

    assert worker.all_waiting() == 2

    (body,) = office.results()
    assert "Leaver" not in Archive.read(body).column("users", "familyName")
    assert (office.now(job).turn, office.now(job).interruptions) == (2, 0)


def busy_from(database, monkeypatch, *, begins, ends):
    """Let the database refuse its writes of these numbers, counted from zero."""
    write, writes = type(database).write, []

    @contextmanager
    def refusing(self):
        writes.append(self)
        if begins <= len(writes) - 1 < ends:
            raise Busy("Everybody writes.")
        with write(self) as tx:
            yield tx

    monkeypatch.setattr(type(database), "write", refusing)


def test_a_database_that_is_busy_at_a_step_is_told_at_the_next(
    office, worker, in_steps, monkeypatch
):
    job, seen = office.job(), []
    in_steps += [lambda: seen.append(office.now(job).progress)] * 4
    busy_from(office.database, monkeypatch, begins=1, ends=3)

    assert worker.once()

    assert seen[:3] == [0, 0, 0]
    assert seen[3] > 0
    assert office.now(job).state == JobState.SUCCEEDED


@pytest.mark.parametrize(("refused", "is_done"), [(TRIES - 1, True), (TRIES, False)])
def test_a_database_that_is_busy_at_the_end_is_told_again(
    office, worker, monkeypatch, refused, is_done
):
    job, made = office.job(), []
    monkeypatch.setattr(Export, "made", lambda _: made.append(1) or ("file.zip", b"PK"))
    busy_from(office.database, monkeypatch, begins=1, ends=1 + refused)

    with nullcontext() if is_done else pytest.raises(Busy):
        worker.once()

    state = JobState.SUCCEEDED if is_done else JobState.RUNNING
    assert office.now(job).state == state
    assert made == [1]


def test_a_database_that_is_away_leaves_the_job_to_who_finds_its_lease_lapsed(
    office, worker, monkeypatch
):
    job = office.job()
    with monkeypatch.context() as while_it_is_away:

        def away(export):
            raise Unavailable

        while_it_is_away.setattr(Export, "made", away)
        with pytest.raises(Unavailable):
            worker.once()

    assert (office.now(job).state, worker.all_waiting()) == (JobState.RUNNING, 0)
    office.fall_silent(job)
    assert worker.all_waiting() == 1
    now = office.now(job)
    assert (now.state, now.turn, now.interruptions) == (JobState.SUCCEEDED, 2, 1)


def test_a_job_that_another_takes_between_look_and_lock_is_left_to_it(office, worker, monkeypatch):
    job, take = office.job(), worker_module.job_queue.take

    def too_late(tx):
        monkeypatch.setattr(worker_module.job_queue, "take", take)

    monkeypatch.setattr(worker_module.job_queue, "take", too_late)

    # Not again at once: whoever holds it may do so for a while.
    assert worker.all_waiting() == 0

    assert office.now(job).turn == 0


def test_the_thread_does_what_waits_until_it_is_told_to_stop(office, worker, monkeypatch):
    monkeypatch.setattr(rounds, "PAUSE_MS", 300)
    job = office.job()

    worker.start()
    until(lambda: office.now(job).finished_at is not None)
    worker.stop()

    assert office.now(job).state == JobState.SUCCEEDED
    assert not worker.is_running


def test_a_worker_stops_within_a_step_and_not_only_when_the_job_is_done(
    office, worker, in_steps, monkeypatch
):
    monkeypatch.setattr(rounds, "PAUSE_MS", 300)
    job, at_it, goes_on = office.job(), threading.Event(), threading.Event()

    def held():
        at_it.set()
        assert goes_on.wait(SOON)

    in_steps += [held, lambda: pytest.fail("it went on")]
    worker.start()
    assert at_it.wait(SOON)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    until(lambda: worker._rounds.is_stopping)
    goes_on.set()
    stopping.join(SOON)

    assert not stopping.is_alive()
    assert (office.now(job).state, office.now(job).interruptions) == (JobState.QUEUED, 0)


def until(condition):
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)
