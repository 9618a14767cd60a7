"""How each refusal is brought about over HTTP: its status, its own members, and what was done."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import update

from api import ids
from api.app import create_app
from api.authz.actor import Actor
from api.http.versions import VERSIONS, Ending, Version, Versions
from api.models import Organization
from api.services import class_seats
from tests import factories
from tests.apps import Client, a_token, settings_for

SCENARIOS = {}
UNKNOWN = "cls_" + "0" * 26
BLOCKED = ("blocks", "class_id")
FULL = (*BLOCKED, "capacity", "waiting", "waitlist_open")


@dataclass(frozen=True)
class Scenario:
    status: int
    members: frozenset
    act: object
    behind: str | None = None


def refusal(code, status, *members, behind=None):
    """Register a function that brings a refusal about; `members` are those beside the usual.

    A reason that is never the most relevant one stands in `blocks`, `behind` another.
    """

    def register(act):
        assert code not in SCENARIOS, code
        SCENARIOS[code] = Scenario(status, frozenset(members), act, behind)
        return act

    return register


@dataclass
class Scene:
    """A school at a time, and what a scenario needs to make it refuse."""

    school: object
    nobody: Client
    clock: object
    folder: Path
    database_url: str
    classes: dict = field(default_factory=dict)

    def write(self):
        return self.school.database.write()

    def a_class(self, **given):
        """Make a class with the first event of its ledger; give its path."""
        with self.write() as tx:
            row = factories.a_class(tx, self.school.row.id, **given)
            row = class_seats.created(tx, Actor.system(), row)
        url = f"/v1/classes/{ids.encode('cls', row.id)}"
        self.classes[url] = row
        return url

    def a_term(self):
        with self.write() as tx:
            return factories.a_term(tx, self.school.row.id)

    def register(self, url, person=None, **body):
        return (person or self.school.student).post(f"{url}/registrations", body)

    def settings(self, **values):
        with self.write() as tx:
            tx.execute(
                update(Organization).where(Organization.id == self.school.row.id).values(**values)
            )

    @contextmanager
    def app(self, database_url=None, versions=VERSIONS, **environment):
        """Another application on the same database, or on one of its own."""
        app = create_app(
            settings_for(database_url or self.database_url, **environment),
            clock=self.clock,
            versions=versions,
        )
        try:
            yield app
        finally:
            app.extensions["homeroom"].database.close()

    def window(self, opens, closes, audience=None):
        """A registration window from and to a number of days from now, as it is stored."""
        now = self.clock.now()
        moments = {
            name: (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            for name, days in (("opens_at", opens), ("closes_at", closes))
        }
        return {"audience": audience, **moments}


@refusal("authentication-required", 401)
def _(scene):
    return scene.nobody.get("/v1/me")


@refusal("invalid-token", 401)
def _(scene):
    return scene.nobody.get("/v1/me", headers={"Authorization": "Bearer hr_made-up"})


@refusal("invalid-credentials", 401)
def _(scene):
    return scene.nobody.post("/v1/tokens", {"username": "no-such-person", "password": "wrong"})


@refusal("forbidden", 403)
def _(scene):
    return scene.school.student.post(f"{scene.school.url}/courses", {"code": "A", "title": "A"})


@refusal("insufficient-scope", 403, "scope")
def _(scene):
    person = scene.school.owner
    with scene.write() as tx:
        token = a_token(tx, person.member.user_id, ["account:read"])
    return Client(person.client, token).get("/v1/organizations")


@refusal("signup-closed", 403)
def _(scene):
    with scene.app(HOMEROOM_OPEN_SIGNUP="off") as app:
        new = {"username": "latecomer", "password": "correct horse"}
        return Client(app.test_client()).post("/v1/users", new)


@refusal("rate-limited", 429, "violated_policies")
def _(scene):
    with scene.app(HOMEROOM_RATE_LIMIT="1/hour") as app:
        person = Client(app.test_client(), scene.school.owner.token)
        person.get("/v1/me")
        return person.get("/v1/me")


@refusal("not-found", 404)
def _(scene):
    return scene.school.owner.get(f"/v1/classes/{UNKNOWN}")


@refusal("method-not-allowed", 405)
def _(scene):
    return scene.school.owner.put("/v1/me", {})


@refusal("not-acceptable", 406, "available")
def _(scene):
    return scene.school.owner.get("/v1/me", headers={"Accept": "image/png"})


@refusal("unsupported-media-type", 415)
def _(scene):
    return scene.school.owner.open(
        "POST", "/v1/organizations", data="a=b", content_type="text/plain"
    )


def _sent(scene, text):
    return scene.school.owner.open(
        "POST", "/v1/organizations", data=text, content_type="application/json"
    )


@refusal("malformed-json", 400)
def _(scene):
    return _sent(scene, '{"name": }')


@refusal("malformed-patch", 400)
def _(scene):
    return _patched(scene, [{"op": "no-such-op", "path": "/name"}])


@refusal("unknown-parameter", 400, "errors", "allowed")
def _(scene):
    return scene.school.owner.get("/v1/organizations?limt=5")


@refusal("invalid-parameter", 400, "errors")
def _(scene):
    return scene.school.owner.get("/v1/organizations?limit=0")


@refusal("invalid-cursor", 400)
def _(scene):
    return scene.school.owner.get("/v1/organizations?cursor=made-up")


@refusal("cursor-mismatch", 400)
def _(scene):
    with scene.write() as tx:
        for _number in range(2):
            factories.a_term(tx, scene.school.row.id)
    terms = f"{scene.school.url}/terms"
    following = scene.school.owner.get(f"{terms}?limit=1").json["_links"]["next"]["href"]
    return scene.school.owner.get(f"{following}&sort=-created_at")


@refusal("invalid-header", 400, "errors")
def _(scene):
    return scene.school.owner.get("/v1/me", headers={"If-Match": "unquoted"})


@refusal("body-too-large", 413, "limit_bytes")
def _(scene):
    return _sent(scene, "x" * (1024 * 1024 + 1))


@refusal("uri-too-long", 414, "limit_bytes")
def _(scene):
    return scene.school.owner.get(f"/v1/me?{'x' * 9000}")


@refusal("headers-too-large", 431, "limit_bytes")
def _(scene):
    return scene.school.owner.get("/v1/me", headers={"X-Long": "x" * 17_000})


@refusal("validation-failed", 422, "errors")
def _(scene):
    return scene.school.owner.post("/v1/organizations", {})


@refusal("idempotency-key-reused", 422)
def _(scene):
    url = f"{scene.school.url}/courses"
    scene.school.owner.post(url, {"code": "A", "title": "A"}, key="once")
    return scene.school.owner.post(url, {"code": "B", "title": "B"}, key="once")


def _patched(scene, operations, **options):
    return scene.school.owner.open(
        "PATCH",
        scene.school.url,
        json=operations,
        content_type="application/json-patch+json",
        if_match="*",
        **options,
    )


@refusal("patch-failed", 422, "errors")
def _(scene):
    return _patched(scene, [{"op": "replace", "path": "/no_such_member", "value": 1}])


@refusal("patch-test-failed", 409, "pointer")
def _(scene):
    return _patched(scene, [{"op": "test", "path": "/name", "value": "Another"}])


@refusal("stale-version", 412, "version")
def _(scene):
    return scene.school.owner.patch(scene.school.url, {"name": "A"}, if_match='"v99-0"')


@refusal("precondition-required", 428)
def _(scene):
    return scene.school.owner.patch(scene.school.url, {"name": "A"})


@refusal("duplicate-name", 409, "pointer")
def _(scene):
    new = {"name": "A", "slug": scene.school.row.slug, "timezone": "UTC"}
    return scene.school.owner.post("/v1/organizations", new)


@refusal("last-owner", 409)
def _(scene):
    member = ids.encode("mem", scene.school.owner.member.id)
    return scene.school.owner.delete(f"/v1/members/{member}", if_match="*")


@refusal("resource-in-use", 409, "counts")
def _(scene):
    term = scene.a_term()
    scene.a_class(term_id=term.id)
    return scene.school.owner.delete(f"/v1/terms/{ids.encode('trm', term.id)}", if_match="*")


@refusal("state-conflict", 409, "state")
def _(scene):
    made = scene.register(scene.a_class()).headers["Location"]
    scene.school.student.delete(made)
    return scene.school.student.delete(made)


@refusal("capacity-below-taken", 409, "capacity", "seats_taken")
def _(scene):
    url = scene.a_class(capacity=5)
    scene.register(url)
    return scene.school.owner.patch(url, {"capacity": 0}, if_match="*")


@refusal("offer-expired", 409, "offer_expires_at", "timezone")
def _(scene):
    url = scene.a_class(capacity=1)
    seat = scene.register(url).headers["Location"]
    second = scene.school.another()
    waiting = scene.register(url, second, on_full="waitlist").headers["Location"]
    scene.school.student.delete(seat)
    scene.clock.advance(days=3)
    return second.post(f"{waiting}/transitions", {"to": "enrolled"})


@refusal("already-registered", 409, *BLOCKED, "registration_id", "state", "_links")
def _(scene):
    url = scene.a_class()
    scene.register(url)
    return scene.register(url)


@refusal("student-inactive", 409, *BLOCKED, "state")
def _(scene):
    return scene.register(scene.a_class(), scene.school.another(status="inactive"))


@refusal("class-not-open", 409, *BLOCKED, "state")
def _(scene):
    return scene.register(scene.a_class(status="closed"))


@refusal("not-open-yet", 409, *BLOCKED, "opens_at", "timezone")
def _(scene):
    return scene.register(scene.a_class(windows=[scene.window(1, 2)]))


@refusal("registration-closed", 409, *BLOCKED, "closed_at", "timezone")
def _(scene):
    return scene.register(scene.a_class(windows=[scene.window(-2, -1)]))


@refusal("audience", 409, *BLOCKED, "audiences")
def _(scene):
    return scene.register(scene.a_class(windows=[scene.window(-1, 1, "honours")]))


@refusal("time-conflict", 409, *BLOCKED, "conflicts", "conflict_count")
def _(scene):
    urls = [scene.a_class() for _number in range(2)]
    with scene.write() as tx:
        for url in urls:
            factories.a_session(tx, scene.classes[url])
    scene.register(urls[0])
    return scene.register(urls[1])


@refusal("term-limit", 409, *BLOCKED, "limit", "count")
def _(scene):
    scene.settings(max_live_classes_per_term=1)
    term = scene.a_term()
    scene.register(scene.a_class(term_id=term.id))
    return scene.register(scene.a_class(term_id=term.id))


@refusal("class-full", 409, *FULL, "_links")
def _(scene):
    return scene.register(scene.a_class(capacity=0))


@refusal("waitlist-limit", 409, *FULL, behind="class-full")
def _(scene):
    scene.settings(max_waitlists_per_term=1)
    term = scene.a_term()
    scene.register(scene.a_class(term_id=term.id, capacity=0), on_full="waitlist")
    return scene.register(scene.a_class(term_id=term.id, capacity=0), on_full="waitlist")


@refusal("waitlist-closed", 409, *FULL, behind="class-full")
def _(scene):
    return scene.register(scene.a_class(capacity=0, waitlist_enabled=False), on_full="waitlist")


@refusal("waitlist-full", 409, *FULL, behind="class-full")
def _(scene):
    return scene.register(scene.a_class(capacity=0, waitlist_capacity=0), on_full="waitlist")


@refusal("version-sunset", 410, "sunset_at", "_links")
def _(scene):
    sunset = scene.clock.now()
    since = sunset - timedelta(days=400)
    ending = Ending(since=since, sunset=sunset, successor="get_root", guide="/docs")
    with scene.app(versions=Versions(served=(Version(name="v1", ending=ending),))) as app:
        return Client(app.test_client(), scene.school.owner.token).get("/v1/me")


@refusal("internal-error", 500)
def _(scene):
    with scene.app() as app:

        def broken(**_path):
            raise RuntimeError("a secret that nobody may read")

        app.view_functions["Me"] = broken
        return app.test_client().get("/v1/me")


@refusal("upstream-unavailable", 503)
def _(scene):
    file = scene.folder / "away" / "homeroom.sqlite3"
    file.parent.mkdir()
    with scene.app(f"sqlite:///{file}") as app:
        app.extensions["homeroom"].database.close()
        for each in file.parent.iterdir():
            each.unlink()
        file.parent.rmdir()
        return Client(app.test_client(), scene.school.owner.token).get("/v1/me")
