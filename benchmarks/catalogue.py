"""The real catalogue that every subject is filled with."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.given_data import FOLDER

COURSES = "catalogue_ucsd_sp22_courses.jsonl.gz"
SECTIONS = "catalogue_ucsd_sp22_sections.jsonl.gz"
STUDENTS = "demand_ucsd_sp22_SYNTH_students.csv.gz"


def folder() -> Path:
    """Where the data lies.

    Raises:
        SystemExit: there is no catalogue there.
    """
    if not (FOLDER / SECTIONS).exists():
        raise SystemExit(f"No {SECTIONS} in {FOLDER}; name its folder in HOMEROOM_TEST_DATA.")
    return FOLDER


def rows(name: str) -> Iterator[dict[str, Any]]:
    """The rows of one of the catalogue's files of JSON lines."""
    with gzip.open(folder() / name, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)
