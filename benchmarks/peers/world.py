"""The peers' database as the load generator sees it: links to read, seats to rush for."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from benchmarks import links, postgres
from benchmarks.jobs import CLASSES_OF_RUSH, Job, Request, Rush, Verdict
from benchmarks.peers.seed import COHORT, STUDENTS, secret_of

RESET = f"""
    TRUNCATE events, idempotency_records;
    DELETE FROM registrations WHERE class_id > {COHORT[-1]};
    UPDATE classes SET seats_taken = 0, last_seq = 0 WHERE last_seq > 0;
"""
COUNTS = """
    SELECT (SELECT count(*) FROM registrations WHERE class_id = ANY(%(ids)s)),
           (SELECT count(*) FROM classes c WHERE id = ANY(%(ids)s) AND (seats_taken > capacity
            OR capacity < (SELECT count(*) FROM registrations r WHERE r.class_id = c.id))),
           (SELECT count(*) FROM events WHERE class_id = ANY(%(ids)s)),
           (SELECT count(*) FROM idempotency_records)
"""


@dataclass(frozen=True, slots=True)
class PeerWorld:
    """One seeded database that all peers serve in turn."""

    url: str
    classes: int

    def reads(self, base: str) -> Mapping[Job, Sequence[Request]]:
        return links.reading_requests(base, "/classes?limit=50", self._caller(1))

    def rush(self, job: Job, base: str, size: int) -> Rush:
        if size > STUDENTS:
            raise ValueError(f"the peers have {STUDENTS} students, not {size}")
        count = CLASSES_OF_RUSH[job]
        ids = list(range(self.classes - count + 1, self.classes + 1))
        seats = size // 2 // count
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(RESET)
            connection.execute("UPDATE classes SET capacity = %s WHERE id = ANY(%s)", (seats, ids))
            connection.execute("VACUUM ANALYZE classes, registrations")
        requests = [self._registration(ids[i % count], i + 1) for i in range(size)]
        return Rush(requests=requests, seats=seats * count, class_ids=ids)

    def verdict(self, rush: Rush) -> Verdict:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(COUNTS, {"ids": list(rush.class_ids)}).fetchone()
        assert row is not None
        return Verdict(enrolled=row[0], oversold_classes=row[1], events=row[2], keys=row[3])

    def check(self, job: Job, request: Request, answer: Any) -> None:
        if job is Job.ONE:
            links.whole_class(answer.json())
        elif job is Job.PAGE:
            items = answer.json()["items"]
            assert len(items) == 50, f"{len(items)} items"  # the job's name
            for item in items:
                links.whole_class(item)
        elif job in CLASSES_OF_RUSH:
            assert answer.json()["state"] == "enrolled", answer.text

    def database_processes(self) -> Sequence[int]:
        return postgres.backends(self.url)

    def _caller(self, student_id: int) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {secret_of(student_id)}",
            "Accept": "application/json",
        }

    def _registration(self, class_id: int, student_id: int) -> Request:
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        return Request(
            method="POST",
            path=f"/classes/{class_id}/registrations",
            headers={**self._caller(student_id), **headers},
            body='{"on_full":"fail"}',
        )


class HelloWorld:
    """The bare WSGI application: one answer, no database."""

    def reads(self, base: str) -> Mapping[Job, Sequence[Request]]:
        return {Job.ONE: [Request(path="/")]}

    def rush(self, job: Job, base: str, size: int) -> Rush:
        raise NotImplementedError("a server's ceiling has no seats")

    def verdict(self, rush: Rush) -> Verdict:
        raise NotImplementedError("a server's ceiling has no seats")

    def check(self, job: Job, request: Request, answer: Any) -> None:
        assert answer.json() == {"hello": "world"}

    def database_processes(self) -> Sequence[int]:
        return ()
