"""The connections of an engine, each kept by the thread that uses it between two uses."""

from __future__ import annotations

import threading
from time import monotonic
from weakref import WeakKeyDictionary, WeakSet, finalize

from sqlalchemy import Connection, Engine
from sqlalchemy.pool import QueuePool

from api.models import engines


class _Own:
    """The connection that one thread keeps; `since`: when it was put away."""

    __slots__ = ("__weakref__", "connection", "is_lent", "since")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.is_lent = False
        self.since = monotonic()
        # When its thread ends: whoever else still knows the connection, as the traceback of a
        # refusal may, the pool gets it back.
        finalize(self, connection.close).atexit = False


class _Pocket(threading.local):
    own: _Own | None = None


class KeptConnections:
    """Connections of one engine.

    To go to the pool for each statement would cost more than the smallest of them. One connection
    of the pool is never kept, so that more threads than there should be still have their turns.
    """

    def __init__(self, engine: Engine) -> None:
        self._connect = engine.connect
        pool = engine.pool
        self._most = pool.size() - 1 if isinstance(pool, QueuePool) else 0
        self._pocket = _Pocket()
        self._lock = threading.Lock()
        self._kept: WeakSet[_Own] = WeakSet()

    @staticmethod
    def of(engine: Engine) -> KeptConnections:
        """The one for this engine, whoever works with it."""
        return _OF_ENGINE.setdefault(engine, KeptConnections(engine))

    def borrow(self) -> Connection:
        """A connection of this thread's own until it is `put_away`; a second one is the pool's."""
        own = self._pocket.own
        if own is None or own.is_lent or own.connection.closed:
            return self._connect()
        own.is_lent = True
        return own.connection

    def borrow_alive(self) -> Connection:
        """The same for what cannot be run once more: one that has idled is asked first."""
        connection = self.borrow()
        own = self._own(connection)
        if own is None or monotonic() - own.since < engines.IDLE_SECONDS:
            return connection
        if engines.is_alive(connection):
            return connection
        connection.invalidate()
        self._drop(own)
        return self._connect()

    def put_away(self, connection: Connection) -> None:
        """Keep a connection for the thread's next use, or give it back."""
        if connection.in_transaction():
            # SQLAlchemy's own notion of one, though each statement committed itself: the two hold
            # each other, so that the connection would outlive its thread until a collection.
            connection.rollback()
        own = self._own(connection)
        if own is None:
            if connection.invalidated or not self._keeps(connection):
                connection.close()
        elif connection.invalidated:
            self._drop(own)
        else:
            own.is_lent, own.since = False, monotonic()

    def let_go(self) -> None:
        """Give everything back that threads keep."""
        with self._lock:
            kept = list(self._kept)
            self._kept.clear()
        for own in kept:
            own.connection.close()

    def _own(self, connection: Connection) -> _Own | None:
        own = self._pocket.own
        return own if own is not None and connection is own.connection else None

    def _keeps(self, connection: Connection) -> bool:
        own = self._pocket.own
        if own is not None and not own.connection.closed:
            return False
        with self._lock:
            if len(self._kept) >= self._most:
                return False
            own = _Own(connection)
            self._kept.add(own)
        self._pocket.own = own
        return True

    def _drop(self, own: _Own) -> None:
        self._pocket.own = None
        with self._lock:
            self._kept.discard(own)
        own.connection.close()


_OF_ENGINE: WeakKeyDictionary[Engine, KeptConnections] = WeakKeyDictionary()
