"""Homeroom as the load generator sees it: links to read, fresh classes to rush for."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import sqlalchemy as sa

from benchmarks import links, postgres
from benchmarks.conformity import Document
from benchmarks.jobs import CLASSES_OF_RUSH, Job, Request, Rush, Verdict

WEEKDAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
SLOTS_OF_RUSHES = 23 * len(WEEKDAYS)
"""Hours of the week in which a rush may meet; those of the last hour are the cohort's."""
SLOTS_OF_COHORT = range(SLOTS_OF_RUSHES, SLOTS_OF_RUSHES + 5)
_TABLES_OF_RUSH = ("classes", "students", "registrations", "events", "idempotency_keys")
_OF_RUSH = "c.external_id LIKE :rush"
_SEATS = f"""
    SELECT count(*) FROM registrations r JOIN classes c ON c.id = r.class_id
    WHERE {_OF_RUSH} AND r.state IN ('enrolled', 'offered')
"""
_OVERSOLD = f"""
    SELECT count(*) FROM classes c WHERE {_OF_RUSH} AND (
        c.seats_taken > c.capacity OR c.capacity < (
            SELECT count(*) FROM registrations r
            WHERE r.class_id = c.id AND r.state IN ('enrolled', 'offered')))
"""
_EVENTS = f"""
    SELECT count(*) FROM events e JOIN classes c ON c.id = e.stream_id
    WHERE {_OF_RUSH} AND e.stream_kind = 'class' AND e.type = 'registration.enrolled'
"""
_KEYS = f"""
    SELECT count(*) FROM idempotency_keys k JOIN classes c ON c.id = k.event_stream_id
    WHERE {_OF_RUSH} AND k.status = 201
"""


@dataclass(slots=True, kw_only=True)
class School:
    """The organization of the catalogue, over HTTP. `base` is where it answers now."""

    base: str
    registrar: str
    owner: str
    caller: str
    _organization_id: str = ""
    _client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    @staticmethod
    def bearer(token: str) -> dict[str, str]:
        """The headers of a JSON client with this token."""
        return {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def organization_id(self) -> str:
        """The only organization of the registrar."""
        if not self._organization_id:
            me = self._send("GET", "/v1/me", self.registrar).json()
            (membership,) = me["memberships"]
            self._organization_id = membership["organization_id"]
        return self._organization_id

    def student_id(self) -> str:
        """Who the caller is as a student."""
        (membership,) = self._send("GET", "/v1/me", self.caller).json()["memberships"]
        return str(membership["student_id"])

    def block_conflicts(self) -> None:
        """Make the organization refuse classes that meet at the same time."""
        path = f"/v1/organizations/{self.organization_id()}"
        etag = self._send("GET", path, self.owner).headers["etag"]
        headers = {"Content-Type": "application/merge-patch+json", "If-Match": etag}
        wanted = {"conflict_policy": "block"}
        self._send("PATCH", path, self.owner, json=wanted, headers=headers)

    def new_class(self, name: str, *, seats: int | None, slot: int) -> str:
        """Open a class that meets weekly; the answer is its id. Two slots never clash."""
        new = {"title": name, "external_id": name, "capacity": seats, "status": "open"}
        path = f"/v1/organizations/{self.organization_id()}/classes"
        class_id = self._send("POST", path, self.registrar, json=new).json()["id"]
        begins = (datetime.now(UTC) + timedelta(weeks=8)).date()
        pattern = {
            "weekdays": [WEEKDAYS[slot % len(WEEKDAYS)]],
            "start_local": f"{slot // len(WEEKDAYS):02}:00",
            "duration_minutes": 50,
            "from_date": begins.isoformat(),
            "to_date": (begins + timedelta(weeks=10)).isoformat(),
        }
        path = f"/v1/classes/{class_id}/meeting-patterns"
        self._send("POST", path, self.registrar, json=pattern)
        return str(class_id)

    def cancel(self, class_id: str) -> None:
        """Call a class off: whoever had a seat in it has none."""
        path = f"/v1/classes/{class_id}"
        etag = self._send("GET", path, self.registrar).headers["etag"]
        headers = {"Content-Type": "application/merge-patch+json", "If-Match": etag}
        self._send("PATCH", path, self.registrar, json={"status": "cancelled"}, headers=headers)

    def _send(self, method: str, path: str, token: str, **options: Any) -> httpx.Response:
        headers = {**self.bearer(token), **options.pop("headers", {})}
        answer = self._client.request(method, self.base + path, headers=headers, **options)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer


@dataclass(slots=True, kw_only=True)
class HomeroomWorld:
    """One filled database; `rushers` are the tokens of students with five classes each."""

    url: str
    school: School
    rushers: Sequence[str]
    _rushes: int = 0
    _open: Sequence[str] = ()
    _documents: dict[str, Document] = field(default_factory=dict)

    def reads(self, base: str) -> Mapping[Job, Sequence[Request]]:
        self.school.base = base
        path = f"/v1/organizations/{self.school.organization_id()}/classes?limit=50"
        found = links.reading_requests(base, path, self.school.bearer(self.school.caller))
        subject = self.school.student_id()
        judged = [
            replace(page, path=f"{page.path}&student_id={subject}") for page in found[Job.PAGE]
        ]
        return {**found, Job.SUBJECT: judged}

    def rush(self, job: Job, base: str, size: int) -> Rush:
        if size > len(self.rushers):
            raise ValueError(f"there are {len(self.rushers)} students to rush, not {size}")
        self.school.base = base
        # Every rush begins with the same timetables, however many were before it.
        for class_id in self._open:
            self.school.cancel(class_id)
        self._rushes += 1
        count = CLASSES_OF_RUSH[job]
        seats = size // 2 // count
        name, slot = f"rush-{self._rushes}-", self._rushes % SLOTS_OF_RUSHES
        ids = [self.school.new_class(f"{name}{i}", seats=seats, slot=slot) for i in range(count)]
        self._open = ids
        self._tidy()
        requests = [registration(ids[i % count], self.rushers[i]) for i in range(size)]
        return Rush(requests=requests, seats=seats * count, class_ids=[name])

    def _tidy(self) -> None:
        # As the peers' tables are before a rush, and as autovacuum, where it is on, leaves ours.
        if self.url.startswith("sqlite"):
            return
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"VACUUM ANALYZE {', '.join(_TABLES_OF_RUSH)}")

    def verdict(self, rush: Rush) -> Verdict:
        engine = sa.create_engine(self.url)
        with engine.connect() as connection:
            counted = [
                connection.execute(sa.text(count), {"rush": f"{rush.class_ids[0]}%"}).scalar_one()
                for count in (_SEATS, _OVERSOLD, _EVENTS, _KEYS)
            ]
        engine.dispose()
        return Verdict(
            enrolled=counted[0], oversold_classes=counted[1], events=counted[2], keys=counted[3]
        )

    def check(self, job: Job, request: Request, answer: httpx.Response) -> None:
        self._document(answer).validate(request.method, request.path, answer)
        if job is Job.ONE:
            self._whole(answer.json())
        elif job in {Job.PAGE, Job.SUBJECT}:
            items = answer.json()["items"]
            assert len(items) == 50, f"{len(items)} items"
            for item in items:
                self._whole(item)
        elif job in CLASSES_OF_RUSH:
            assert answer.json()["state"] == "enrolled", answer.text

    def database_processes(self) -> Sequence[int]:
        return () if self.url.startswith("sqlite") else postgres.backends(self.url)

    def _whole(self, shown: Mapping[str, Any]) -> None:
        links.whole_class(shown)
        assert "_blocked" in shown, "a class without _blocked"
        registers = {"register", "join-waitlist"}
        judged = registers & (shown["_links"].keys() | shown["_blocked"].keys())
        assert judged, "a class that neither offers a seat nor says why not"

    def _document(self, answer: httpx.Response) -> Document:
        base = str(answer.request.url.copy_with(path="/openapi.json", query=None))
        if base not in self._documents:
            self._documents[base] = Document(httpx.get(base, timeout=30).raise_for_status().json())
        return self._documents[base]


def registration(class_id: str, token: str) -> Request:
    """The request of one student for a seat, under a key of its own."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    return Request(
        method="POST",
        path=f"/v1/classes/{class_id}/registrations",
        headers={**School.bearer(token), **headers},
        body='{"on_full":"fail"}',
    )
