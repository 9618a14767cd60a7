"""`homeroom work`: jobs are done until none waits, or until somebody says so."""

import signal
import threading
import time

import pytest

from api import logs
from api.clock import SystemClock
from api.models.database import Database
from api.models.job import JobState
from api.services.exports import Export
from tests.cli.commands import run, run_json
from tests.services.office import Office

SOON = 20


@pytest.fixture
def office(fresh_database):
    """An office at the time of the command."""
    return Office.of(Database(fresh_database.engine, fresh_database._reads, SystemClock()))


def test_what_waits_is_done_and_counted(fresh_database_url, office):
    jobs = [office.job() for _ in range(2)]

    document = run_json(fresh_database_url, "work", "--once")
    told = run(fresh_database_url, "work", "--once")

    assert (document, told) == ({"jobs": 2}, "jobs taken: 0\n")
    assert [office.now(job).state for job in jobs] == [JobState.SUCCEEDED] * 2
    assert len(office.results()) == 2


def test_an_interrupt_ends_it_at_the_next_step_and_the_job_waits_for_another(
    fresh_database_url, office, monkeypatch
):
    jobs = [office.job() for _ in range(2)]

    def interrupted(export):
        signal.raise_signal(signal.SIGINT)
        export.tell(50)
        pytest.fail("it went on")

    monkeypatch.setattr(Export, "made", interrupted)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    assert run_json(fresh_database_url, "work", "--once") == {"jobs": 1}

    assert [office.now(job).state for job in jobs] == [JobState.QUEUED] * 2
    assert sum(office.now(job).turn for job in jobs) == 1
    assert handlers == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


def test_without_once_it_goes_on_until_a_signal(fresh_database_url, office, monkeypatch):
    main, done, forms, is_over = threading.get_ident(), [], [], threading.Event()
    monkeypatch.setattr(logs, "configure", forms.append)

    def later():
        deadline = time.monotonic() + SOON
        try:
            job = office.job()
            while office.now(job).finished_at is None and time.monotonic() < deadline:
                time.sleep(0.05)
            done.append(office.now(job).state)
        finally:
            if not is_over.is_set():
                signal.pthread_kill(main, signal.SIGINT)

    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    thread = threading.Thread(target=later)
    thread.start()
    try:
        told = run(fresh_database_url, "work")
    finally:
        is_over.set()
        thread.join()

    assert (told, done, forms) == ("", [JobState.SUCCEEDED], ["json"])
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_only_what_ends_by_itself_says_how_much_it_did(fresh_database_url):
    assert "--json is for --once" in run(fresh_database_url, "work", "--json", status=2)


def test_a_database_without_tables_is_refused(bare_database_url):
    for more in ([], ["--once"]):
        run(bare_database_url, "work", *more, status=1)
