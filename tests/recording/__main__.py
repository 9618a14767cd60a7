"""Writes `api/http/examples.json`: what a scripted school is answered, and every problem."""

import argparse
import logging
import random
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from api.app import create_app
from api.clock import epoch_ms
from api.http.openapi_examples import FILE
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


def recorded():
    """The recording as text."""
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


def main():
    """Write the file, or with `--check` say whether a new recording is the same."""
    parser = argparse.ArgumentParser(prog="scripts/record", description=__doc__)
    parser.add_argument("--check", action="store_true", help="Write nothing; compare.")
    is_check = parser.parse_args().check
    text = recorded()
    if not is_check:
        FILE.write_text(text, encoding="utf-8")
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        print(f"{FILE.name} is not what the application answers now. Run: scripts/record")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
