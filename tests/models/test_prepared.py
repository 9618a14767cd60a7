import pytest
from sqlalchemy import Integer, Text, bindparam, cast, func, select, text
from sqlalchemy.exc import DBAPIError

from api.models import Organization, SchoolClass, Token, libpq, prepared
from api.models.database import Database
from tests import factories

BY_ID = select(SchoolClass).where(SchoolClass.id == bindparam("class_id"))
BY_STATUS = select(SchoolClass.id).where(
    SchoolClass.organization_id == bindparam("organization_id"),
    SchoolClass.status.in_(bindparam("statuses", expanding=True)),
)


@pytest.fixture
def a_class(database):
    with database.write() as tx:
        return factories.a_class(tx, windows=[{"audience": None}], drop_until=tx.now())


def test_every_kind_of_column_comes_back_as_it_does_the_ordinary_way(database, a_class):
    with database.read() as tx:
        ordinary = tx.execute(BY_ID, {"class_id": a_class.id}).one()
        first, second = (tx.first(BY_ID, class_id=a_class.id) for _ in range(2))

    assert prepared._uses(BY_ID)[0] >= 2
    assert tuple(first) == tuple(second) == tuple(ordinary)
    assert [type(value) for value in second] == [type(value) for value in ordinary]
    assert second._asdict() == ordinary._asdict()
    assert second.title == a_class.title


def test_a_read_without_rows_has_none(database, a_class):
    with database.read() as tx:
        found = [tx.first(BY_ID, class_id=factories.new_id()) for _ in range(3)]

    assert found == [None, None, None]


@pytest.mark.parametrize("more", [0, 1, 2])
def test_a_list_of_any_length_finds_what_it_names(database, a_class, more):
    statuses = [a_class.status, "cancelled", "ended"][: 1 + more]
    wanted = {"organization_id": a_class.organization_id, "statuses": statuses}

    with database.read() as tx:
        found = [[row.id for row in tx.all(BY_STATUS, **wanted)] for _ in range(3)]
        none = tx.all(BY_STATUS, organization_id=a_class.organization_id, statuses=[])

    assert found == [[a_class.id]] * 3
    assert none == []


def test_a_statement_made_for_one_call_is_not_kept(database, a_class):
    statement = select(Organization.name).where(Organization.id == a_class.organization_id)
    before = prepared.prepared.cache_info().currsize

    with database.read() as tx:
        assert tx.scalar(statement) is not None

    assert prepared.prepared.cache_info().currsize == before


def test_a_read_that_the_driver_refuses_is_run_again_the_ordinary_way(database, monkeypatch):
    statement = select(func.count()).select_from(Token)
    with database.read() as tx:
        counts = [tx.scalar(statement) for _ in range(2)]
        ready = prepared.prepared(statement, tx.dialect)
        monkeypatch.setattr(ready, "sql", "SELECT nothing FROM nowhere")
        monkeypatch.setattr(ready, "name", b"homeroom_unknown")

        again = tx.scalar(statement)

    assert [again] == counts[:1]


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_dead_connection_is_replaced(database: Database, a_class):
    with database.read() as tx:
        for _ in range(2):
            tx.first(BY_ID, class_id=a_class.id)
        process = tx.execute(text("SELECT pg_backend_pid()")).scalar()
        with database.write() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": process})

        found = tx.first(BY_ID, class_id=a_class.id)

    assert found is not None


def test_no_statement_has_the_name_of_one_that_was_thrown_away(database):
    names = {prepared.Prepared(BY_ID, database.dialect, ()).name for _ in range(20)}

    assert len(names) == 20


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_connection_keeps_no_more_statements_than_a_process_compiles(fresh_database, monkeypatch):
    monkeypatch.setattr(libpq, "KEPT", 2)
    statements = [BY_STATUS.limit(limit) for limit in range(1, 6)]
    wanted = {"organization_id": factories.new_id(), "statuses": ["open"]}

    with fresh_database.read() as tx:
        for statement in statements * 2:
            tx.first(statement, **wanted)
        kept = tx.execute(
            text("SELECT count(*) FROM pg_prepared_statements WHERE name ~ '[0-9]'")
        ).scalar()

    assert kept == 2


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("way", ["read", "write"])
def test_a_statement_whose_first_run_failed_gives_rows_the_next_time(fresh_database, way):
    number = select(cast(bindparam("text", type_=Text), Integer))

    for _ in range(3):
        with pytest.raises(DBAPIError), getattr(fresh_database, way)() as tx:
            tx.all(number, text="none")
    for _ in range(3):
        with getattr(fresh_database, way)() as tx:
            assert tx.scalar(number, text="3") == 3


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_more_than_a_socket_takes_at_once_is_sent_whole(fresh_database):
    length = select(func.length(cast(bindparam("text", type_=Text), Text)))

    for _ in range(2):
        with fresh_database.write() as tx:
            assert tx.scalar(length, text="a" * 10_000_000) == 10_000_000
