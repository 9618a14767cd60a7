"""A rush: everybody at once, each on a thread and a connection of the own; and what holds after."""

import contextlib
import threading
import time

from sqlalchemy import create_engine, text

from api.clock import SystemClock
from api.errors import Refusal
from api.models.database import Database, Transaction
from api.services import verification

PATIENCE_SECONDS = 60
"""For what comes to pass within milliseconds, or never."""

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def rush(acts):
    """Let all act at the same moment; give the refusals, and every other failure."""
    start, refusals, failures = threading.Barrier(len(acts)), [], []

    def run(act):
        start.wait()
        try:
            act()
        except Refusal as refusal:
            refusals.append(refusal.code)
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refusals, failures


def held_up(database, thread):
    """Wait until the thread has come to its end, or to what another transaction holds."""
    patience = time.monotonic() + PATIENCE_SECONDS
    while thread.is_alive() and not _somebody_waits(database):
        assert time.monotonic() < patience, "it neither ends nor waits"
        time.sleep(0.002)


def _somebody_waits(database):
    if database.dialect == "sqlite":
        return bool(database._gate._waiting)
    with database.read() as tx:
        return tx.scalar(_WAITING) > 0


def unlocked(statement):
    """The statement without its lock."""
    bare = statement._clone()
    bare._for_update_arg = None
    return bare


def broken(school):
    """The numbers of the invariants that do not hold in the school."""
    with school.database.snapshot() as tx:
        verdicts = verification.verify(tx, organization_id=school.organization.id)
    return [verdict.number for verdict in verdicts if not verdict.holds]


class Careless(Database):
    """A database whose writes are no transaction: every statement stands for itself."""

    def __init__(self, database, clock=None):
        super().__init__(database.engine, database._reads, clock or SystemClock())
        url = database.engine.url.render_as_string(hide_password=False)
        # The driver's own transactions are off, and nobody begins one.
        self._bare = create_engine(
            url, connect_args={"isolation_level": None, "check_same_thread": False, "timeout": 5}
        )

    @contextlib.contextmanager
    def write(self):
        with self._bare.connect() as connection:
            yield Transaction(lambda: connection, self.dialect, self.clock)

    def close(self):
        self._bare.dispose()
