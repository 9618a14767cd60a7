"""Jobs as people ask for them, watch them and cancel them, and as processes take them."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update

from api.authz.actor import Actor
from api.errors import AuthenticationRequired, Forbidden, NotFound, StateConflict
from api.models import Role
from api.models.job import Job, JobResult, JobState
from api.services import job_queue
from api.services.job_queue import INTERRUPTIONS, LEASE, RESULTS, Superseded
from api.services.jobs import AT_ONCE, KEPT
from api.services.organizations import Organizations
from api.services.purge import Purge
from api.services.sweeper import Sweeper
from tests import factories
from tests.services.office import POLICY, Office
from tests.services.school import actor_of

NOTHING_YET = ["not-found"]


@pytest.fixture
def office(database):
    return Office.of(database)


@pytest.fixture
def alone(fresh_database):
    """An office on a database of the test's own: the queue is everybody's."""
    return Office.of(fresh_database)


def blocks(judged, rel):
    return [block.code for block in judged.verdicts[rel]]


def listed(office, actor=None):
    """The ids of the exports that the actor sees, and what stands in the way of another."""
    with office.database.read() as tx:
        found = office.jobs.exports(tx, actor or office.registrar, office.id)
        rows = tx.all(found.select, **found.parameters)
        judged = found.judge(tx, rows)
    return {one.row.id for one in judged}, blocks(found, "create")


def archive(office):
    organizations = Organizations(policy=POLICY, ids=office.ids)
    with office.database.write() as tx:
        owner = actor_of(factories.a_member(tx, office.id, Role.OWNER))
        row = organizations.find_for_update(tx, owner, office.id)
        organizations.archive(tx, owner, row)


def test_an_export_that_was_asked_for_waits_for_a_process(office, clock):
    judged = office.ask()

    row = judged.row
    assert (row.kind, row.format, row.state) == ("export", "oneroster-1.1", "queued")
    assert (row.progress, row.turn, row.interruptions, row.error) == (0, 0, 0, None)
    assert (row.created_at, row.expires_at) == (clock.now(), clock.now() + KEPT)
    assert (row.started_at, row.finished_at, row.lease_until) == (None, None, None)
    assert row.requested_by == office.registrar.user_id
    assert (blocks(judged, "cancel"), blocks(judged, "result")) == ([], NOTHING_YET)
    assert listed(office) == ({row.id}, [])
    assert office.told() == [("job.created", row.id, office.registrar.user_id)]


def test_an_organization_has_three_jobs_at_once_and_may_ask_again_when_one_has_ended(office):
    first, *_ = [office.job() for _ in range(AT_ONCE)]

    with pytest.raises(StateConflict) as refused:
        office.ask()
    assert refused.value.members["limit"] == AT_ONCE
    assert listed(office)[1] == ["state-conflict"]
    assert office.count() == AT_ONCE

    office.cancel(first)

    assert listed(office)[1] == []
    assert office.ask().row.state == JobState.QUEUED


def test_the_jobs_of_another_organization_are_not_counted(office, database):
    for _ in range(AT_ONCE):
        office.ask()

    assert Office.of(database).ask().row.state == JobState.QUEUED


@pytest.mark.parametrize("role", [Role.INSTRUCTOR, Role.STUDENT])
def test_who_is_not_staff_sees_no_export_and_asks_for_none(office, role):
    job, other = office.job(), office.a_member(role)

    assert listed(office, other) == (set(), ["forbidden"])
    for act in (
        lambda: office.ask(other),
        lambda: office.seen(job, other),
        lambda: office.cancel(job, other),
        lambda: office.result(job, other),
    ):
        with pytest.raises(Forbidden):
            act()
    assert office.now(job).state == JobState.QUEUED


@pytest.mark.parametrize(
    ("stranger", "refusal"),
    [(Actor.nobody(), AuthenticationRequired), (Actor(user_id=factories.new_id()), NotFound)],
)
def test_to_strangers_there_is_no_job(office, stranger, refusal):
    job, none = office.job(), SimpleNamespace(id=factories.new_id())

    for act in (
        lambda: listed(office, stranger),
        lambda: office.ask(stranger),
        lambda: office.seen(job, stranger),
        lambda: office.cancel(job, stranger),
        lambda: office.result(job, stranger),
        lambda: office.seen(none, stranger),
    ):
        with pytest.raises(refusal):
            act()
    with pytest.raises(NotFound):
        office.seen(none)


def test_a_queued_job_that_is_cancelled_is_never_begun(alone, clock):
    job = alone.job()

    alone.cancel(job)

    now = alone.now(job)
    assert (now.state, now.finished_at) == (JobState.CANCELLED, clock.now())
    assert alone.take() is None
    assert alone.told()[1:] == [("job.cancelled", job.id, alone.registrar.user_id)]


def test_a_running_job_that_is_cancelled_is_its_process_no_more(alone):
    alone.ask()
    taken = alone.take()

    alone.cancel(taken)

    with pytest.raises(Superseded):
        alone.keep(taken)
    with pytest.raises(Superseded):
        alone.succeed(taken)
    now = alone.now(taken)
    assert (now.state, now.lease_until, alone.results()) == (JobState.CANCELLED, None, [])


@pytest.mark.parametrize("end", [Office.cancel, Office.succeed, Office.fail])
def test_a_job_that_has_ended_is_not_cancelled(alone, end):
    alone.ask()
    taken = alone.take()
    end(alone, taken)
    ended = alone.now(taken)

    with pytest.raises(StateConflict) as refused:
        alone.cancel(taken)

    assert refused.value.members["state"] == ended.state
    assert blocks(alone.seen(taken), "cancel") == ["state-conflict"]
    assert alone.now(taken) == ended
    assert len(alone.told()) == 2


def test_what_a_job_made_is_there_once_it_has_succeeded(alone, clock):
    alone.ask()
    taken = alone.take()
    with pytest.raises(NotFound, match="has no result"):
        alone.result(taken)

    alone.succeed(taken, b"PK made")

    seen, made = alone.seen(taken), alone.result(taken)
    assert (made.file_name, made.body) == ("x.zip", b"PK made")
    assert (seen.row.state, seen.row.progress) == (JobState.SUCCEEDED, 100)
    assert (seen.row.finished_at, seen.row.lease_until) == (clock.now(), None)
    assert blocks(seen, "result") == []
    assert alone.told()[1:] == [("job.succeeded", taken.id, None)]


def test_a_job_that_failed_says_why_and_has_no_result(alone):
    alone.ask()
    taken = alone.take()

    alone.fail(taken, "The disk is full.")

    now = alone.now(taken)
    assert (now.state, now.error["detail"]) == (JobState.FAILED, "The disk is full.")
    assert (now.error["code"], now.error["status"]) == ("internal-error", 500)
    assert alone.results() == []
    assert alone.told()[1:] == [("job.failed", taken.id, None)]


def test_the_job_that_has_waited_longest_is_taken_first(alone, clock):
    jobs = []
    for _ in range(2):
        jobs.append(alone.job())
        clock.advance(seconds=1)

    taken = [alone.take() for _ in range(3)]

    assert [one and one.id for one in taken] == [jobs[0].id, jobs[1].id, None]
    first = alone.now(jobs[0])
    assert (first.state, first.turn, first.started_at) == (JobState.RUNNING, 1, clock.now())
    assert first.lease_until == clock.now() + LEASE


def test_whether_a_job_waits_is_known_before_it_is_taken(alone, clock):
    def waits():
        with alone.database.read() as tx:
            return job_queue.is_waiting(tx)

    seen = [waits()]
    alone.ask()
    seen.append(waits())
    alone.take()
    seen.append(waits())
    clock.advance(seconds=LEASE.seconds)
    seen.append(waits())

    assert seen == [False, True, False, True]


def test_who_says_that_it_is_still_at_it_keeps_the_job(alone, clock):
    alone.ask()
    taken = alone.take()

    clock.advance(seconds=LEASE.seconds - 1)
    alone.keep(taken, 40)
    clock.advance(seconds=LEASE.seconds - 1)

    assert alone.take() is None
    assert (alone.now(taken).progress, alone.now(taken).interruptions) == (40, 0)


@pytest.mark.parametrize("act", [Office.keep, Office.succeed, Office.fail, Office.give_back])
def test_who_was_silent_too_long_changes_nothing_any_more(alone, clock, act):
    alone.ask()
    first = alone.take()
    began = clock.now()
    clock.advance(seconds=LEASE.seconds)
    second = alone.take()
    stored = alone.now(first)

    with pytest.raises(Superseded):
        act(alone, first)

    assert alone.now(first) == stored
    assert (stored.turn, stored.interruptions, stored.started_at) == (2, 1, began)
    assert (alone.results(), len(alone.told())) == ([], 1)
    alone.succeed(second, b"PK once")
    assert alone.results() == [b"PK once"]


def test_a_job_over_which_three_processes_fell_silent_fails(alone, clock):
    job = alone.job()
    turns = []
    for _ in range(INTERRUPTIONS):
        turns.append(alone.take().turn)
        clock.advance(seconds=LEASE.seconds)

    assert alone.take() is None

    now = alone.now(job)
    assert turns == [1, 2, 3]
    assert now.state == JobState.FAILED
    assert now.error["detail"] == "It was begun 3 times, and never came to its end."
    assert alone.told()[-1] == ("job.failed", job.id, None)


def test_a_job_that_is_given_back_waits_as_if_nobody_had_begun(alone):
    job = alone.job()
    taken = alone.take()
    alone.keep(taken, 70)

    alone.give_back(taken)

    now = alone.now(job)
    assert (now.state, now.progress, now.lease_until) == (JobState.QUEUED, 0, None)
    again = alone.take()
    assert (again.id, again.turn, again.interruptions) == (job.id, 2, 0)


def test_the_jobs_of_an_archived_organization_are_not_done_and_not_seen(alone):
    running = alone.job()
    taken = alone.take()
    job = alone.job()

    archive(alone)

    assert alone.take() is None
    assert [alone.now(each).state for each in (running, job)] == [JobState.CANCELLED] * 2
    with pytest.raises(Superseded):
        alone.succeed(taken)
    assert alone.results() == []
    for act in (alone.ask, lambda: alone.seen(job), lambda: alone.result(job)):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(NotFound):
        alone.cancel(job)


def test_with_an_organization_its_jobs_and_their_results_are_removed_for_good(alone):
    alone.ask()
    alone.succeed(alone.take())
    archive(alone)

    with alone.database.write() as tx:
        slug = alone.school.organization.slug
        deleted = Purge(policy=POLICY).purge(tx, Actor.system(), slug)

    assert (deleted["jobs"], deleted["job_results"]) == (1, 1)
    assert (alone.count(), alone.results()) == (0, [])


def test_a_job_is_thrown_away_with_its_result_after_seven_days(alone, clock):
    old = alone.job()
    alone.succeed(alone.take())
    clock.advance(seconds=1)
    young = alone.job()
    sweeper = Sweeper(alone.database)

    clock.set(old.expires_at - timedelta(milliseconds=1))
    before = sweeper.once().records, alone.count(), len(alone.results())
    clock.set(old.expires_at)
    after = sweeper.once().records, alone.count(), alone.results()

    assert before == (0, 2, 1)
    assert after == (1, 1, [])
    assert alone.now(young).state == JobState.QUEUED


def test_a_pass_throws_away_no_more_files_than_a_writer_can_in_a_moment(alone, clock):
    with alone.database.write() as tx:
        for _ in range(12):
            factories.a_finished_job(tx, alone.id, expires_at=clock.now())
    sweeper = Sweeper(alone.database)

    records = [sweeper.once().records for _ in range(3)]

    assert records == [10, 2, 0]
    assert alone.results() == []


def test_an_organization_keeps_the_files_of_its_five_newest_exports(alone, clock):
    jobs = []
    for number in range(RESULTS + 2):
        clock.advance(seconds=1)
        jobs.append(alone.job())
        alone.succeed(alone.take(), body=b"%d" % number)

    assert sorted(alone.results()) == [b"2", b"3", b"4", b"5", b"6"]
    assert [alone.now(job).state for job in jobs] == [JobState.SUCCEEDED] * len(jobs)
    with pytest.raises(NotFound):
        alone.result(jobs[1])
    assert alone.seen(jobs[1]).verdicts["result"] != ()
    assert alone.seen(jobs[2]).verdicts["result"] == ()


def test_the_files_of_others_are_not_counted(alone, clock):
    with alone.database.write() as tx:
        other = factories.an_organization(tx).id
        for _ in range(RESULTS):
            factories.a_finished_job(tx, other)
    alone.job()

    alone.succeed(alone.take())

    with alone.database.read() as tx:
        kept = tx.all(select(JobResult.job_id).where(JobResult.organization_id == other))
    assert len(kept) == RESULTS


def test_who_is_at_a_job_that_is_thrown_away_writes_nothing(alone, clock):
    alone.ask()
    clock.advance(days=KEPT.days, seconds=-1)
    taken = alone.take()
    clock.advance(seconds=1)
    Sweeper(alone.database).once()

    with pytest.raises(Superseded):
        alone.succeed(taken)

    assert (alone.count(), alone.results()) == (0, [])


def test_when_a_student_is_erased_results_go_and_what_runs_begins_anew(alone):
    done, running, waiting = [alone.job() for _ in range(3)]
    student = alone.school.a_student()
    alone.succeed(alone.take())
    taken = alone.take()
    alone.keep(taken, 80)

    alone.erase(student)

    with pytest.raises(Superseded):
        alone.succeed(taken)
    with pytest.raises(NotFound):
        alone.result(done)
    states = {job.id: alone.now(job).state.value for job in (done, running, waiting)}
    assert sorted(states.values()) == ["queued", "queued", "succeeded"]
    assert (alone.results(), alone.now(taken).progress) == ([], 0)
    assert alone.take().interruptions == 0
    assert [kind for kind, *_ in alone.told()] == ["job.created"] * 3 + ["job.succeeded"]


def test_what_other_organizations_made_stays_when_a_student_is_erased(alone):
    other = Office.of(alone.database)
    other.ask()
    other.succeed(other.take())
    other.ask()
    taken = other.take()

    alone.erase(alone.school.a_student())

    assert other.results() == [b"PK"]
    other.keep(taken)
    assert other.now(taken).state == JobState.RUNNING


def test_the_table_takes_no_job_whose_columns_disagree(alone):
    wrong = [
        {"state": JobState.RUNNING},
        {"state": JobState.SUCCEEDED},
        {"error": {"code": "internal-error"}},
        {"progress": 101},
    ]
    job = alone.job()

    for columns in wrong:
        with pytest.raises(Exception, match="ck_jobs_"), alone.database.write() as tx:
            tx.execute(update(Job).where(Job.organization_id == alone.id).values(**columns))

    with alone.database.read() as tx:
        stored = tx.first(select(Job.state).where(Job.organization_id == alone.id))
    assert (stored.state, alone.now(job).progress) == (JobState.QUEUED, 0)
