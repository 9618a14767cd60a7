"""Fill the peers' schema with the real catalogue, students and tokens."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from benchmarks import catalogue

SCHEMA = Path(__file__).with_name("peers.sql")
STUDENTS = 8_000
COHORT = range(1, 6)
"""The classes in which every student sits already; they meet in the last hour of a day."""
LAST_HOUR = 23


def secret_of(student_id: int) -> str:
    """The bearer token of a student; only its SHA-256 is stored."""
    return f"peer_{hashlib.sha256(str(student_id).encode()).hexdigest()[:36]}"


def fill(url: str) -> int:
    """Make the schema and fill it; the answer is the number of classes."""
    with psycopg.connect(url) as connection:
        connection.execute(SCHEMA.read_text())
        ids, titles = _courses(connection)
        classes = _classes(connection, ids, titles)
        _students(connection)
        _meetings(connection, classes)
        _cohort(connection)
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")
    return classes


def _courses(connection: psycopg.Connection) -> tuple[dict[str, int], dict[str, str]]:
    ids, titles = {}, {}
    statement = "COPY courses (id, code, title, description, units) FROM STDIN"
    with connection.cursor().copy(statement) as copy:
        for number, row in enumerate(catalogue.rows(catalogue.COURSES), 1):
            code = row["course"]
            ids[code], titles[code] = number, row["title"] or code
            copy.write_row((number, code, titles[code], row["description"], row["units"]))
    return ids, titles


def _classes(connection: psycopg.Connection, ids: dict[str, int], titles: dict[str, str]) -> int:
    number = 0
    drop_until = datetime.now(UTC) + timedelta(weeks=10)
    columns = "id, course_id, external_id, section, title, instructors, location, timezone, status"
    statement = f"COPY classes ({columns}, capacity, drop_until, withdraw_until) FROM STDIN"
    with connection.cursor().copy(statement) as copy:
        for number, row in enumerate(catalogue.rows(catalogue.SECTIONS), 1):
            rooms = [meeting["room"] for meeting in row["meetings"] if meeting["room"]]
            copy.write_row(
                (
                    number,
                    ids[row["course"]],
                    row["section_id"],
                    row["section"],
                    titles[row["course"]],
                    json.dumps([{"member_id": None, "name": name} for name in row["instructors"]]),
                    rooms[0] if rooms else None,
                    "America/Los_Angeles",
                    "open",
                    row["seats"],
                    drop_until,
                    drop_until + timedelta(weeks=3),
                )
            )
    return number


def _students(connection: psycopg.Connection) -> None:
    expires_at = datetime.now(UTC) + timedelta(days=30)
    statement = "COPY students (id, external_id, given_name, family_name) FROM STDIN"
    with connection.cursor().copy(statement) as copy:
        for number in range(1, STUDENTS + 1):
            copy.write_row((number, f"S{number:05}", "Student", f"{number:05}"))
    statement = "COPY tokens (digest, student_id, expires_at) FROM STDIN (FORMAT BINARY)"
    with connection.cursor().copy(statement) as copy:
        copy.set_types(["bytea", "int8", "timestamptz"])
        for number in range(1, STUDENTS + 1):
            digest = hashlib.sha256(secret_of(number).encode()).digest()
            copy.write_row((digest, number, expires_at))


def _meetings(connection: psycopg.Connection, classes: int) -> None:
    """An hour a week for each class; none but the cohort's is in the last hour of a day."""
    statement = "COPY meetings (class_id, weekday, starts_at, ends_at) FROM STDIN"
    with connection.cursor().copy(statement) as copy:
        for number in range(1, classes + 1):
            hour = LAST_HOUR if number in COHORT else number // 7 % LAST_HOUR
            copy.write_row((number, number % 7, f"{hour:02}:00", f"{hour:02}:50"))


def _cohort(connection: psycopg.Connection) -> None:
    statement = "COPY registrations (class_id, student_id, state, ticket) FROM STDIN"
    with connection.cursor().copy(statement) as copy:
        for class_id in COHORT:
            for number in range(1, STUDENTS + 1):
                copy.write_row((class_id, number, "enrolled", number))
