"""The connections that threads read with, each kept by its thread between two reads."""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import Connection, Engine
from sqlalchemy.pool import QueuePool


class _Pocket(threading.local):
    connection: Connection | None = None
    is_lent = False


class KeptReads:
    """Connections of one engine of reads.

    To go to the pool for each statement would cost more than the smallest of them. One connection
    of the pool is never kept, so that more threads than there should be still have their turns.
    """

    def __init__(self, engine: Engine) -> None:
        self._connect = engine.connect
        pool = engine.pool
        self._most = pool.size() - 1 if isinstance(pool, QueuePool) else 0
        self._pocket = _Pocket()
        self._lock = threading.Lock()
        self._kept: WeakSet[Connection] = WeakSet()

    @staticmethod
    def of(engine: Engine) -> KeptReads:
        """The one for this engine, whoever works with it."""
        return _OF_ENGINE.setdefault(engine, KeptReads(engine))

    def borrow(self) -> Connection:
        """A connection to read with, until it is `put_away`; a second one is the pool's."""
        pocket = self._pocket
        connection = pocket.connection
        if connection is None or pocket.is_lent or connection.closed:
            return self._connect()
        pocket.is_lent = True
        return connection

    def put_away(self, connection: Connection) -> None:
        """Keep a connection for the thread's next read, or give it back."""
        if connection.in_transaction():
            # SQLAlchemy's own notion of one, though each statement committed itself: the two hold
            # each other, so that the connection would outlive its thread until a collection.
            connection.rollback()
        pocket = self._pocket
        if connection is pocket.connection:
            pocket.is_lent = False
            if not connection.invalidated:
                return
            pocket.connection = None
        elif self._may_keep(connection):
            pocket.connection = connection
            return
        with self._lock:
            self._kept.discard(connection)
        connection.close()

    def let_go(self) -> None:
        """Give everything back that threads keep."""
        with self._lock:
            kept = list(self._kept)
            self._kept.clear()
        for connection in kept:
            connection.close()

    def _may_keep(self, connection: Connection) -> bool:
        own = self._pocket.connection
        if own is not None and not own.closed:
            return False
        with self._lock:
            if connection.invalidated or len(self._kept) >= self._most:
                return False
            self._kept.add(connection)
            return True


_OF_ENGINE: WeakKeyDictionary[Engine, KeptReads] = WeakKeyDictionary()
