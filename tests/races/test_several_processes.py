"""Two servers of one database, of which one is killed and another started, while a crowd visits."""

from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from api.clock import SystemClock
from api.models.database import Database
from tests.apps import SECRET_KEY
from tests.races.rush import broken, rush
from tests.races.visitors import Visitors
from tests.servers.programs import ROOT, one_port
from tests.services.school import School

BEFORE_THE_KILL = 15
VISITS = 6
"""How many crowds come to where two may meet: on a busy machine one may miss the moment."""


@pytest.fixture
def visitors(fresh_database):
    return visitors_of(fresh_database)


def visitors_of(database, seed=0):
    by_system_clock = Database(database.engine, database._reads, SystemClock())
    return Visitors(School.found(by_system_clock), seed)


@contextmanager
def serving(tmp_path, url, visitors, **options):
    """A server in a process of its own, at whose door the visitors may ask; gives the process."""
    settings = {
        "HOMEROOM_DATABASE_URL": url,
        "HOMEROOM_SECRET_KEY": SECRET_KEY,
        "HOMEROOM_RATE_LIMIT": "off",
        "HOMEROOM_REGISTRATION_RATE_LIMIT": "off",
        "PYTHONPATH": str(ROOT),
    }
    with one_port(tmp_path, **options, **settings) as (process, client):
        visitors.doors.append(str(client.base_url))
        yield process


@pytest.mark.race(
    "test_twin_of_two_servers_without_the_lock_of_the_class_two_answers_are_one_event"
)
def test_what_two_servers_answered_is_there_though_one_is_killed(
    visitors, fresh_database_url, tmp_path, backend
):
    with ExitStack() as servers:

        def serve():
            return servers.enter_context(serving(tmp_path, fresh_database_url, visitors))

        # SQLite is one process: between the kill and the next start nobody answers.
        others = [serve() for _ in range(backend == "postgresql")]
        killed = serve()

        def kill():
            visitors.await_answers(BEFORE_THE_KILL)
            killed.kill()
            killed.wait()
            serve()
            visitors.doors.pop(len(others))

        refusals, failures = rush([*visitors.acts(), kill])

    assert (refusals, failures, visitors.wrong) == ([], [], [])
    assert visitors.done() == visitors.told()
    assert broken(visitors.school) == []


@pytest.mark.twin
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_twin_of_two_servers_without_the_lock_of_the_class_two_answers_are_one_event(
    without, fresh_database_url, tmp_path
):
    database = without(events=["pk_events"])
    first = visitors_of(database)
    program = Path(__file__).parent / "unlocked_server.py"
    with ExitStack() as servers:
        for _ in range(2):
            servers.enter_context(serving(tmp_path, fresh_database_url, first, program=program))
        for seed in range(VISITS):
            visitors = visitors_of(database, seed)
            visitors.doors = first.doors
            rush(visitors.acts())
            found = broken(visitors.school)
            if 12 in found:
                break

    assert 12 in found
