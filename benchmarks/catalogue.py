"""The real catalogue that every subject is filled with."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

COURSES = "catalogue_ucsd_sp22_courses.jsonl.gz"
SECTIONS = "catalogue_ucsd_sp22_sections.jsonl.gz"
STUDENTS = "demand_ucsd_sp22_SYNTH_students.csv.gz"


def folder() -> Path:
    """Where the data lies: HOMEROOM_TEST_DATA, else beside the checkout.

    Raises:
        SystemExit: there is no catalogue there.
    """
    named = os.environ.get("HOMEROOM_TEST_DATA")
    found = Path(named) if named else Path(__file__).parents[1] / "../shared/data"
    if not (found / SECTIONS).exists():
        raise SystemExit(f"No {SECTIONS} in {found}; name its folder in HOMEROOM_TEST_DATA.")
    return found


def rows(name: str) -> Iterator[dict[str, Any]]:
    """The rows of one of the catalogue's files of JSON lines."""
    with gzip.open(folder() / name, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)
