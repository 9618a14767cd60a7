"""A school of a few classes behind a real socket, so that the rehearsal is tested without Homeroom.

It keeps the promises that the rehearsal checks, and breaks whichever one a test asks it to.
"""

import asyncio
import hashlib
import itertools
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from api.cli.rehearsal.client import Address
from api.cli.rehearsal.ledger import HASHED

REASONS = {200: "OK", 201: "Created", 204: "No Content"}
ORGANIZATION = "org_1"


@dataclass
class TinyClass:
    id: str
    section: str
    capacity: int | None
    rows: dict[str, dict] = field(default_factory=dict)
    events: list[dict] = field(default_factory=list)
    read_up_to: int = 0

    @property
    def seats_taken(self):
        return sum(row["state"] == "enrolled" for row in self.rows.values())

    @property
    def line(self):
        waiting = [row for row in self.rows.values() if row["state"] == "waitlisted"]
        return sorted(waiting, key=lambda row: row["ticket"])

    @property
    def is_full(self):
        return self.capacity is not None and self.seats_taken >= self.capacity

    def shown(self):
        return {
            "id": self.id,
            "external_id": self.section,
            "capacity": self.capacity,
            "seats_taken": self.seats_taken,
            "waitlist_length": len(self.line),
        }

    def move(self, row, to, seat_delta):
        before, row["state"] = row["state"], to
        facts = {
            "registration_id": row["id"],
            "student_id": row["student_id"],
            "from_state": before,
            "to_state": to,
            "ticket": row["ticket"],
            "seat_delta": seat_delta,
            "capacity_after": self.capacity,
            "over_after": 0,
            "reason_code": None,
        }
        event = {
            "stream": f"class:{self.id}",
            "seq": len(self.events) + 1,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "type": f"registration.{to}",
            "actor_id": None,
        }
        flat = {**event, **facts}
        fields = [self.id, event["seq"], event["at"], *(flat[name] for name in HASHED)]
        text = "|".join("" if value is None else str(value) for value in fields)
        previous = bytes.fromhex(self.events[-1]["data"]["hash"]) if self.events else bytes(32)
        facts["hash"] = hashlib.sha256(previous + text.encode()).hexdigest()
        self.events.append({**event, "data": facts})


@dataclass
class TinySchool:
    """`trouble(number, method, path)` may answer `lose`, `refuse`, `503`, `429` or `500`.

    `lose` does what was asked and closes the connection instead of answering; `refuse` closes it
    before anything is done; `Retry-After` says `wait_seconds`. `forget_keys` makes it serve a
    repeated key a second time, `rewords` answer it otherwise; `hasty` tells who reads the events
    to go on after one that is not shown yet.
    """

    classes: list[TinyClass]
    trouble: Callable[[int, str, str], str | None] = lambda _number, _method, _path: None
    wait_seconds: int = 0
    forget_keys: bool = False
    rewords: bool = False
    hasty: bool = False
    conflict_policy: str = "ignore"
    organizations: tuple[str, ...] = (ORGANIZATION,)
    only_owner_sets: str = "registrar"
    refuse_students: tuple[str, ...] = ()
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    seen: list[tuple[str, str, str]] = field(default_factory=list)
    _numbers: itertools.count = field(default_factory=itertools.count)

    @asynccontextmanager
    async def served(self):
        tasks = set()

        async def connected(reader, writer):
            tasks.add(asyncio.current_task())
            try:
                await self._talk(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()
                tasks.discard(asyncio.current_task())

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        try:
            yield Address("127.0.0.1", server.sockets[0].getsockname()[1])
        finally:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _talk(self, reader, writer):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            method, path, _ = first.split(" ")
            headers = {name.lower(): value for name, value in (li.split(": ") for li in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.seen.append((method, path, headers.get("idempotency-key", "")))
            trouble = self.trouble(next(self._numbers), method, path)
            if trouble == "refuse":
                return
            if trouble in ("503", "429", "500"):
                self._write(writer, int(trouble), b"{}", {"Retry-After": str(self.wait_seconds)})
                continue
            status, content, extra = self._answer(method, path, headers, body)
            if trouble == "lose":
                return
            self._write(writer, status, content, extra)

    def _write(self, writer, status, content, extra):
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Sorry')}"]
        if status != 204:
            lines.append(f"Content-Length: {len(content)}")
        lines += [f"{name}: {value}" for name, value in extra.items()]
        writer.write("\r\n".join((*lines, "\r\n")).encode() + content)

    def _answer(self, method, path, headers, body):
        key = headers.get("idempotency-key", "")
        if key in self.answers and not self.forget_keys:
            status, content = self.answers[key]
            return status, content + b" " * self.rewords, {"Idempotent-Replayed": "true"}
        student = headers.get("authorization", "").removeprefix("Bearer token-")
        if method == "GET":
            return 200, json.dumps(self._read(path)).encode(), {"ETag": '"v1"'}
        if method == "PATCH" and student != self.only_owner_sets:
            return 403, b"{}", {}
        if method == "PATCH":
            self.conflict_policy = json.loads(body)["conflict_policy"]
            return 200, b"{}", {}
        status, content = self._change(method, path, student)
        if status < 300:
            self.answers[key] = (status, content)
        return status, content, {}

    def _change(self, method, path, student):
        noun, identifier = path.split("/")[2:4]
        if method == "DELETE" and noun == "registrations":
            place = next(place for place in self.classes if identifier in place.rows)
            row = place.rows[identifier]
            if row["state"] == "waitlisted":
                place.move(row, "left", 0)
            else:
                place.move(row, "dropped", -1)
                if place.line:
                    place.move(place.line[0], "enrolled", 1)
            return 204, b""
        if student in self.refuse_students:
            return 409, b'{"code":"time-conflict"}'
        place = next(place for place in self.classes if place.id == identifier)
        ticket = len(place.rows) + 1
        row = {"id": f"reg_{place.id}_{ticket}", "student_id": f"stu_{student}", "ticket": ticket}
        full = place.is_full
        place.rows[row["id"]] = {**row, "class_id": place.id, "state": None}
        place.move(place.rows[row["id"]], "waitlisted" if full else "enrolled", 0 if full else 1)
        return 201, json.dumps(place.rows[row["id"]]).encode()

    def _read(self, path):
        here, _, query = path.partition("?")
        parts = here.split("/")[2:]
        if parts == ["me"]:
            roles = [{"organization_id": name, "role": "registrar"} for name in self.organizations]
            return {"memberships": roles}
        if parts == ["organizations", ORGANIZATION]:
            return {"conflict_policy": self.conflict_policy}
        if parts == ["organizations", ORGANIZATION, "classes"]:
            return self._page(path, [place.shown() for place in self.classes])
        place = next(place for place in self.classes if place.id == parts[1])
        return self._read_class(path, place, parts[2], query)

    def _read_class(self, path, place, what, query):
        if what == "registrations":
            return self._page(path, list(place.rows.values()))
        if what == "waitlist":
            return self._page(path, [{"position": n + 1} for n in range(len(place.line))])
        if what == "audit":
            return {"valid": True, "events": len(place.events), "seats_taken": place.seats_taken}
        after = int(query.split("after=")[1].split("&")[0])
        head = len(place.events)
        hides = self.hasty and head > max(after, place.read_up_to)
        place.read_up_to = head
        found = place.events[after : min(after + 3, head - hides)]
        return {
            "items": found,
            "next_after": head if hides else after + len(found),
            "head_seq": head,
            "_links": {},
        }

    def _page(self, path, found):
        """Two items a page, so that every list is paged."""
        here, _, query = path.partition("?")
        start = int(query.split("cursor=")[1]) if "cursor=" in query else 0
        more = start + 2 < len(found)
        href = f"http://elsewhere.example{here}?limit=100&cursor={start + 2}"
        links = {"next": {"href": href}} if more else {}
        return {"items": found[start : start + 2], "_links": links}
