"""A crowd that comes over HTTP, and asks again with the same key until it is answered."""

import random
import threading
import time
from collections import Counter

import httpx
from sqlalchemy import func, select

from api import ids
from api.models import Event, Registration
from tests.apps import a_token
from tests.races.rush import PATIENCE_SECONDS

SEATS = 2
STUDENTS = 6
STEPS = 8
MODES = ("auto", "offer")
ANOTHER_TRY_SECONDS = 0.2
EXPECTED = {409, 412}
"""What may be answered to a visitor beside what was asked for."""
EVENTS = {
    "enrolled": ("registration.accepted",),
    # What a DELETE does is for the server to say: of an offer it is a no.
    "gone": ("registration.dropped", "registration.left", "registration.declined"),
    "resized": ("class.capacity-changed",),
}


class Visitors:
    """Students and a registrar of a school, at the doors of its servers.

    `doors`: the addresses at which one may ask now. `answered` is what the answers say
    that was done, `wrong` are answers that nobody should get.
    """

    def __init__(self, school, seed):
        self.school, self.seed = school, seed
        self.doors = []
        self.answered, self.wrong = [], []
        self.answers = threading.Semaphore(0)
        self.classes = [school.a_class(capacity=SEATS, waitlist_mode=mode) for mode in MODES]
        self.people = [school.a_student_with_login() for _ in range(STUDENTS)]
        with school.database.write() as tx:
            self.tokens = [a_token(tx, actor.user_id) for _, actor in self.people]
            self.staff = a_token(tx, school.registrar.user_id)

    def acts(self):
        """One act for each thread."""
        students = [lambda n=n: self._calling(self._visit, n) for n in range(STUDENTS)]
        return [*students, lambda: self._calling(self._resize)]

    def await_answers(self, count):
        for _ in range(count):
            assert self.answers.acquire(timeout=PATIENCE_SECONDS)

    def told(self):
        """How often they were told that something was done."""
        return Counter(what for what in self.answered if what != "read")

    def done(self):
        """How often it was, by what the database says."""
        with self.school.database.read() as tx:
            of = {"organization_id": self.school.organization.id}
            rows = tx.scalar(select(func.count()).select_from(Registration).filter_by(**of))
            events = select(Event.type).filter_by(**of).where(Event.actor_id.is_not(None))
            types = Counter(row.type for row in tx.all(events))
        found = {name: sum(types[one] for one in EVENTS[name]) for name in EVENTS}
        return +Counter({"registered": rows, **found})

    def _calling(self, act, *given):
        # No certificates: to read those of the machine takes longer than an answer.
        with httpx.Client(verify=False, timeout=PATIENCE_SECONDS) as client:
            act(client, *given)

    def _visit(self, client, number):
        (student, _), drawn = self.people[number], random.Random(f"{self.seed} {number}")
        visit, held = self._visitor(self.tokens[number], client), []
        for step in range(STEPS):
            key = f"{number}-{step}"
            if not held or drawn.random() < 0.6:
                body = {"student_id": ids.encode("stu", student.id), "on_full": "waitlist"}
                url = (
                    f"/v1/classes/{ids.encode('cls', drawn.choice(self.classes).id)}/registrations"
                )
                answer = visit("POST", url, key, 201, "registered", json=body)
                if answer is not None:
                    held.append(f"/v1/registrations/{answer.json()['id']}")
                continue
            mine = drawn.choice(held)
            match drawn.choice(["accept", "decline", "delete"]):
                case "accept":
                    body = {"to": "enrolled"}
                    visit("POST", f"{mine}/transitions", key, 200, "enrolled", json=body)
                case "decline":
                    body = {"to": "declined"}
                    visit("POST", f"{mine}/transitions", key, 200, "gone", json=body)
                case _:
                    visit("DELETE", mine, key, 204, "gone")

    def _resize(self, client):
        drawn, visit = random.Random(self.seed), self._visitor(self.staff, client)
        for step in range(STEPS):
            url = f"/v1/classes/{ids.encode('cls', drawn.choice(self.classes).id)}"
            seen = visit("GET", url, None, 200, "read")
            # Another than it has: nothing is done where nothing differs.
            capacity = drawn.choice(sorted({1, 2, 3} - {seen.json()["capacity"]}))
            headers = {
                "If-Match": seen.headers["ETag"],
                "Content-Type": "application/merge-patch+json",
            }
            url += "?shrink=" + drawn.choice(["keep", "displace_last"])
            body = f'{{"capacity": {capacity}}}'
            visit("PATCH", url, f"r-{step}", 200, "resized", content=body, headers=headers)

    def _visitor(self, token, client):
        """How somebody asks; the answer is None where they were refused."""

        def visit(method, url, key, wanted, what, *, headers=(), **options):
            sent = {"Authorization": f"Bearer {token}", **dict(headers)}
            if key is not None:
                sent["Idempotency-Key"] = key
            answer = self._answer(client, method, url, headers=sent, **options)
            if answer.status_code == wanted:
                self.answered.append(what)
                self.answers.release()
                return answer
            if answer.status_code not in EXPECTED:
                self.wrong.append((method, url, answer.status_code, answer.text))
            return None

        return visit

    def _answer(self, client, method, url, **options):
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = client.request(method, random.choice(self.doors) + url, **options)
            except httpx.TransportError:
                assert time.monotonic() < end, "nobody serves"
            else:
                if answer.status_code != 503:
                    return answer
            time.sleep(ANOTHER_TRY_SECONDS)
