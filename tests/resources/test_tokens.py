import base64
import secrets as random_numbers
from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher, extract_parameters
from sqlalchemy import select

from api.authz import secrets
from api.authz.scopes import Scope
from api.models import Token, User
from api.models.database import Database
from tests import factories
from tests.apps import Client, a_token

PASSWORD = "correct horse battery staple"


@pytest.fixture
def somebody(nobody):
    """A client without a token from an address of its own, for logins are limited by it."""
    nobody.address = f"2001:db8::{random_numbers.token_hex(2)}:{random_numbers.token_hex(2)}"
    return nobody


@pytest.fixture
def user(app, somebody):
    with app.extensions["homeroom"].database.write() as tx:
        hashed = app.extensions["homeroom"].container.accounts.passwords.hash(PASSWORD)
        return factories.a_user(tx, password_hash=hashed)


def log_in(somebody, username, password=PASSWORD, **options):
    wanted = {"username": username, "password": password, **options}
    return post(somebody, json=wanted)


def post(somebody, **options):
    remote = {"REMOTE_ADDR": somebody.address}
    return somebody.open("POST", "/v1/tokens", environ_overrides=remote, **options)


def basic(username, password):
    sent = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {sent}"}


def holder(app, token):
    return Client(app.test_client(), token)


def instant(text):
    return datetime.fromisoformat(text)


@pytest.fixture
def ways_in(monkeypatch):
    """Each time that anybody goes to the database, by the way that was taken."""
    taken = []

    def watched(way):
        enter = getattr(Database, way)

        def entered(database):
            taken.append(way)
            return enter(database)

        return entered

    for way in ("read", "snapshot", "write"):
        monkeypatch.setattr(Database, way, watched(way))
    return taken


@pytest.fixture
def hashings(monkeypatch):
    """Each time that Argon2 works, what for and at what cost."""
    done = []
    verify, make = PasswordHasher.verify, PasswordHasher.hash

    def verified(hasher, stored, password):
        done.append(("verify", extract_parameters(stored), len(password)))
        return verify(hasher, stored, password)

    def made(hasher, password, **options):
        done.append(("hash", len(password)))
        return make(hasher, password, **options)

    monkeypatch.setattr(PasswordHasher, "verify", verified)
    monkeypatch.setattr(PasswordHasher, "hash", made)
    return done


def test_a_token_is_issued_for_a_password_and_opens_what_its_user_may(app, somebody, user):
    issued = log_in(somebody, user.username.upper(), label="laptop")

    assert (issued.status_code, issued.headers["Cache-Control"]) == (201, "no-store")
    assert secrets.is_well_formed(issued.json["token"], "hr_")
    assert issued.json["scopes"] == sorted(Scope)
    assert instant(issued.json["expires_at"]) - instant(issued.json["created_at"]) == timedelta(30)
    assert issued.json["token"].startswith(issued.json["shown_prefix"])
    me = holder(app, issued.json["token"]).get("/v1/me")
    assert (me.json["user"]["username"], me.json["token_id"]) == (user.username, issued.json["id"])


def test_basic_credentials_do_as_well_with_a_body_or_without_one(app, somebody, user):
    bare = post(somebody, headers=basic(user.username, PASSWORD))
    wanted = {"scopes": ["people:read"], "expires_in_seconds": 60}
    narrow = post(somebody, headers=basic(user.username, PASSWORD), json=wanted)

    assert (bare.status_code, narrow.status_code) == (201, 201)
    assert narrow.json["scopes"] == ["people:read"]
    assert instant(narrow.json["expires_at"]) - instant(narrow.json["created_at"]) == timedelta(
        seconds=60
    )


def test_a_secret_is_in_the_201_alone(app, somebody, user):
    issued = log_in(somebody, user.username)
    own = holder(app, issued.json["token"])

    seen = own.get(issued.headers["Location"])

    assert seen.json == {name: value for name, value in issued.json.items() if name != "token"}
    (listed,) = own.get("/v1/tokens").json["items"]
    assert listed == seen.json


@pytest.mark.parametrize("stored", ["nobody", "without a password"])
def test_a_name_that_opens_nothing_costs_the_same_work_and_tells_the_same_as_a_wrong_password(
    app, somebody, user, hashings, ways_in, stored
):
    """What takes time is Argon2 and the database: who counts both, needs no clock."""
    with app.extensions["homeroom"].database.write() as tx:
        other = "nobody-here" if stored == "nobody" else factories.a_user(tx).username
    todays = extract_parameters(user.password_hash)
    wrong = "a wrong password"
    hashings.clear()
    ways_in.clear()

    known, way_of_known = log_in(somebody, user.username, wrong), tuple(ways_in)
    ways_in.clear()
    unknown = log_in(somebody, other, wrong)

    assert hashings == [("verify", todays, len(wrong))] * 2
    assert tuple(ways_in) == way_of_known
    assert (known.status_code, unknown.status_code) == (401, 401)
    assert said(known) == said(unknown)


def said(problem):
    """All that an answer tells, save what numbers the request."""
    return {
        name: value
        for name, value in problem.json.items()
        if name not in {"instance", "request_id"}
    }


def test_nothing_that_is_stored_holds_a_token_or_a_password(app, somebody, user):
    token = log_in(somebody, user.username).json["token"]

    with app.extensions["homeroom"].database.read() as tx:
        rows = tx.all(select(Token).where(Token.user_id == user.id))
        stored = repr([*rows, *tx.all(select(User).where(User.id == user.id))])
    assert rows[0].hash == secrets.hash_of(token)
    assert token not in stored
    assert token[len("hr_") + 8 :] not in stored
    assert PASSWORD not in stored


@pytest.mark.parametrize(
    ("username", "password"),
    [("{name}", "wrong"), ("nobody-at-all", PASSWORD), ("{name}", PASSWORD + " "), ("{name}", "")],
)
def test_wrong_credentials_get_one_answer_whoever_is_asked_for(somebody, user, username, password):
    refused = post(somebody, headers=basic(username.format(name=user.username), password))

    assert (refused.status_code, refused.json["code"]) == (401, "invalid-credentials")
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="homeroom"'
    assert refused.json["detail"] == "Invalid credentials"
    assert "Retry-After" not in refused.headers


def test_credentials_are_needed_in_one_of_two_places(somebody):
    refused = post(somebody, json={})

    assert refused.status_code == 422
    assert [fault["pointer"] for fault in refused.json["errors"]] == ["#/username", "#/password"]


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"scopes": ["everything"]}, "#/scopes/0"),
        ({"scopes": []}, "#/scopes"),
        ({"expires_in_seconds": 59}, "#/expires_in_seconds"),
        ({"expires_in_seconds": 365 * 86_400 + 1}, "#/expires_in_seconds"),
        ({"shown_prefix": "hr_"}, "#/shown_prefix"),
    ],
)
def test_a_token_that_cannot_be_is_refused_with_a_pointer(somebody, user, given, pointer):
    refused = log_in(somebody, user.username, **given)

    assert refused.status_code == 422
    assert [fault["pointer"] for fault in refused.json["errors"]] == [pointer]


def test_an_account_is_tried_ten_times_in_five_minutes_from_wherever(somebody, user, ways_in):
    tried = []
    for number in range(11):
        somebody.address = f"198.51.100.{number}"
        tried.append(log_in(somebody, user.username, "wrong").status_code)

    ways_in.clear()
    right = log_in(somebody, user.username)

    assert tried == [401] * 10 + [429]
    assert (right.status_code, right.json["code"]) == (429, "rate-limited")
    assert 1 <= int(right.headers["Retry-After"]) <= 300
    assert right.json["violated_policies"] == ["account"]
    assert ways_in == []


def test_the_throttle_of_one_account_is_not_that_of_another(app, somebody, user):
    with app.extensions["homeroom"].database.write() as tx:
        hashed = app.extensions["homeroom"].container.accounts.passwords.hash(PASSWORD)
        other = factories.a_user(tx, password_hash=hashed)
    for _ in range(11):
        log_in(somebody, user.username, "wrong")

    assert log_in(somebody, user.username.upper()).status_code == 429
    assert log_in(somebody, other.username).status_code == 201


def test_an_address_tries_a_hundred_times_in_five_minutes_and_then_nothing_is_checked(
    somebody, ways_in
):
    # Without credentials no password is hashed: the address is counted before.
    tried = [post(somebody, json={}).status_code for _ in range(101)]

    ways_in.clear()
    refused = log_in(somebody, "nobody-at-all")

    assert tried == [422] * 100 + [429]
    assert (refused.status_code, refused.json["violated_policies"]) == (429, ["login"])
    assert int(refused.headers["Retry-After"]) >= 1
    assert ways_in == []


def test_a_mistyped_token_is_refused_before_any_lookup(app, school, ways_in):
    token = school.owner.token
    mistyped = token[:-1] + ("a" if token[-1] != "a" else "b")
    ways_in.clear()

    answers = [holder(app, sent).get("/v1/me") for sent in (mistyped, "hr_", "x" * 39)]

    assert [answer.status_code for answer in answers] == [401] * 3
    assert answers[0].headers["WWW-Authenticate"] == (
        'Bearer realm="homeroom", error="invalid_token"'
    )
    assert ways_in == []
    assert holder(app, secrets.new_secret("hr_")).get("/v1/me").status_code == 401
    assert ways_in == ["read"]


def test_a_token_does_what_its_scopes_allow(school):
    with school.database.write() as tx:
        narrow = a_token(tx, school.owner.member.user_id, scopes=(Scope.PEOPLE_READ,))
    reader = holder(school.app, narrow)

    read = reader.get(f"{school.url}/students")
    write = reader.post(f"{school.url}/students", {"given_name": "A", "family_name": "B"})
    other = reader.get(f"{school.url}/terms")

    assert (read.status_code, write.status_code, other.status_code) == (200, 403, 403)
    assert (write.json["code"], write.json["scope"]) == ("insufficient-scope", "people:write")
    assert write.headers["WWW-Authenticate"] == (
        'Bearer realm="homeroom", error="insufficient_scope", scope="people:write"'
    )


def test_a_token_ends_at_its_time(app, somebody, user, http_clock):
    issued = log_in(somebody, user.username, expires_in_seconds=60).json
    own = holder(app, issued["token"])

    http_clock.set(instant(issued["expires_at"]) - timedelta(milliseconds=1))
    before = own.get("/v1/me").status_code
    http_clock.set(instant(issued["expires_at"]))

    assert (before, own.get("/v1/me").status_code) == (200, 401)


@pytest.mark.parametrize("alias", [True, False])
def test_a_revoked_token_is_worth_nothing_at_once(app, somebody, user, alias):
    issued = log_in(somebody, user.username).json
    own = holder(app, issued["token"])
    url = "/v1/tokens/current" if alias else issued["_links"]["revoke"]["href"]
    assert own.get(url).json["id"] == issued["id"]

    revoked = own.delete(url)

    assert (revoked.status_code, revoked.data) == (204, b"")
    assert own.get("/v1/me").status_code == 401
    other = holder(app, log_in(somebody, user.username).json["token"])
    assert [item["id"] for item in other.get("/v1/tokens").json["items"]] != [issued["id"]]
    assert other.delete(f"/v1/tokens/{issued['id']}").status_code == 404


def test_nobody_sees_or_revokes_the_token_of_another(app, school):
    (token,) = school.student.get("/v1/tokens").json["items"]

    assert school.owner.get(f"/v1/tokens/{token['id']}").status_code == 404
    assert school.owner.delete(f"/v1/tokens/{token['id']}").status_code == 404
    assert school.student.get("/v1/me").status_code == 200
    assert "create" in school.student.get("/v1/tokens").json["_links"]


def test_tokens_are_filtered_and_sorted(app, somebody, user):
    first = log_in(somebody, user.username, label="phone", expires_in_seconds=60).json
    own = holder(app, log_in(somebody, user.username).json["token"])

    def found(query):
        return [item["label"] for item in own.get(f"/v1/tokens?{query}").json["items"]]

    assert found("label=phone") == ["phone"]
    assert found("sort=expires_at") == ["phone", None]
    assert found("label__is_null=true") == [None]
    assert found(f"expires_at__lt={first['expires_at']}") == []


def test_a_token_says_on_which_day_it_was_last_used(school, ways_in, http_clock):
    uses, person = school.app.extensions["homeroom"].sweeper.uses, school.student
    ways_in.clear()
    (unused,) = person.get("/v1/tokens").json["items"]
    read = list(ways_in)
    while uses.write(school.database):
        pass

    def found(query):
        return len(person.get(f"/v1/tokens?{query}").json["items"])

    today = http_clock.now().date().isoformat()
    used = person.get(f"/v1/tokens/{unused['id']}").json
    issued = person.get("/v1/tokens/current").json
    assert (unused["last_used_on"], used["last_used_on"]) == (None, today)
    assert issued["last_used_on"] == today
    # The request that used it wrote nothing.
    assert set(read) == {"read"}
    assert (found(f"last_used_on={today}"), found("last_used_on__is_null=true")) == (1, 0)
    assert (found(f"last_used_on__lt={today}"), found(f"last_used_on__gte={today}")) == (0, 1)


def test_a_token_that_is_refused_was_not_used(school, somebody, user, http_clock):
    uses = school.app.extensions["homeroom"].sweeper.uses
    issued = log_in(somebody, user.username, expires_in_seconds=60).json
    http_clock.set(instant(issued["expires_at"]))

    assert holder(school.app, issued["token"]).get("/v1/me").status_code == 401
    while uses.write(school.database):
        pass

    with school.database.read() as tx:
        row = tx.first(select(Token.last_used_on).where(Token.user_id == user.id))
    assert row.last_used_on is None
