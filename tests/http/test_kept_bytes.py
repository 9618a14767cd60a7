"""What a process keeps of what it wrote takes the room of its text, not of the writer's buffer."""

import sys
import tracemalloc

import orjson

from api.http import rendering

LINK = {"href": "http://127.0.0.1:8000/v1/classes/cls_01jd3v9k2mf8w9s4q0c6t7x5zr", "method": "GET"}


def room_of(written):
    tracemalloc.start()
    try:
        kept = [written(LINK) for _ in range(500)]
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return used / sum(map(sys.getsizeof, kept))


def test_what_is_kept_takes_the_room_of_its_text():
    assert room_of(rendering._compact) < 1.5


def test_what_the_writer_gives_takes_several_times_as_much():
    assert room_of(orjson.dumps) > 3
