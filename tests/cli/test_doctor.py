from datetime import timedelta

import pytest
from sqlalchemy import insert

from api.clock import SystemClock
from api.models import PromotionDue
from tests import factories
from tests.cli.commands import run, run_json

PRODUCTION = {
    "HOMEROOM_ENV": "production",
    "HOMEROOM_SECRET_KEY": "a key that is shown to nobody at all, ever",
    "HOMEROOM_PUBLIC_URL": "https://homeroom.example.edu",
}


def told_of(document):
    return [finding["what"] for finding in document["findings"]]


def test_a_sound_installation_is_all_well(fresh_database_url, backend):
    document = run_json(fresh_database_url, "doctor")

    assert document["findings"] == []
    assert document["facts"]["database"].lower().startswith(backend)
    assert document["settings"]["threads"] == "8"


def test_no_secret_is_shown(fresh_database_url, redis_url):
    told = run(
        fresh_database_url,
        "doctor",
        **PRODUCTION,
        HOMEROOM_METRICS_TOKEN="metrics-secret",
        HOMEROOM_REDIS_URL=redis_url,
    )

    assert "shown to nobody" not in told
    assert "metrics-secret" not in told
    assert told.count(" set\n") == 2
    assert told.rstrip().endswith("all well")
    assert "redis  " in told


def test_the_password_in_a_url_is_masked():
    document = run_json("postgresql://ann:hunter2@127.0.0.1:1/homeroom", "doctor", status=1)

    assert "hunter2" not in str(document)
    assert "ann:***@" in document["settings"]["database_url"]
    assert told_of(document) == ["database: The database cannot be reached."]


def test_a_refused_setting_is_the_first_thing_said(fresh_database_url):
    told = run(fresh_database_url, "doctor", HOMEROOM_THREADS="many", status=1)

    assert "WRONG: HOMEROOM_THREADS" in told


def test_a_schema_behind_the_code_is_named_with_its_cure(bare_database_url):
    document = run_json(bare_database_url, "doctor", status=1)

    assert document["findings"] == [
        {
            "what": "the schema is behind the code",
            "cure": "homeroom db upgrade",
            "is_grave": True,
        }
    ]


def test_what_production_should_not_do_is_noted(fresh_database_url):
    document = run_json(
        fresh_database_url,
        "doctor",
        **PRODUCTION,
        HOMEROOM_RATE_LIMIT="off",
        HOMEROOM_OPEN_SIGNUP="on",
        HOMEROOM_SWEEPER="off",
        HOMEROOM_JOBS="off",
        HOMEROOM_WORKERS="4",
    )

    assert told_of(document) == [
        "each of 4 processes keeps its own share of the rate limits",
        "this process does not do what falls due by the clock",
        "this process does no jobs, such as exports",
        "requests are not limited",
        "any stranger can make an account",
    ]


def test_where_jobs_are_off_the_cure_is_a_process_that_does_them(fresh_database_url):
    document = run_json(fresh_database_url, "doctor", HOMEROOM_JOBS="off")

    assert document["settings"]["jobs"] == "off"
    (finding,) = document["findings"]
    assert not finding["is_grave"]
    assert "homeroom work" in finding["cure"]


def test_a_demonstration_in_production_is_grave(fresh_database_url):
    run(fresh_database_url, "seed", "--demo")

    document = run_json(fresh_database_url, "doctor", **PRODUCTION, status=1)

    assert told_of(document)[0].startswith("everybody knows the passwords of owner, registrar")


def test_a_line_that_nobody_sweeps_is_noted(fresh_database_url, fresh_database):
    with fresh_database.write() as tx:
        row = factories.a_class(tx)
        note = {
            "id": factories.new_id(),
            "organization_id": row.organization_id,
            "class_id": row.id,
            "created_at": SystemClock().now() - timedelta(minutes=5),
        }
        tx.execute(insert(PromotionDue), note)

    (what,) = told_of(run_json(fresh_database_url, "doctor"))

    assert what.startswith("lines wait for a sweeper since")


def test_a_redis_that_is_away_is_grave(fresh_database_url):
    away = "redis://127.0.0.1:1/0"

    document = run_json(fresh_database_url, "doctor", HOMEROOM_REDIS_URL=away, status=1)

    assert told_of(document)[0].startswith("redis: ")


@pytest.mark.postgresql
def test_sessions_without_time_limits_are_noted(postgresql_databases):
    url = postgresql_databases.create("unlimited")
    run(url, "db", "upgrade")

    document = run_json(url, "doctor", HOMEROOM_POOLER="transaction")

    assert told_of(document) == [
        "lock_timeout is 0: a request may wait for ever",
        "statement_timeout is 0: a request may wait for ever",
    ]
    postgresql_databases.drop("unlimited")
