import csv
import json
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.cli.rehearsal.directory import NotReady
from api.cli.rehearsal.school import School, environment, temporary_school
from api.cli.rehearsal.servers import ROOT
from tests import factories
from tests.cli.commands import run


def test_a_school_on_sqlite_is_a_folder_that_is_gone_afterwards():
    with temporary_school("sqlite", rate_limit="off") as school:
        (school.work / "rehearsal.sqlite3").touch()
        url = school.env["HOMEROOM_DATABASE_URL"]

    assert school.dialect == "sqlite"
    assert url == f"sqlite:///{school.work}/rehearsal.sqlite3"
    assert not school.work.exists()


def test_a_school_may_be_kept():

    with temporary_school("sqlite", rate_limit="off", keep=True) as school:
        pass

    assert school.work.exists()
    school.work.rmdir()


@pytest.mark.postgresql
def test_a_school_on_a_named_server_is_a_database_that_is_gone_afterwards(postgresql_databases):
    server = postgresql_databases.create("rehearsals")

    with temporary_school(server, rate_limit="off") as school:
        url = sa.make_url(school.env["HOMEROOM_DATABASE_URL"])
        there = names_of(url)

    assert school.dialect == "postgresql"
    assert url.database in there
    assert url.database not in names_of(url.set(database=sa.make_url(server).database))
    postgresql_databases.drop("rehearsals")


def names_of(url):
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return set(connection.scalars(sa.text("SELECT datname FROM pg_database")))


def test_the_settings_of_the_caller_do_not_leak_into_the_run(tmp_path, monkeypatch):
    monkeypatch.setenv("HOMEROOM_REDIS_URL", "redis://elsewhere")

    env = environment("sqlite:///file", rate_limit="off", work=tmp_path)

    assert "HOMEROOM_REDIS_URL" not in env
    assert env["HOMEROOM_RATE_LIMIT"] == env["HOMEROOM_REGISTRATION_RATE_LIMIT"] == "off"
    assert env["HOMEROOM_ENV"] == "production"
    assert len(env["HOMEROOM_SECRET_KEY"]) > 32


@pytest.mark.parametrize(
    ("asked", "limits"),
    [("default", {}), ("60/minute", {"HOMEROOM_REGISTRATION_RATE_LIMIT": "60/minute"})],
)
def test_the_limits_can_be_left_on_or_a_students_be_set(tmp_path, asked, limits):
    env = environment("sqlite:///file", rate_limit=asked, work=tmp_path)

    assert {name: value for name, value in env.items() if "RATE_LIMIT" in name} == limits


def test_a_command_that_fails_is_named_with_its_status(tmp_path):
    school = School(
        work=tmp_path,
        env=environment("sqlite:///x", rate_limit="off", work=tmp_path),
        dialect="sqlite",
    )

    with pytest.raises(NotReady, match="homeroom dance --wildly ended with 2"):
        school.run("dance", "--wildly")

    assert school.timings["dance --wildly"] > 0


def test_a_command_of_the_school_answers_what_it_printed(tmp_path):
    school = School(
        work=tmp_path,
        env=environment("sqlite:///x", rate_limit="off", work=tmp_path),
        dialect="sqlite",
    )

    assert school.run("--help", name="help").startswith("Usage: homeroom")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_page_says_what_each_line_of_a_tokens_file_is_for(fresh_database_url, fresh_database):
    with fresh_database.write() as tx:
        factories.an_organization(tx)

    printed = run(fresh_database_url, "tokens", "issue", "--all-students", "--json")

    page = (ROOT / "docs" / "rehearsal.md").read_text()
    told = re.findall(r'^\| `\{"role": "(\w+)"', page, re.MULTILINE)
    assert told == [json.loads(line)["role"] for line in printed.splitlines()]


def test_a_short_run_seeds_only_the_students_who_take_part(tmp_path):
    class Recorded(School):
        def run(self, *arguments, name=None):
            told.append((name, arguments))
            return '{"role": "registrar", "token": "t"}\n' if arguments[0] == "tokens" else ""

    told = []
    everybody = tmp_path / "all.csv"
    everybody.write_text("student,sections\nS1,001 002\nS2,001\n")
    school = Recorded(work=tmp_path, env={}, dialect="sqlite")

    tokens = school.fill(tmp_path, everybody, only={"S2"})

    assert tokens.registrar == "t"
    assert [name for name, _ in told] == [
        "migrate",
        "seed catalogue",
        "seed students",
        "issue tokens",
    ]
    seeded = told[2][1][-1]
    with Path(seeded).open(newline="") as rows:
        assert list(csv.reader(rows)) == [["student", "sections"], ["S2", "001"]]
