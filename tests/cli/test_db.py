import os

import psycopg
import pytest
from sqlalchemy import make_url

from api.models import migrate
from tests.cli.commands import run, run_json

# Other workers use the same server.
APP = f"app_{os.getpid()}"


def test_an_empty_database_is_brought_up_and_stays_there(bare_database_url):
    first = run_json(bare_database_url, "db", "upgrade")
    second = run_json(bare_database_url, "db", "upgrade")

    assert first == {"before": None, "revision": migrate.head()}
    assert second == {"before": migrate.head(), "revision": migrate.head()}


def test_current_says_what_is_needed_and_fails_where_it_is_behind(bare_database_url):
    behind = run_json(bare_database_url, "db", "current", status=1)
    run(bare_database_url, "db", "upgrade")
    current = run_json(bare_database_url, "db", "current")

    assert behind == {"revision": None, "needed": migrate.head(), "is_current": False}
    assert current == {"revision": migrate.head(), "needed": migrate.head(), "is_current": True}


def test_a_downgrade_asks_first_and_then_takes_the_tables_away(fresh_database_url):
    asked = run(fresh_database_url, "db", "downgrade", "base", status=1)
    told = run_json(fresh_database_url, "db", "downgrade", "base", "--yes")

    assert "is lost" in asked
    assert told == {"before": migrate.head(), "revision": None}


def test_people_are_told_in_a_line(bare_database_url):
    assert run(bare_database_url, "db", "upgrade") == f"nothing → {migrate.head()}\n"
    assert run(bare_database_url, "db", "upgrade") == f"stands at {migrate.head()} already\n"
    assert run(bare_database_url, "db", "current").startswith(migrate.head())


def test_a_database_of_another_kind_is_refused_by_name(tmp_path):
    told = run("mysql://there/db", "db", "current", status=1)

    assert told.startswith("homeroom: HOMEROOM_DATABASE_URL: write sqlite:///")


def test_a_server_that_is_away_is_one_line():
    told = run("postgresql://nobody@127.0.0.1:1/none", "db", "current", status=1)

    assert told.startswith("homeroom: The database cannot be reached")


def test_a_new_migration_is_written_beside_the_others(fresh_database_url, tmp_path, monkeypatch):
    (tmp_path / "versions").mkdir()
    present = ["env.py", "script.py.mako", *migrate.FOLDER.glob("versions/[0-9]*.py")]
    for name in (str(path).removeprefix(f"{migrate.FOLDER}/") for path in present):
        (tmp_path / name).write_text((migrate.FOLDER / name).read_text())
    monkeypatch.setattr(migrate, "FOLDER", tmp_path)

    told = run(fresh_database_url, "db", "revision", "-m", "add holds")

    written = tmp_path / "versions" / f"{int(migrate.head()) + 1:04}_add_holds.py"
    assert told.rstrip().endswith(str(written))
    assert f"down_revision = '{migrate.head()}'" in written.read_text()


def test_sqlite_has_no_roles_to_grant_anything_to(tmp_path):
    told = run(f"sqlite:///{tmp_path / 'file'}", "db", "grant", "app", status=1)

    assert told.startswith("homeroom: SQLite has no roles")


@pytest.fixture
def role(postgresql_databases):
    """The URL of a migrated database, on a server with a role that may log in."""
    url = postgresql_databases.create("granted")
    migrate.upgrade(url)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {APP} LOGIN PASSWORD 'app'")
    yield url
    postgresql_databases.drop("granted")
    with psycopg.connect(
        make_url(url).set(database="postgres").render_as_string(hide_password=False),
        autocommit=True,
    ) as owner:
        owner.execute(f"DROP ROLE {APP}")


@pytest.mark.postgresql
def test_a_granted_role_reads_and_writes_rows_and_begins_with_time_limits(role):
    told = run_json(role, "db", "grant", APP)

    as_role = make_url(role).set(username=APP, password="app")
    with psycopg.connect(
        as_role.set(drivername="postgresql").render_as_string(hide_password=False)
    ) as serving:
        limits = [
            serving.execute(f"SHOW {name}").fetchone()[0]
            for name in ("lock_timeout", "statement_timeout", "timezone")
        ]
        serving.execute("DELETE FROM organizations")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            serving.execute("DELETE FROM schema_info")
    assert limits == ["3s", "5s", "UTC"]
    assert told["role"] == APP
    assert all(APP in statement for statement in told["statements"])


@pytest.mark.postgresql
def test_a_role_that_does_not_exist_is_named_with_the_way_to_make_it(role):
    told = run(role, "db", "grant", "nobody-here", status=1)

    assert (
        told
        == "homeroom: there is no role nobody-here on this server: CREATE ROLE nobody-here LOGIN\n"
    )
