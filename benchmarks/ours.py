"""Homeroom made ready: the real catalogue, students with tokens, the caller of the reads."""

import csv
import gzip
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from benchmarks import catalogue
from benchmarks.homeroom_world import SLOTS_OF_COHORT, HomeroomWorld, School, registration
from benchmarks.load import play_once
from benchmarks.servers import ROOT, Program, inherited, serving
from benchmarks.subjects import Subject

CLASSES_OF_CALLER = 5
CONNECTIONS = 16
# By the second and not by the minute: a window in memory holds an entry for every request in it,
# and one user asks here as much as a thousand would.
RATE_LIMIT = "1000000/second"


def prepare(
    subject: Subject, database_url: str | None, work: Path, *, students: int
) -> tuple[Program, HomeroomWorld]:
    """Migrate and fill a database, issue tokens, and give the caller classes that meet.

    No `database_url`: a fresh SQLite file in `work`. `students`: how many may rush at once.
    """
    work.mkdir(parents=True, exist_ok=True)
    program = _program(subject, database_url or _fresh_sqlite(work), work)
    said = _fill(program.environment, work, students + 1)
    tokens = [json.loads(line) for line in said.splitlines() if line.strip()]
    roles = {entry["role"]: entry["token"] for entry in tokens if entry.get("role")}
    own = [entry["token"] for entry in tokens if entry.get("external_id")]
    with serving(program, f"{subject.key}-set-up", work.parent / "logs") as running:
        school = School(
            base=running.bases[0],
            registrar=roles["registrar"],
            owner=roles.get("owner", roles["registrar"]),
            caller=own[0],
        )
        school.block_conflicts()
        enrol(school, school.caller)
        enrol_cohort(school, own[1:], running.bases)
    url = program.environment["HOMEROOM_DATABASE_URL"]
    return program, HomeroomWorld(url=url, school=school, rushers=own[1:])


def _fresh_sqlite(work: Path) -> str:
    for left in work.glob("homeroom.sqlite3*"):
        left.unlink()
    return f"sqlite:///{work / 'homeroom.sqlite3'}"


def _program(subject: Subject, database_url: str, work: Path) -> Program:
    processes = 1 if database_url.startswith("sqlite") else 2
    return Program(
        command=subject.command,
        environment={
            "HOMEROOM_ENV": "production",
            "HOMEROOM_DATABASE_URL": database_url,
            "HOMEROOM_DATA_DIR": str(work),
            "HOMEROOM_SECRET_KEY": secrets.token_urlsafe(48),
            "HOMEROOM_PUBLIC_URL": "http://127.0.0.1:{port}",
            "HOMEROOM_RATE_LIMIT": RATE_LIMIT,
            "HOMEROOM_REGISTRATION_RATE_LIMIT": RATE_LIMIT,
            "HOMEROOM_WORKERS": str(processes),
            "HOMEROOM_THREADS": "4" if processes > 1 else "8",
            "HOMEROOM_LOG": "json",
            "PYTHONPATH": str(ROOT),
            "PORT": "{port}",
        },
        ready_path=subject.ready_path,
        processes=processes,
    )


def _fill(environment: Mapping[str, str], work: Path, students: int) -> str:
    env = {**inherited(), **environment, "PORT": "0", "HOMEROOM_PUBLIC_URL": "http://127.0.0.1"}

    def homeroom(*arguments: str) -> str:
        command = [sys.executable, "-m", "api.cli", *arguments]
        return subprocess.run(
            command, env=env, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    homeroom("db", "upgrade")
    homeroom("seed", "--catalogue", str(catalogue.folder()))
    homeroom("seed", "--students", str(_some_students(work, students)))
    return homeroom("tokens", "issue", "--all-students", "--json")


def _some_students(work: Path, count: int) -> Path:
    path = work / "students.csv"
    source = catalogue.folder() / catalogue.STUDENTS
    with gzip.open(source, "rt", encoding="utf-8") as given, path.open("w", newline="") as kept:
        rows = csv.reader(given)
        csv.writer(kept).writerows(islice(rows, count + 1))
    return path


def enrol(school: School, token: str) -> None:
    """Register the holder of `token` in five classes of the catalogue that meet every week."""
    with httpx.Client(base_url=school.base, timeout=30) as client:
        organization_id = school.organization_id()
        enrolled = 0
        for section in _sections_that_meet():
            path = f"/v1/organizations/{organization_id}/classes/by-external-id/{section}"
            found = client.get(path, headers=school.bearer(token))
            class_id = found.raise_for_status().json()["id"]
            answer = client.post(
                f"/v1/classes/{class_id}/registrations",
                headers=school.bearer(token),
                json={"on_full": "fail"},
            )
            enrolled += answer.status_code == httpx.codes.CREATED
            if enrolled == CLASSES_OF_CALLER:
                return
    raise SystemExit("no five classes of the catalogue would take the caller")


def enrol_cohort(school: School, tokens: Sequence[str], bases: Sequence[str]) -> None:
    """Register all of these students in the same five classes, which clash with no rush."""
    for slot in SLOTS_OF_COHORT:
        class_id = school.new_class(f"cohort-{slot}", seats=None, slot=slot)
        asked = [registration(class_id, token) for token in tokens]
        outcome = play_once(asked, bases, connections=CONNECTIONS)
        if outcome.statuses != {"201": len(tokens)}:
            raise SystemExit(f"not every student got a seat in {class_id}: {outcome.statuses}")


def _sections_that_meet() -> Iterator[str]:
    meeting = (row for row in catalogue.rows(catalogue.SECTIONS) if _meets(row))
    # Neighbours in the file share a course and often an hour; far ones rarely clash.
    yield from (row["section_id"] for row in islice(meeting, 0, None, 97))


def _meets(row: Mapping[str, Any]) -> bool:
    weekly = any(meeting["days"] and meeting["start"] for meeting in row["meetings"])
    return weekly and (row["seats"] is None or row["seats"] > CLASSES_OF_CALLER)
