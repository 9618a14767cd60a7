"""Jobs that two processes want at once, or that end while somebody decides about them."""

import threading
from types import SimpleNamespace

import pytest
from sqlalchemy import delete, update

from api.errors import Refusal, StateConflict
from api.jobs.worker import Worker
from api.models import job as jobs_module
from api.models.job import Job, JobResult, JobState
from api.services import erasure as erasure_module
from api.services import job_queue
from api.services import jobs as service_module
from api.services.exports import Export
from api.services.job_queue import Superseded
from api.services.jobs import AT_ONCE
from tests.races.rush import held_up, unlocked
from tests.services.archive import Archive
from tests.services.office import Office


@pytest.fixture
def office(fresh_database):
    return Office.of(fresh_database)


def careless(job, columns):
    """The change of a job, whoever has it meanwhile and whatever it has come to."""
    of = update(Job).where(Job.organization_id == job.organization_id, Job.id == job.id)
    return of.values(**columns)


def both(database, first, second):
    """Do the first, and the second before that is committed; what each gave, or refused with."""
    given = []

    def late():
        try:
            with database.write() as tx:
                given.append(second(tx))
        except (Refusal, Superseded) as refusal:
            given.append(type(refusal))

    thread = threading.Thread(target=late)
    with database.write() as tx:
        begun = first(tx)
        thread.start()
        held_up(database, thread)
    thread.join()
    return begun, given[0]


def ids_of(taken):
    return [one and one.id for one in taken]


@pytest.mark.race("test_twin_without_lock_and_turn_one_job_is_taken_by_two")
def test_a_job_that_two_would_take_at_once_is_taken_by_one(office):
    job = office.job()

    taken = both(office.database, job_queue.take, job_queue.take)

    assert ids_of(taken) == [job.id, None]
    assert (office.now(job).turn, office.now(job).state) == (1, JobState.RUNNING)


@pytest.mark.race("test_twin_without_lock_and_turn_one_job_is_taken_by_two")
def test_of_two_jobs_that_two_take_at_once_each_takes_one(office):
    jobs = [office.job() for _ in range(2)]

    taken = both(office.database, job_queue.take, job_queue.take)

    assert sorted(ids_of(taken)) == sorted(ids_of(jobs))


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_without_lock_and_turn_one_job_is_taken_by_two(office, monkeypatch):
    monkeypatch.setattr(jobs_module, "WAITING_FOR_UPDATE", jobs_module.WAITING)
    monkeypatch.setattr(job_queue, "_changed", careless)
    job = office.job()

    taken = both(office.database, job_queue.take, job_queue.take)

    assert ids_of(taken) == [job.id, job.id]
    assert [one.turn for one in taken] == [1, 1]


def taken_without_waiting(office):
    """Whether the second job is had by another while who takes the first has not committed."""
    jobs, taken = [office.job() for _ in range(2)], []
    thread = threading.Thread(target=lambda: taken.append(office.take()))
    with office.database.write() as tx:
        job_queue.take(tx)
        thread.start()
        held_up(office.database, thread)
        is_had = bool(taken)
    thread.join()
    assert [office.now(job).turn for job in jobs] == [1, 1]
    return is_had


@pytest.mark.race("test_twin_who_does_not_skip_what_is_locked_waits_for_the_other")
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_who_takes_a_job_waits_for_nobody_who_takes_another(office):
    assert taken_without_waiting(office)


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_who_does_not_skip_what_is_locked_waits_for_the_other(office, monkeypatch):
    waits = jobs_module.WAITING.with_for_update(of=Job)
    monkeypatch.setattr(jobs_module, "WAITING_FOR_UPDATE", waits)

    assert not taken_without_waiting(office)


def third_and_fourth(office):
    """How the fourth fares that is asked for while the third is; and how many there are."""
    for _ in range(AT_ONCE - 1):
        office.ask()
    new = {"format": "oneroster-1.1"}

    def ask(tx):
        office.jobs.export(tx, office.registrar, office.id, new)

    _, fared = both(office.database, ask, ask)
    return fared, office.count(Job.finished_at.is_(None))


@pytest.mark.race("test_twin_without_the_lock_of_the_organization_it_has_four_jobs_at_once")
def test_of_two_who_ask_at_once_for_the_last_job_one_is_refused(office):
    assert third_and_fourth(office) == (StateConflict, AT_ONCE)


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_without_the_lock_of_the_organization_it_has_four_jobs_at_once(office, monkeypatch):
    seen = unlocked(service_module.ORGANIZATION_FOR_UPDATE)
    monkeypatch.setattr(service_module, "ORGANIZATION_FOR_UPDATE", seen)

    assert third_and_fourth(office) == (None, AT_ONCE + 1)


def ended_twice(office, *, is_cancelled_first):
    """How the second fares of who cancels a job and who has done it; and what is told of both."""
    office.ask()
    job = office.take()

    def cancel(tx):
        office.jobs.cancel(tx, office.registrar, job.id)

    def succeed(tx):
        job_queue.succeed(tx, job, file_name="x.zip", body=b"PK")

    acts = (cancel, succeed) if is_cancelled_first else (succeed, cancel)
    _, fared = both(office.database, *acts)
    return fared, office.now(job).state, [kind for kind, *_ in office.told()][1:]


@pytest.mark.race("test_twin_who_looks_at_no_lock_and_no_state_ends_a_job_that_has_ended")
@pytest.mark.parametrize("is_cancelled_first", [True, False])
def test_a_job_that_is_cancelled_while_it_succeeds_ends_once(office, is_cancelled_first):
    fared, state, told = ended_twice(office, is_cancelled_first=is_cancelled_first)

    if is_cancelled_first:
        assert (fared, state, told) == (Superseded, JobState.CANCELLED, ["job.cancelled"])
        assert office.results() == []
    else:
        assert (fared, state, told) == (StateConflict, JobState.SUCCEEDED, ["job.succeeded"])
        assert office.results() == [b"PK"]


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("is_cancelled_first", [True, False])
def test_twin_who_looks_at_no_lock_and_no_state_ends_a_job_that_has_ended(
    office, is_cancelled_first, monkeypatch
):
    monkeypatch.setattr(jobs_module, "BY_ID_FOR_UPDATE", jobs_module.BY_ID)
    monkeypatch.setattr(job_queue, "_changed", careless)

    fared, _, told = ended_twice(office, is_cancelled_first=is_cancelled_first)

    assert fared is None
    assert sorted(told) == ["job.cancelled", "job.succeeded"]
    assert office.results() == [b"PK"]


def families(office):
    """The family names in all that jobs of the organization made."""
    bodies = [Archive.read(body) for body in office.results()]
    users = [user for body in bodies for user in body.rows["users"]]
    return {user["familyName"] for user in users if user["role"] == "student"}


def erased_while_it_ends(office, *, is_erased_first):
    """Whose names are kept, and how many results, once somebody was erased while an export ended.

    At once, and after whatever waits was done; the export had seen them.
    """
    leaver = office.school.a_student(family_name="Leaver")
    office.ask()
    job = office.take()
    with office.database.snapshot() as tx:
        export = Export(tx=tx, organization_id=office.id, tell=lambda _progress: None)
        file_name, body = export.made()

    def erase(tx):
        office.erase_within(tx, leaver)

    def succeed(tx):
        job_queue.succeed(tx, job, file_name=file_name, body=body)

    both(office.database, *((erase, succeed) if is_erased_first else (succeed, erase)))
    at_once = families(office), len(office.results())
    Worker(office.database).all_waiting()
    return at_once, (families(office), len(office.results()))


@pytest.mark.race("test_twin_who_erases_and_does_not_reset_what_runs_is_followed_by_its_result")
@pytest.mark.parametrize("is_erased_first", [True, False])
def test_who_is_erased_while_an_export_ends_is_in_no_result(office, is_erased_first):
    at_once, afterwards = erased_while_it_ends(office, is_erased_first=is_erased_first)

    assert at_once == (set(), 0)
    # What had ended is not done again by itself.
    assert afterwards == (set(), 1 if is_erased_first else 0)


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("is_erased_first", [True, False])
def test_twin_who_erases_and_does_not_reset_what_runs_is_followed_by_its_result(
    office, is_erased_first, monkeypatch
):
    def results_alone(tx, organization_id):
        tx.execute(delete(JobResult).where(JobResult.organization_id == organization_id))

    there = SimpleNamespace(forget_exports=results_alone)
    monkeypatch.setattr(erasure_module, "job_queue", there)

    at_once, _ = erased_while_it_ends(office, is_erased_first=is_erased_first)

    assert at_once == ({"Leaver"}, 1)


def asked_for_meanwhile(office):
    """Whose names an export holds that is asked for, and done, while somebody is being erased."""
    leaver = office.school.a_student(family_name="Leaver")

    def ask_and_work():
        office.ask()
        Worker(office.database).all_waiting()

    thread = threading.Thread(target=ask_and_work)
    with office.database.write() as tx:
        office.erase_within(tx, leaver)
        thread.start()
        held_up(office.database, thread)
    thread.join()
    return len(office.results()), families(office)


@pytest.mark.race("test_twin_who_erases_without_the_lock_of_the_organization_is_overtaken")
def test_an_export_that_is_asked_for_while_somebody_is_erased_waits_for_it(office):
    assert asked_for_meanwhile(office) == (1, set())


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_who_erases_without_the_lock_of_the_organization_is_overtaken(office, monkeypatch):
    seen = unlocked(erasure_module.ORGANIZATION_FOR_UPDATE)
    monkeypatch.setattr(erasure_module, "ORGANIZATION_FOR_UPDATE", seen)

    assert asked_for_meanwhile(office) == (1, {"Leaver"})
