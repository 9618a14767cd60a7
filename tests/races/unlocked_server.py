"""Our server without the lock of the class, for a twin."""

import runpy
import sys
import time
from pathlib import Path

from api.models import seats
from api.services.seat_book import SeatBook
from tests.races.rush import unlocked

THOUGHT_SECONDS = 0.02

opened = SeatBook.open


def slowly(*of):
    time.sleep(THOUGHT_SECONDS)
    return opened(*of)


seats.LOCKED_CLASS = unlocked(seats.LOCKED_CLASS)
SeatBook.open = slowly
sys.argv = ["asgi.py"]
runpy.run_path(str(Path(__file__).parents[2] / "asgi.py"), run_name="__main__")
