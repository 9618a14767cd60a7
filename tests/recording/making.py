"""One recording: the story and every refusal, on applications that draw nothing by lot."""

import logging
import random
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from api.app import create_app
from api.clock import epoch_ms
from api.ids import Ids
from api.models.migrate import upgrade
from tests import factories
from tests.apps import Client, a_school, settings_for
from tests.contract.scenarios import SCENARIOS, Scene
from tests.fake_clock import START, FakeClock
from tests.recording.recorder import Recording
from tests.recording.story import Story

PUBLIC_URL = "https://homeroom.example"
SEED = 20260901


class PublicScene(Scene):
    """A scene whose applications are all at the address of the document's examples."""

    def app(self, database_url=None, **environment):
        return super().app(database_url, HOMEROOM_PUBLIC_URL=PUBLIC_URL, **environment)


@contextmanager
def an_app(folder, clock, seed):
    """An application on a new database, whose ids are the same in each run."""
    folder.mkdir()
    url = f"sqlite:///{folder / 'homeroom.sqlite3'}"
    upgrade(url)
    ids = Ids(lambda: epoch_ms(clock.now()), randomness=random.Random(seed).randbytes)
    app = create_app(settings_for(url, HOMEROOM_PUBLIC_URL=PUBLIC_URL), clock=clock, ids=ids)
    try:
        yield app, url
    finally:
        app.extensions["homeroom"].database.close()


@patch("time.time", return_value=time.time())
def recorded(_clock_of_the_limits):
    """The recording as text.

    The clock of the machine, by which the windows of limits go, stands still meanwhile: a refusal
    says how many seconds are left.
    """
    recording = Recording()
    # One of the refusals is a fault that is made on purpose.
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        with an_app(Path(folder, "story"), clock := FakeClock(), SEED) as (app, _):
            Story(app, clock, recording).tell()
        with an_app(Path(folder, "refusals"), clock := FakeClock(), SEED) as (app, url):
            ids = Ids(lambda: epoch_ms(clock.now()), randomness=random.Random(SEED).randbytes)
            factories.make_repeatable(ids)
            for code, scenario in sorted(SCENARIOS.items()):
                clock.set(START)
                place = Path(folder, code)
                place.mkdir()
                scene = PublicScene(a_school(app), Client(app.test_client()), clock, place, url)
                recording.problems[code] = scenario.act(scene).json
    return recording.as_text()
