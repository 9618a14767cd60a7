import threading

import pytest
from sqlalchemy import event, literal, select

ONE = select(literal(1))


@pytest.fixture
def checkouts(fresh_database):
    """The pool's checkouts of connections for reads."""
    seen = []
    event.listen(fresh_database._reads, "checkout", lambda *_: seen.append(threading.get_ident()))
    return seen


def in_a_new_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def read_once(database):
    with database.read() as tx:
        return tx.scalar(ONE)


def test_the_reads_of_a_thread_share_one_connection(fresh_database, checkouts):
    def three_reads():
        for look in (fresh_database.read, fresh_database.snapshot, fresh_database.read):
            with look() as tx:
                assert tx.scalar(ONE) == 1

    in_a_new_thread(three_reads)

    assert len(checkouts) == 1


def test_a_read_within_a_read_has_a_connection_of_its_own(fresh_database):
    with fresh_database.read() as outer, fresh_database.read() as inner:
        assert outer.connection is not inner.connection


def test_threads_leave_one_connection_for_others(fresh_database):
    size = fresh_database._reads.pool.size()
    everybody_has_read = threading.Barrier(size + 3)
    it_was_counted = threading.Event()

    def read_and_stay():
        read_once(fresh_database)
        everybody_has_read.wait()
        it_was_counted.wait()
        read_once(fresh_database)

    threads = [threading.Thread(target=read_and_stay) for _ in range(size + 2)]
    for thread in threads:
        thread.start()
    everybody_has_read.wait()
    kept = fresh_database._reads.pool.checkedout()
    it_was_counted.set()
    for thread in threads:
        thread.join()

    assert kept == size - 1


def test_the_connection_of_a_thread_that_ends_goes_back(fresh_database):
    before = fresh_database._reads.pool.checkedout()

    in_a_new_thread(lambda: read_once(fresh_database))

    assert fresh_database._reads.pool.checkedout() == before


def test_a_failed_read_keeps_its_connection(fresh_database, checkouts):
    def fail_and_read():
        with pytest.raises(ZeroDivisionError), fresh_database.read():
            raise ZeroDivisionError
        read_once(fresh_database)

    in_a_new_thread(fail_and_read)

    assert len(checkouts) == 1


def test_closing_the_database_closes_what_threads_kept(fresh_database):
    read_once(fresh_database)

    fresh_database.close()

    assert fresh_database._reads.pool.checkedout() == 0


@pytest.mark.parametrize("way", ["_reads", "engine"])
def test_a_thread_that_ends_gives_its_connection_back_whoever_still_knows_it(fresh_database, way):
    pool, known = getattr(fresh_database, way).pool, []
    before = pool.checkedout()

    def work():
        with (fresh_database.read if way == "_reads" else fresh_database.write)() as tx:
            known.append(tx.connection)
            assert tx.scalar(ONE) == 1

    in_a_new_thread(work)

    assert known
    assert pool.checkedout() == before
