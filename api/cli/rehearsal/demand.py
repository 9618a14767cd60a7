"""The demand of a registration day: who asked for which section and who left it, in order."""

import csv
import gzip
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import Literal, TextIO, cast

Action = Literal["request", "drop"]
COLUMNS = ("time", "student", "action", "section_id")


class DemandBroken(Exception):
    """The file of demand cannot be replayed; the message names the line or the student."""


@dataclass(frozen=True, slots=True)
class Command:
    """One line of demand. `at` is local wall-clock time without a zone, as the file has it."""

    number: int
    at: datetime
    student: str
    action: Action
    section: str


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a text file, packed by gzip or not; `-` is standard input."""
    if str(path) == "-":
        yield sys.stdin
    elif path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
            yield text
    else:
        with path.open(encoding="utf-8", newline="") as text:
            yield text


def read_demand(path: Path, limit: int | None = None) -> list[Command]:
    """Read the first `limit` lines of demand (all if none), in the order of the file.

    Raises:
        DemandBroken: a column is missing, a time or an action is unknown, time runs backwards.
    """
    with open_text(path) as text:
        rows = csv.DictReader(text)
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise DemandBroken(f"{path}: no column {', '.join(missing)}")
        commands = [
            _command(number, row) for number, row in enumerate(islice(rows, limit), start=1)
        ]
    for earlier, later in pairwise(commands):
        if later.at < earlier.at:
            raise DemandBroken(f"event {later.number}: time runs backwards")
    return commands


def _command(number: int, row: dict[str, str]) -> Command:
    if row["action"] not in ("request", "drop"):
        raise DemandBroken(f"event {number}: unknown action {row['action']!r}")
    try:
        at = datetime.fromisoformat(row["time"])
    except ValueError as broken:
        raise DemandBroken(f"event {number}: {broken}") from broken
    return Command(number, at, row["student"], cast("Action", row["action"]), row["section_id"])


def by_student(commands: Iterable[Command]) -> dict[str, list[Command]]:
    """Each student's own commands, in order; students by their first command."""
    streams: dict[str, list[Command]] = {}
    for command in commands:
        streams.setdefault(command.student, []).append(command)
    return streams


def spread(commands: Iterable[Command], connections: int) -> list[list[Command]]:
    """Deal the students out to `connections` lanes.

    A student stays in one lane, so the order within a student is the order within the lane;
    a lane keeps the order of the day. Lanes that got no student are left out.
    """
    lanes: list[list[Command]] = [[] for _ in range(connections)]
    lane_of: dict[str, int] = {}
    for command in commands:
        lane = lane_of.setdefault(command.student, len(lane_of) % connections)
        lanes[lane].append(command)
    return [lane for lane in lanes if lane]
