"""The whole journey in Python, the same for every generated client: a method for each step."""

import secrets
import sys
import time
from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from journey import bases_of, travel
from sdk import Change, Refused, SchoolClass, Sdk

PASSWORD = "a seat for everyone"  # noqa: S105  # of an account that lives as long as this run
NOBODYS = "cls_" + "0" * 26
OVER_THE_LIMIT = " " * (2**20 + 1)
ENDED, FAILING = "/v0/me", "/v1/failures"
"""Addresses that no signature has: only the server under test does."""
LONG_CURSOR = "ü" * 2000
"""Short enough for every check of a text, and too long as part of an address."""
MOST_ATTEMPTS = 100
"""More than the server under test allows in an hour."""

FIRST_BYTES = b"PK\x03\x04"
"""Of a ZIP archive that has something in it."""
MOST_LOOKS = 60
"""At a job, of which each comes as long after the one before as the server asked for."""


def refused(call: Callable[[], object], status: int, code: str) -> Refused:
    """The refusal that a call ends with, which must have this status and code."""
    try:
        call()
    except Refused as refusal:
        problem = refusal.problem
        found = (refusal.status, problem.status, problem.code)
        assert found == (status, status, code), problem
        assert problem.title
        assert problem.request_id
        return refusal
    raise AssertionError(f"{code} was expected")


class Flow:
    """One person, and what they have made so far."""

    def __init__(self, anybody: Sdk, away: Sdk) -> None:
        self.anybody, self.away = anybody, away
        self.me = anybody
        self.name = f"sdk-{secrets.token_hex(6)}"
        self.students: list[str] = []
        self.registrations: list[str] = []
        self.classes: list[str] = []

    def sign_up(self) -> None:
        assert self.anybody.sign_up(self.name, PASSWORD) == self.name

    def token(self) -> None:
        self.me = self.anybody.with_token(self.anybody.issue(self.name, PASSWORD))
        assert self.me.whoami() == self.name

    def organization(self) -> None:
        made = self.me.create_organization("Night school", self.name, "Europe/Berlin")
        self.organization_id = made.id

    def class_with(self, title: str, mode: str) -> SchoolClass:
        made = self.me.create_class(self.organization_id, title, mode)
        self.classes.append(made.id)
        return made

    def school_class(self) -> None:
        made = self.class_with("Choir", "auto")
        assert (made.seats_free, made.title) == (1, "Choir")
        assert self.me.method_of(made, "register") == "POST"
        self.class_id = made.id

    def student(self) -> None:
        for given in ("Ada", "Ben", "Cleo"):
            self.students.append(self.me.create_student(self.organization_id, given).id)

    def register(self) -> None:
        made = self.me.register(self.class_id, self.students[0], "fail").body
        assert made.state == "enrolled"
        self.registrations.append(made.id)

    def full(self) -> None:
        second = self.students[1]
        refusal = refused(
            lambda: self.me.register(self.class_id, second, "fail"), 409, "class-full"
        )
        assert refusal.blocks == ["class-full"]

    def waitlist(self) -> None:
        made = self.me.register(self.class_id, self.students[1], "waitlist").body
        assert (made.state, made.position) == ("waitlisted", 1)
        self.registrations.append(made.id)
        assert self.me.line(self.class_id) == [self.students[1]]

    def promotion(self) -> None:
        assert self.me.move(self.registrations[0], "dropped").state == "dropped"
        assert self.me.get_registration(self.registrations[1]).state == "enrolled"

    def offer(self) -> None:
        self.offering = self.class_with("Drawing", "offer").id
        first = self.me.register(self.offering, self.students[0], "fail").body
        second = self.me.register(self.offering, self.students[1], "waitlist").body
        self.me.move(first.id, "dropped")
        offered = self.me.get_registration(second.id)
        assert offered.state == "offered"
        assert isinstance(offered.offer_expires_at, datetime)
        assert self.me.move(second.id, "enrolled").state == "enrolled"
        self.accepted = second.id

    def dry_run(self) -> None:
        would = self.me.would_register(self.offering, self.students[2], "waitlist")
        assert would == "waitlisted"
        assert self.me.would_move(self.accepted, "dropped") == "dropped"
        assert self.me.get_registration(self.accepted).state == "enrolled"

    def update(self) -> None:
        self.before = self.me.get_class(self.class_id).headers["etag"]
        answer = self.me.describe(self.class_id, self.before, "Tuesdays")
        assert answer.body.description == "Tuesdays"
        self.etag = answer.headers["etag"]
        assert self.etag != self.before

    def clear(self) -> None:
        changed = self.me.describe(self.class_id, self.etag, None).body
        assert (changed.description, changed.title) == (None, "Choir")

    def stale(self) -> None:
        refused(lambda: self.me.describe(self.class_id, self.before, "x"), 412, "stale-version")

    def without_etag(self) -> None:
        # Every signature asks for it.
        careless = self.me.changing(Change(headers={"If-Match": None}))
        refused(lambda: careless.describe(self.class_id, "*", "x"), 428, "precondition-required")

    def retry(self) -> None:
        key = secrets.token_hex(8)
        asked = (self.class_id, self.students[2], "waitlist", key)
        first, second = self.me.register(*asked), self.me.register(*asked)
        assert first.body.id == second.body.id
        assert "idempotent-replayed" not in first.headers
        assert second.headers["idempotent-replayed"] == "true"

    def paging(self) -> None:
        for number in range(5):
            self.class_with(f"Tutorial {number}", "auto")
        page = self.me.list_classes(self.organization_id)
        found = list(page.ids)
        while page.next:
            cursor = parse_qs(urlsplit(page.next).query)["cursor"][0]
            page = self.me.list_classes(self.organization_id, cursor)
            found += page.ids
        assert sorted(found) == sorted(self.classes)

    def export(self) -> None:
        answer = self.me.export(self.organization_id)
        job, pause = answer.body, int(answer.headers["retry-after"])
        assert (answer.status, job.state, pause > 0) == (202, "queued", True)
        assert answer.headers["location"].endswith(f"/{job.id}")
        for _ in range(MOST_LOOKS):
            if job.state not in {"queued", "running"}:
                break
            time.sleep(pause)
            job = self.me.get_job(job.id)
        assert job.state == "succeeded"
        assert self.me.result(job.id)[:4] == FIRST_BYTES

    def bad_request(self) -> None:
        here = self.organization_id
        refused(lambda: self.me.list_classes(here, "made-up"), 400, "invalid-cursor")

    def unauthenticated(self) -> None:
        refused(self.anybody.with_token("made-up").whoami, 401, "invalid-token")

    def forbidden(self) -> None:
        narrow = self.anybody.issue(self.name, PASSWORD, "account:read")
        stranger = self.anybody.with_token(narrow)
        refused(stranger.list_organizations, 403, "insufficient-scope")
        assert [each.id for each in self.me.list_organizations()] == [self.organization_id]

    def not_found(self) -> None:
        refused(lambda: self.me.get_class(NOBODYS), 404, "not-found")

    def wrong_method(self) -> None:
        # No signature lets it be chosen.
        refused(self.me.changing(Change("PUT")).whoami, 405, "method-not-allowed")

    def not_acceptable(self) -> None:
        picky = self.me.changing(Change(headers={"Accept": "text/csv"}))
        refused(picky.whoami, 406, "not-acceptable")

    def conflict(self) -> None:
        refused(lambda: self.anybody.sign_up(self.name, PASSWORD), 409, "duplicate-name")

    def gone(self) -> None:
        refusal = refused(self.me.changing(Change(path=ENDED)).whoami, 410, "version-sunset")
        assert refusal.links["successor-version"] == f"{self.me.base}/v1/me"

    def too_large(self) -> None:
        # A client that knows how long each text may be would not send it.
        refused(lambda: self.founding(Change(content=OVER_THE_LIMIT)), 413, "body-too-large")

    def long_address(self) -> None:
        here = self.organization_id
        refused(lambda: self.me.list_classes(here, LONG_CURSOR), 414, "uri-too-long")

    def wrong_type(self) -> None:
        change = Change(headers={"Content-Type": "text/plain"}, content="Night school")
        refused(lambda: self.founding(change), 415, "unsupported-media-type")

    def founding(self, change: Change) -> None:
        me = self.me.changing(change)
        me.create_organization("Another", f"{self.name}-2", "Europe/Berlin")

    def invalid(self) -> None:
        slug = f"{self.name}-2"
        refusal = refused(
            lambda: self.me.create_organization("x", slug, "Nowhere/Nope"), 422, "validation-failed"
        )
        assert refusal.pointers == ["#/timezone"]

    def rate_limited(self) -> None:
        def hurry() -> None:
            for _ in range(MOST_ATTEMPTS):
                try:
                    self.me.register(NOBODYS, self.students[0], "fail")
                except Refused as refusal:
                    if refusal.status != 404:
                        raise

        assert int(refused(hurry, 429, "rate-limited").headers["retry-after"]) > 0

    def long_headers(self) -> None:
        wordy = self.me.changing(Change(headers={"X-Words": "x" * 2**14}))
        refused(wordy.whoami, 431, "headers-too-large")

    def internal_error(self) -> None:
        refused(self.me.changing(Change(path=FAILING)).whoami, 500, "internal-error")

    def unavailable(self) -> None:
        refusal = refused(self.away.whoami, 503, "upstream-unavailable")
        assert int(refusal.headers["retry-after"]) > 0

    def sign_out(self) -> None:
        assert self.me.revoke() == 204
        refused(self.me.whoami, 401, "invalid-token")


def drive(kind: type[Sdk]) -> None:
    """Send a generated client on its journey, and end with how it went."""
    base, away = bases_of(sys.argv)
    sys.exit(travel(Flow(kind(base), kind(away, "made-up"))) > 0)
