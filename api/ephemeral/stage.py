"""One application on a database of its own, thrown away and set up anew at every reset."""

from __future__ import annotations

import dataclasses
import itertools
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from flask import Flask

from api.app import Homeroom, create_app
from api.clock import epoch_ms
from api.ephemeral.chance import Chance
from api.ephemeral.clock import MovableClock
from api.ephemeral.fixtures import School
from api.ephemeral.people import Casting
from api.ids import Ids
from api.models import migrate
from api.services.recent import forget_everything
from api.services.sweeper import Swept
from api.settings import Settings

PASSES: Final = 1000
"""Of the sweeper after one move: a hundred thousand classes."""

EMPTY_PASSES: Final = 2

THREADS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What serves between two resets."""

    app: Flask
    homeroom: Homeroom
    clock: MovableClock
    casting: Casting
    fixtures: dict[str, Any]
    folder: Path
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def settle(self) -> None:
        """Do all that is due by the clock, as the sweeper does.

        Raises:
            Unavailable: the database was busy for too long.
        """
        empty = 0
        for _ in range(PASSES):
            empty = empty + 1 if self.homeroom.sweeper.once() == Swept() else 0
            # After the first, the sweeper's own thread may have been quicker; then more can be due.
            if empty == EMPTY_PASSES:
                break

    def another_organization(self, *, students: int, timezone: str) -> dict[str, Any]:
        """Make an organization that holds its people and nothing else; tell who they are.

        Raises:
            DuplicateName: somebody took the name of one of them, such as `owner-1`.
        """
        number = next(self._numbers)
        organization = {
            "name": f"School {number}",
            "slug": f"ephemeral-{number}",
            "timezone": timezone,
        }
        with self.homeroom.database.write() as tx:
            cast = self.casting.cast(tx, organization, students=students, suffix=f"-{number}")
        return cast.as_members()

    def strike(self) -> None:
        """End, and remove the files."""
        self.homeroom.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Stage:
    """Sets scenes, all alike: same seed, same start of the clock, same password of everybody."""

    def __init__(self, folder: Path, *, seed: int, starts_at: datetime, password_hash: str) -> None:
        """Make the empty database that each scene begins with, in `folder`, and the first scene."""
        self.seed, self.starts_at = seed, starts_at
        self._folder = folder
        self._password_hash = password_hash
        self._empty = folder / "empty.sqlite3"
        self._turn = threading.Lock()
        self._numbers = itertools.count(1)
        migrate.upgrade(f"sqlite:///{self._empty}")
        self.scene = self._set()

    def reset(self) -> Scene:
        """Set a new scene in the place of the old one, whose requests must be over."""
        with self._turn:
            before, self.scene = self.scene, self._set()
            before.strike()
            # The new scene has the ids and versions of the old one, and not its timetables.
            forget_everything()
            return self.scene

    def strike(self) -> None:
        """End the present scene."""
        with self._turn:
            self.scene.strike()

    def _set(self) -> Scene:
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        file = folder / "homeroom.sqlite3"
        shutil.copyfile(self._empty, file)
        clock, chance = MovableClock(self.starts_at), Chance(self.seed)
        ids = Ids(lambda: epoch_ms(clock.now()), randomness=chance.randomness)
        app = create_app(_settings(folder, file), clock=clock, ids=ids)
        homeroom: Homeroom = app.extensions["homeroom"]
        tokens = dataclasses.replace(homeroom.container.tokens, make_secret=chance.secret)
        container = dataclasses.replace(homeroom.container, tokens=tokens)
        casting = Casting(container=container, password_hash=self._password_hash)
        school = School(database=homeroom.database, container=container, casting=casting)
        fixtures = school.make()
        homeroom.sweeper.start()
        homeroom.worker.start()
        return Scene(
            app=app,
            homeroom=homeroom,
            clock=clock,
            casting=casting,
            fixtures=fixtures,
            folder=folder,
        )


def _settings(folder: Path, file: Path) -> Settings:
    # None are read from the environment: a suite must not meet a database that is in earnest.
    return Settings(
        env="development",
        data_dir=folder,
        database_url=f"sqlite:///{file}",
        secret_key="known to whoever reads this, as all else here is",  # noqa: S106
        open_signup=True,
        rate_limit=None,
        registration_rate_limit=None,
        threads=THREADS,
        log="text",
    )
