"""How a program starts: settings, logs, then an application on a database that fits it."""

import gc
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from flask import Flask

from api import logs
from api.app import Homeroom, create_app
from api.errors import Unavailable
from api.http.hold import Hold
from api.models.engines import UnsuitableDatabase
from api.models.fitness import check_fit, timeouts
from api.release import RELEASE
from api.settings import SettingRefused, Settings

LOOK_SECONDS: Final = 1
"""How long a process that waits for its database rests between two looks."""

log = logging.getLogger("homeroom.startup")


def settings_of(environ: Mapping[str, str]) -> Settings:
    """Read the settings, and log from now on in the form that they name.

    Raises:
        SystemExit: a setting is refused; the text says what to do.
    """
    try:
        settings = Settings.from_environment(environ)
    except SettingRefused as refused:
        sys.exit(f"homeroom: {refused}")
    logs.configure(settings.log)
    return settings


def _nothing() -> None:
    """Nothing is to be prepared."""


def application_of(settings: Settings, prepare: Callable[[], None] = _nothing) -> Flask:
    """Build the application on a database that fits this release; sweeper and worker run then.

    `prepare` may make that database, and is called before it is looked at. A server that does not
    answer yet is waited for: until then the application refuses all that needs it by 503.

    Raises:
        SystemExit: the database is a file that cannot be opened, is behind the code or ahead of
            it; the text says which.
    """
    try:
        away = _refusal_of(prepare)
        app = create_app(settings)
        homeroom: Homeroom = app.extensions["homeroom"]
        away = away or _refusal_of(lambda: _begin_or_close(homeroom))
    except UnsuitableDatabase as unsuitable:
        sys.exit(f"homeroom: {unsuitable}")
    except Unavailable:
        sys.exit("homeroom: the database that HOMEROOM_DATABASE_URL names does not answer")
    if settings.workers > 1 and settings.redis_url is None:
        log.warning("each of %d processes keeps its share of the rate limits", settings.workers)
    if away is not None:
        homeroom.starting.set()
        Hold(app, homeroom.starting).attach()
        told = _with_cause(away)
        log.warning("the database does not answer: operations are refused until it does: %s", told)
        start = _LateStart(homeroom=homeroom, prepare=prepare)
        threading.Thread(target=start.wait, name="start", daemon=True).start()
    # What was built stays for as long as the process: collections need not look it over again.
    gc.collect()
    gc.freeze()
    return app


def _refusal_of(act: Callable[[], None]) -> Unavailable | None:
    try:
        act()
    except Unavailable as away:
        return away
    return None


def _begin(homeroom: Homeroom) -> None:
    """Look whether the database fits, and let sweeper and worker run, unless settings say no.

    Raises:
        UnsuitableDatabase: it does not fit.
        Unavailable: it does not answer.
    """
    with homeroom.database.read() as tx:
        check_fit(tx, release=RELEASE)
        endless = [name for name, value in timeouts(tx).items() if value == "0"]
    if endless:
        log.warning("a request may wait for ever, for it is 0: %s", ", ".join(endless))
    if homeroom.settings.sweeper:
        homeroom.sweeper.start()
    if homeroom.settings.jobs:
        homeroom.worker.start()


def _begin_or_close(homeroom: Homeroom) -> None:
    try:
        _begin(homeroom)
    except UnsuitableDatabase:
        homeroom.close()
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _LateStart:
    """What is left of a start whose database was away, done as soon as it can be."""

    homeroom: Homeroom
    prepare: Callable[[], None]

    def wait(self) -> None:
        """Look every second, until the database is there and fits or the process stops.

        One that does not fit is waited for as well: somebody is about to migrate it.
        """
        told = None
        while not self.homeroom.stopping.wait(LOOK_SECONDS):
            reason = self._why_not()
            if reason is None:
                self.homeroom.starting.clear()
                log.warning("the database is there: operations are served")
                return
            if repr(reason) != told:
                told = repr(reason)
                is_fault = not isinstance(reason, Unavailable | UnsuitableDatabase | SystemExit)
                trace = reason if is_fault else None
                log.warning("not started yet: %s", _with_cause(reason), exc_info=trace)

    def _why_not(self) -> BaseException | None:
        try:
            self.prepare()
            _begin(self.homeroom)
        except (Exception, SystemExit) as reason:  # noqa: BLE001  # see the next line
            # Whatever it is, for nobody would start this thread again.
            return reason
        return None


def _with_cause(reason: BaseException) -> str:
    """A reason with what the driver said of it, on one line; drivers tell no passwords."""
    cause = getattr(reason.__cause__, "orig", None)
    return str(reason) if cause is None else f"{reason} {' '.join(str(cause).split())}"
