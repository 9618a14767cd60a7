import threading

import pytest
from sqlalchemy import event, literal, select

ONE = select(literal(1))


@pytest.fixture
def checkouts(engines):
    """The pool's checkouts of connections for reads."""
    seen = []
    note = lambda *_: seen.append(threading.get_ident())
    event.listen(engines.read, "checkout", note)
    yield seen
    event.remove(engines.read, "checkout", note)


def test_the_reads_of_a_request_share_one_connection(database, checkouts, engines):
    database.keep_connection()
    for look in (database.read, database.snapshot, database.read):
        with look() as tx:
            assert tx.scalar(ONE) == 1
    held = engines.read.pool.checkedout()
    database.let_go()

    assert len(checkouts) == 1
    assert held == engines.read.pool.checkedout() + 1


def test_without_a_request_each_read_goes_to_the_pool(database, checkouts):
    for _ in range(3):
        with database.read() as tx:
            tx.scalar(ONE)

    assert len(checkouts) == 3


def test_a_read_within_a_read_has_a_connection_of_its_own(database, checkouts):
    database.keep_connection()
    with database.read() as outer, database.read() as inner:
        assert outer.connection is not inner.connection
    database.let_go()

    assert len(checkouts) == 2


def test_a_failed_read_gives_its_connection_back(database, engines):
    before = engines.read.pool.checkedout()
    database.keep_connection()

    with pytest.raises(ZeroDivisionError), database.read():
        raise ZeroDivisionError
    database.let_go()

    assert engines.read.pool.checkedout() == before


def test_a_request_leaves_no_connection_behind(school):
    pool = school.database._reads.pool
    before = pool.checkedout()

    statuses = [school.owner.get(path).status_code for path in (school.url, "/v1/nothing")]

    assert statuses == [200, 404]
    assert pool.checkedout() == before
