"""`homeroom sweep`: one pass, and what it did."""

from datetime import UTC, datetime, timedelta

from api.clock import SystemClock
from api.models.database import Database
from tests.cli.commands import run, run_json
from tests.services.school import School


def test_a_sweep_settles_what_is_due_and_says_so(fresh_database_url, fresh_database, clock):
    clock.set(datetime(2020, 1, 1, tzinfo=UTC))
    school = School.found(fresh_database)
    school_class = school.a_class(capacity=1, promotion_ends_at=clock.now() + timedelta(days=1))
    for student in school.students(2):
        school.register(school_class, student, wait=True)

    document = run_json(fresh_database_url, "sweep")
    told = run(fresh_database_url, "sweep")

    now = Database(fresh_database.engine, fresh_database._reads, SystemClock())
    school.database = now
    assert document == {"classes": 1, "records": 0}
    assert told == "0 classes settled, 0 old records thrown away\n"
    assert school.states(school_class) == ["enrolled", "expired"]
