import csv
import gzip
import importlib.util
import json
import random
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner

from api.cli.rehearsal import servers as forms
from api.cli.rehearse import rehearse

WANTED = ("seed", "tokens", "verify", "db")
ABSENT = [name for name in WANTED if importlib.util.find_spec(f"api.cli.{name}") is None]
pytestmark = pytest.mark.skipif(
    bool(ABSENT), reason=f"the commands that make a school are not here: {', '.join(ABSENT)}"
)

SEATS = {"000001": 5, "000002": 12, "000003": None, "000004": 0, "000005": 3}
STUDENTS = [f"S{number:05d}" for number in range(40)]
DAWN = datetime(2022, 2, 12, 8)  # noqa: DTZ001 - demand has local time without a zone
CLASHING = {"kind": "LE", "days": ["MO"], "date": None, "start": "09:00", "end": "09:50"}


def packed(path, lines):
    with gzip.open(path, "wt", encoding="utf-8", newline="") as text:
        text.writelines(json.dumps(line) + "\n" for line in lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small school in the form of the real one: catalogue, students, a day of demand."""
    here = tmp_path_factory.mktemp("small")
    courses = [
        {"course": "ART 1", "subject": "ART", "title": "Drawing", "units": "4"},
        {"course": "ART 2", "subject": "ART", "title": None, "units": None},
    ]
    packed(
        here / "catalogue_small_courses.jsonl.gz", [{**one, "description": None} for one in courses]
    )
    packed(
        here / "catalogue_small_sections.jsonl.gz",
        [
            {
                "section_id": section,
                "course": f"ART {1 + place % 2}",
                "section": f"A0{place}",
                "instructors": [],
                "seats": seats,
                "meetings": [{**CLASHING, "room": None}],
                "enrolled_end": None,
                "waitlisted_end": None,
            }
            for place, (section, seats) in enumerate(SEATS.items())
        ],
    )
    with gzip.open(here / "demand_small_students.csv.gz", "wt", newline="") as text:
        csv.writer(text).writerows([["student", "sections"], *([s, ""] for s in STUDENTS)])
    with gzip.open(here / "demand_small_events.csv.gz", "wt", newline="") as text:
        csv.writer(text).writerows([["time", "student", "action", "section_id"], *a_day()])
    return here


def a_day():
    """Everybody moves in and out of classes at random, a minute apart."""
    chance = random.Random(20220212)
    held = set()
    for minute in range(400):
        where = (chance.choice(STUDENTS), chance.choice(list(SEATS)))
        action = "drop" if where in held else "request"
        held ^= {where}
        at = DAWN + timedelta(minutes=minute)
        yield [at.isoformat(), where[0], action, where[1]]


@pytest.fixture
def database(backend, request):
    if backend == "sqlite":
        yield "sqlite"
        return
    databases = request.getfixturevalue("postgresql_databases")
    yield databases.create("rehearsal")
    databases.drop("rehearsal")


def kept(monkeypatch, form):
    """Keep every fleet of this form that is made."""
    fleets, make = [], getattr(forms, form)

    def keep(*given):
        fleets.append(make(*given))
        return fleets[-1]

    monkeypatch.setattr(f"api.cli.rehearse.{form}", keep)
    return fleets


def rehearsed(folder, database, *arguments):
    result = CliRunner(env={"HOMEROOM_DATABASE_URL": None}).invoke(
        rehearse,
        [
            *("--json", "--demand", str(folder / "demand_small_events.csv.gz")),
            *("--database", database, "--output", str(folder / "results")),
            *("--connections", "8", *arguments),
        ],
        catch_exceptions=False,
    )
    assert result.exit_code in (0, 1), result.output
    told = json.loads(result.stdout)
    assert [check for check in told["checks"] if not check["holds"]] == []
    assert result.exit_code == 0
    return told


# A short day takes a quarter of a minute; the whole one, on both databases, is for scripts/soak.
SHORT = {"sqlite": ("one_program", 1, 2, 250), "postgresql": ("four_workers", 4, 1, 150)}
"""The form of the servers, how many, how many kills, and how many events."""


def test_a_short_day_with_kills_holds(folder, backend, database, monkeypatch):
    form, servers, kills, events = SHORT[backend]
    fleets = kept(monkeypatch, form)

    told = rehearsed(folder, database, "--kills", str(kills), "--limit", str(events))

    (fleet,) = fleets
    assert len(fleet.servers) == servers
    assert told["answers"]["unexpected"] == 0
    assert {kill["port"] for kill in told["kills"]} <= {one.port for one in fleet.servers}
    assert len(told["kills"]) == kills
    assert told["acknowledged_before_the_last_kill"] > 0
    assert told["answers"]["registrations"] + told["answers"]["drops"] == events
    assert any("foretold" in check["claim"] for check in told["checks"])
    assert any("homeroom verify" in check["claim"] for check in told["checks"])


# Its thousand events are for scripts/soak too: whoever meets a limit waits.
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_short_day_with_limits_on_which_conflicts_block_holds(folder, database):
    told = rehearsed(
        *(folder, database, "--conflicts", "block"), *("--rate-limit", "1/second", "--limit", "60")
    )

    answers, way = told["answers"], told["on_the_way"]
    assert answers["refusals"].get("time-conflict", 0) > 0
    assert answers["with_rate_limit_header"] == answers["answered"]
    # Each 429 asked for a second at least; none of them was anybody's last word.
    assert way["waited_seconds"] >= way["limited"] > 0
    assert answers["answered"] + answers["skipped"] == 60
    assert set(answers["statuses"]) <= {"201", "204", "409"}
