import threading
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import create_engine, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError

import api.models
from api.authz.scopes import Scope
from api.clock import SystemClock
from api.errors import Busy
from api.models import IdempotencyKey, Organization, SchemaInfo, Token, migrate
from api.models.base import db
from api.models.database import open_database
from api.models.engines import UnsuitableDatabase
from api.models.schema_info import check_schema, revision_of, schema_is_current
from tests import factories

RELEASE = "1.0.0"


def test_up_and_down_and_up_again(bare_database_url):
    migrate.upgrade(bare_database_url)
    up = _schema(bare_database_url)

    migrate.downgrade(bare_database_url)
    down = _schema(bare_database_url)
    migrate.upgrade(bare_database_url)

    assert set(up) == {*db.metadata.tables, "alembic_version"}
    assert set(down) == {"alembic_version"}
    assert _schema(bare_database_url) == up


def test_each_step_down_leaves_what_the_step_up_had_begun_with(bare_database_url):
    revisions = _revisions()
    standing = {}
    for revision in revisions:
        migrate.upgrade(bare_database_url, revision)
        standing[revision] = _columns(bare_database_url)
        assert migrate.current(bare_database_url) == revision

    for revision in reversed(revisions[:-1]):
        migrate.downgrade(bare_database_url, revision)

        assert migrate.current(bare_database_url) == revision
        assert _columns(bare_database_url) == standing[revision]


def test_a_token_for_everything_is_one_for_jobs_and_back(bare_database_url):
    migrate.upgrade(bare_database_url, "0004")
    everything = sorted(scope for scope in Scope if not scope.startswith("jobs:"))
    some = ["account:read", "catalogue:read"]
    with opened(bare_database_url) as database, database.write() as tx:
        for scopes in (everything, some):
            factories.a_token(tx, scopes=scopes)

    migrate.upgrade(bare_database_url)
    up = scopes_of_tokens(bare_database_url)
    migrate.downgrade(bare_database_url, "0004")
    down = scopes_of_tokens(bare_database_url)

    assert up == [some, sorted(Scope)]
    assert down == [some, everything]


@contextmanager
def opened(url):
    """A database at whatever revision."""
    options = {"threads": 1, "pooler": "none", "clock": SystemClock()}
    database = open_database(Flask(__name__), url=url, **options)
    try:
        yield database
    finally:
        database.close()


def scopes_of_tokens(url):
    with opened(url) as database, database.read() as tx:
        return sorted((row.scopes for row in tx.all(select(Token.scopes))), key=len)


def test_what_is_stored_survives_the_way_down_and_up(fresh_database_url, fresh_database):
    with fresh_database.write() as tx:
        organization = factories.an_organization(tx)
        user = factories.a_user(tx)
        tx.execute(insert(IdempotencyKey), _a_kept_answer(user.id, fresh_database.clock.now()))
    before = _rows(fresh_database)
    fresh_database.close()

    for revision in reversed(_revisions()[:-1]):
        migrate.downgrade(fresh_database_url, revision)
    migrate.upgrade(fresh_database_url)

    assert _rows(fresh_database) == before
    assert before[0].id == organization.id


def test_the_migrations_make_exactly_the_tables_of_the_code(bare_database_url, fresh_database_url):
    engine = create_engine(migrate.database_url(bare_database_url))
    db.metadata.create_all(engine)
    engine.dispose()

    migrated = _schema(fresh_database_url)
    del migrated["alembic_version"]

    assert migrated == _schema(bare_database_url)


def test_the_newest_revision_is_the_one_that_the_code_needs():
    assert _revisions()[-1] == migrate.head()


def test_a_database_knows_where_it_stands(bare_database_url):
    before = migrate.current(bare_database_url)
    migrate.upgrade(bare_database_url)

    assert (before, migrate.current(bare_database_url)) == (None, migrate.head())


def test_flask_migrate_runs_the_same_migrations(bare_database_url):
    app = Flask("api")
    database = open_database(
        app, url=bare_database_url, threads=1, pooler="none", clock=SystemClock()
    )
    flask_migrate.Migrate(app, db, directory=str(migrate.FOLDER))

    with app.app_context():
        flask_migrate.upgrade()
        flask_migrate.check()
    database.close()

    assert migrate.current(bare_database_url) == migrate.head()


def test_nothing_is_made_by_asking_where_a_database_stands(tmp_path):
    assert migrate.current(f"sqlite:///{tmp_path}/none.sqlite3") is None
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_file_is_made(tmp_path):
    migrate.upgrade(f"sqlite:///{tmp_path}/var/new/homeroom.sqlite3")

    assert Path(tmp_path, "var", "new", "homeroom.sqlite3").exists()


def test_several_processes_may_migrate_at_once(bare_database_url):
    failures = []

    def migrate_it():
        try:
            migrate._run(bare_database_url, lambda command, config: command.upgrade(config, "head"))
        except Exception as failure:
            failures.append(failure)

    # In one process Alembic's own context is not safe for threads, so one of them is an outsider
    # that holds the database for a while.
    outsider = migrate._engine(bare_database_url)
    with outsider.begin() as connection:
        migrate._alone(connection)
        thread = threading.Thread(target=migrate_it)
        thread.start()
        thread.join(timeout=0.3)
        waited = thread.is_alive()
    thread.join()
    outsider.dispose()

    assert waited
    assert failures == []
    assert migrate.current(bare_database_url) == migrate.head()


def test_a_migration_that_never_gets_its_turn_gives_up(bare_database_url, monkeypatch):
    monkeypatch.setattr(migrate, "_ATTEMPTS", 2)
    monkeypatch.setattr(migrate, "_LOCK_WAIT_MS", 10)
    outsider = migrate._engine(bare_database_url)

    with outsider.begin() as connection:
        migrate._alone(connection)
        with pytest.raises(Busy):
            migrate.upgrade(bare_database_url)
    outsider.dispose()

    assert migrate.current(bare_database_url) is None


def test_a_current_database_is_left_alone(fresh_database_url, monkeypatch):
    monkeypatch.delattr(migrate, "_run")

    migrate.upgrade(fresh_database_url)

    assert migrate.current(fresh_database_url) == migrate.head()


def test_a_migration_that_fails_is_not_tried_again(bare_database_url):
    database = _open(bare_database_url)
    with database.write() as tx:
        tx.execute(text("CREATE TABLE users (id INTEGER)"))
    database.close()

    with pytest.raises(DBAPIError, match="users"):
        migrate.upgrade(bare_database_url)

    assert set(_schema(bare_database_url)) == {"users"}


def test_a_database_without_tables_is_behind(bare_database_url):
    database = _open(bare_database_url)

    with database.read() as tx:
        assert revision_of(tx) is None
    with database.read() as tx:
        assert not schema_is_current(tx)
    with pytest.raises(UnsuitableDatabase, match="behind"), database.read() as tx:
        check_schema(tx, release=RELEASE)
    database.close()


def test_a_database_of_this_release_is_current(fresh_database):
    with fresh_database.read() as tx:
        assert schema_is_current(tx)
        check_schema(tx, release=RELEASE)


def test_a_newer_database_that_still_knows_this_release_is_good(fresh_database):
    _stand_at(fresh_database, "9999", RELEASE)

    with fresh_database.read() as tx:
        check_schema(tx, release=RELEASE)


def test_a_database_that_needs_a_newer_release_is_refused(fresh_database):
    _stand_at(fresh_database, "9999", "0.10.0")

    with (
        pytest.raises(UnsuitableDatabase, match=r"needs release 0\.10\.0"),
        fresh_database.read() as tx,
    ):
        check_schema(tx, release="0.9.0")


def test_a_failure_that_is_not_a_missing_table_is_not_taken_for_one(fresh_database):
    with fresh_database.write() as tx:
        tx.execute(text("ALTER TABLE schema_info RENAME COLUMN revision TO other"))

    with pytest.raises(Exception, match="revision"), fresh_database.read() as tx:
        revision_of(tx)


def test_every_table_has_its_description():
    tables = [mapper.class_ for mapper in api.models.base.Base.registry.mappers]

    assert len(tables) == len(db.metadata.tables)
    assert all(table.__doc__ for table in tables)


def _open(url):
    return open_database(Flask("api"), url=url, threads=1, pooler="none", clock=SystemClock())


def _stand_at(database, revision, oldest_release):
    with database.write() as tx:
        tx.execute(update(SchemaInfo).values(revision=revision, oldest_release=oldest_release))


def _revisions():
    return sorted(file.name[:4] for file in (migrate.FOLDER / "versions").glob("[0-9]*.py"))


def _a_kept_answer(user_id, now):
    return {
        "user_id": user_id,
        "method": "POST",
        "path": "/v1/organizations",
        "key": "k",
        "fingerprint": b"f",
        "status": 201,
        "body": b"{}",
        "created_at": now,
        "expires_at": now,
    }


def _rows(database):
    with database.snapshot() as tx:
        return [*tx.all(select(Organization)), *tx.all(select(IdempotencyKey))]


def _columns(url):
    """Name the columns, with what may be in them; a column that came back is the last."""
    return {
        table: {column[:3] for column in parts["columns"]} for table, parts in _schema(url).items()
    }


def _schema(url):
    """Tell all that the database says of its tables, in a form that can be compared."""
    engine = create_engine(migrate.database_url(url))
    found = inspect(engine)
    schema = {
        name: {
            "columns": [
                (column["name"], repr(column["type"]), column["nullable"], column["default"])
                for column in found.get_columns(name)
            ],
            "primary key": found.get_pk_constraint(name),
            "foreign keys": _sorted(found.get_foreign_keys(name)),
            "unique": _sorted(found.get_unique_constraints(name)),
            "checks": _sorted(found.get_check_constraints(name)),
            "indexes": _indexes(engine, name),
        }
        for name in found.get_table_names()
    }
    engine.dispose()
    return schema


def _indexes(engine, table):
    # The text itself, for SQLAlchemy reads an index on an expression back in part only.
    source = (
        "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name"
        if engine.dialect.name == "sqlite"
        else "SELECT indexdef FROM pg_indexes WHERE tablename = :name"
    )
    with engine.connect() as connection:
        return sorted(str(row[0]) for row in connection.execute(text(source), {"name": table}))


def _sorted(found):
    return sorted(found, key=lambda constraint: str(constraint["name"]))
