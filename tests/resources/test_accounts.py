import secrets as random_numbers
from contextlib import contextmanager

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from api import ids
from api.app import create_app
from api.authz.scopes import Scope
from api.models import IdempotencyKey, Member, Role, Student, Token, User
from api.models.database import Database
from tests import factories
from tests.apps import Client, a_person, settings_for

PASSWORD = "correct horse battery staple"


@pytest.fixture
def somebody(nobody):
    """A client without a token from an address of its own, for sign-ups are limited by it."""
    nobody.address = f"2001:db8::{random_numbers.token_hex(2)}:{random_numbers.token_hex(2)}"
    return nobody


def post(somebody, path, body, **options):
    remote = {"REMOTE_ADDR": somebody.address}
    return somebody.open("POST", path, json=body, environ_overrides=remote, **options)


def sign_up(somebody, **given):
    wanted = {"username": f"u-{random_numbers.token_hex(8)}", "password": PASSWORD, **given}
    return post(somebody, "/v1/users", wanted)


def log_in(somebody, username, password=PASSWORD):
    return post(somebody, "/v1/tokens", {"username": username, "password": password})


def signed_in(app, somebody, **given):
    """A new user's client, and the user as the sign-up answered."""
    made = sign_up(somebody, **given)
    token = log_in(somebody, made.json["username"], given.get("password", PASSWORD))
    return Client(app.test_client(), token.json["token"]), made.json


def stored(app, table, *conditions):
    with app.extensions["homeroom"].database.read() as tx:
        return tx.all(select(table).where(*conditions))


def hashes_of(monkeypatch):
    """A list that tells of each hash from now on whether a write was open meanwhile."""
    told, open_writes, write = [], [], Database.write

    @contextmanager
    def watched_write(database):
        with write(database) as tx:
            open_writes.append(tx)
            try:
                yield tx
            finally:
                open_writes.remove(tx)

    def watched(work):
        def working(*arguments):
            told.append(bool(open_writes))
            return work(*arguments)

        return working

    monkeypatch.setattr(Database, "write", watched_write)
    for name in ("hash", "verify"):
        monkeypatch.setattr(PasswordHasher, name, watched(getattr(PasswordHasher, name)))
    return told


def url_of(person):
    return "/v1/users/" + ids.encode("usr", person.member.user_id)


def test_whoever_signs_up_can_log_in_and_read_themselves(app, somebody):
    name = f"Ada-{random_numbers.token_hex(8)}"

    made = sign_up(somebody, username=name, display_name="Ada B.", email="ada@example.org")

    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    assert (made.json["username"], made.json["display_name"]) == (name.lower(), "Ada B.")
    assert "password" not in made.json
    own = Client(app.test_client(), log_in(somebody, name).json["token"])
    seen = own.get(made.headers["Location"])
    assert (seen.data, seen.headers["ETag"]) == (made.data, made.headers["ETag"])
    assert PASSWORD not in repr(stored(app, User, User.username == name.lower()))


def test_a_taken_name_is_refused_with_a_pointer(somebody):
    name = sign_up(somebody).json["username"]

    refused = sign_up(somebody, username=name.upper(), password="another password")

    assert (refused.status_code, refused.json["code"]) == (409, "duplicate-name")
    assert refused.json["pointer"] == "#/username"
    assert log_in(somebody, name).status_code == 201


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"username": "ab"}, "#/username", "bad-format"),
        ({"username": "-ada"}, "#/username", "bad-format"),
        ({"username": "ada b"}, "#/username", "bad-format"),
        ({"username": "x" * 65}, "#/username", "bad-format"),
        ({"password": "1234567"}, "#/password", "too-short"),
        ({"password": "x" * 1025}, "#/password", "too-long"),
        ({"password": "with a \x00 inside"}, "#/password", "bad-format"),
        ({"email": "ada"}, "#/email", "bad-format"),
        ({"role": "owner"}, "#/role", "unknown-member"),
    ],
)
def test_an_account_that_cannot_be_is_refused_with_a_pointer(somebody, given, pointer, code):
    refused = sign_up(somebody, **given)

    assert refused.status_code == 422
    faults = [(fault["pointer"], fault["code"]) for fault in refused.json["errors"]]
    assert (pointer, code) in faults or pointer == "#/username"
    assert {place for place, _ in faults} == {pointer}


@pytest.mark.parametrize("password", [" padded ", "Å" * 8, "A\u030a" * 8, "x" * 1024])
def test_a_password_is_used_exactly_as_it_was_sent(somebody, password):
    name = sign_up(somebody, password=password).json["username"]

    assert log_in(somebody, name, password).status_code == 201
    assert log_in(somebody, name, password.strip()[1:] + "!").status_code == 401
    if password != password.strip():
        assert log_in(somebody, name, password.strip()).status_code == 401


@pytest.mark.parametrize(
    "password", ["Iloveyou", "trustno1", "{username}", "{username}-2027", "homeroom1"]
)
def test_an_easily_guessed_password_is_refused_and_nobody_is_made(app, somebody, password):
    name = f"u-{random_numbers.token_hex(8)}x"

    refused = sign_up(somebody, username=name, password=password.format(username=name))

    faults = [(fault["pointer"], fault["code"]) for fault in refused.json["errors"]]
    assert (refused.status_code, faults) == (422, [("#/password", "not-a-choice")])
    assert stored(app, User, User.username == name) == []


def test_sign_up_is_closed_where_it_is_closed(database_url, http_clock, app_clock):
    closed = create_app(settings_for(database_url, HOMEROOM_OPEN_SIGNUP="off"), clock=app_clock)
    client = Client(closed.test_client())

    refused = client.post("/v1/users", {"username": "nobody-here", "password": PASSWORD})
    doors = [client.get(path).json for path in ("/", "/v1")]
    page = client.get("/", headers={"Accept": "text/html"})

    assert (refused.status_code, refused.json["code"]) == (403, "signup-closed")
    for door in doors:
        assert "users" not in door["_links"]
        assert door["_blocked"] == {"users": [{"code": "signup-closed"}]}
    assert "/v1/users" not in page.text
    assert stored(closed, User, User.username == "nobody-here") == []
    closed.extensions["homeroom"].database.close()


def test_a_sign_up_is_never_replayed(app, somebody):
    wanted = {"username": f"u-{random_numbers.token_hex(8)}", "password": PASSWORD}

    statuses = [post(somebody, "/v1/users", wanted, key="same").status_code for _ in range(2)]

    assert statuses == [201, 409]
    assert stored(app, IdempotencyKey, IdempotencyKey.path == "/v1/users") == []


def test_i_am_the_user_the_token_my_memberships_and_my_students(school):
    me = school.student.get("/v1/me")

    assert me.json["user"]["id"] == ids.encode("usr", school.student.member.user_id)
    assert set(me.json["scopes"]) == set(Scope)
    (membership,) = me.json["memberships"]
    assert (membership["organization_id"], membership["role"]) == (school.id, "student")
    assert membership["student_id"] == ids.encode("stu", school.student.student.id)
    assert me.json["students"] == [{"id": membership["student_id"], "organization_id": school.id}]
    assert school.registrar.get("/v1/me").json["students"] == []
    assert school.student.get(me.json["_links"]["user"]["href"]).json == me.json["user"] | {
        "_links": school.student.get(url_of(school.student)).json["_links"]
    }


def test_nobody_sees_changes_or_deletes_the_account_of_another(school):
    url = url_of(school.student)

    answers = [
        school.owner.get(url),
        school.owner.patch(url, {"display_name": "Mine"}, if_match="*"),
        school.owner.delete(url),
        school.owner.get("/v1/users/usr_00000000000000000000000000"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert school.student.get(url).status_code == 200


def test_an_account_is_changed_with_the_version_that_was_read(school):
    url = url_of(school.student)
    etag = school.student.get(url).headers["ETag"]

    changed = school.student.patch(url, {"display_name": "Ada"}, if_match=etag)
    same = school.student.patch(url, {"display_name": "Ada"}, if_match="*")

    assert (changed.json["display_name"], changed.json["version"]) == ("Ada", 2)
    assert same.headers["ETag"] == changed.headers["ETag"]
    assert school.student.patch(url, {"display_name": "A"}).status_code == 428
    assert school.student.patch(url, {"display_name": "A"}, if_match=etag).status_code == 412
    assert school.student.patch(url, {"username": "ada"}, if_match="*").status_code == 422


def test_a_new_password_needs_the_present_one(app, somebody):
    own, user = signed_in(app, somebody)
    url, name = user["_links"]["self"]["href"], user["username"]
    new = "another long password"

    without = own.patch(url, {"password": new}, if_match="*")
    wrong = own.patch(url, {"password": new, "current_password": "a guess"}, if_match="*")
    before = log_in(somebody, name).status_code
    changed = own.patch(url, {"password": new, "current_password": PASSWORD}, if_match="*")

    assert [answer.json["errors"][0]["pointer"] for answer in (without, wrong)] == [
        "#/current_password"
    ] * 2
    assert (before, changed.status_code, changed.json["version"]) == (201, 200, 2)
    assert log_in(somebody, name).status_code == 401
    assert log_in(somebody, name, new).status_code == 201


@pytest.mark.parametrize("new", ["Iloveyou", "{username}"])
def test_an_easily_guessed_password_is_no_new_one_either(app, somebody, new):
    own, user = signed_in(app, somebody)
    wanted = {
        "password": new.format(username=user["username"]),
        "current_password": PASSWORD,
        "display_name": "Ada",
    }

    refused = own.patch(user["_links"]["self"]["href"], wanted, if_match="*")

    faults = [(fault["pointer"], fault["code"]) for fault in refused.json["errors"]]
    assert (refused.status_code, faults) == (422, [("#/password", "not-a-choice")])
    assert log_in(somebody, user["username"]).status_code == 201
    assert own.get("/v1/me").json["user"]["display_name"] is None


def test_a_password_is_changed_by_a_json_patch_too(app, somebody):
    own, user = signed_in(app, somebody)
    new = "another long password"
    changes = [
        {"op": "add", "path": "/password", "value": new},
        {"op": "add", "path": "/current_password", "value": PASSWORD},
    ]

    changed = own.patch(
        user["_links"]["self"]["href"],
        changes,
        if_match="*",
        headers={"Content-Type": "application/json-patch+json"},
    )

    assert changed.status_code == 200
    assert log_in(somebody, user["username"], new).status_code == 201


def test_a_stale_change_of_the_password_costs_no_hash(app, somebody, monkeypatch):
    own, user = signed_in(app, somebody)
    url = user["_links"]["self"]["href"]
    hashed = hashes_of(monkeypatch)
    wanted = {"password": "another long password", "current_password": PASSWORD}

    without, stale = own.patch(url, wanted), own.patch(url, wanted, if_match='"v7-0"')
    foreign = own.patch("/v1/users/usr_00000000000000000000000000", wanted, if_match="*")

    assert (without.status_code, stale.status_code, foreign.status_code) == (428, 412, 404)
    assert hashed == []


def test_no_password_is_hashed_while_a_transaction_is_open(app, somebody, monkeypatch):
    own, user = signed_in(app, somebody)
    hashed = hashes_of(monkeypatch)
    wanted = {"password": "another long password", "current_password": PASSWORD}

    changed = own.patch(user["_links"]["self"]["href"], wanted, if_match="*")

    assert changed.status_code == 200
    # One to check the present password, one for the new one.
    assert hashed == [False, False]


def test_a_deleted_account_is_gone_with_tokens_and_memberships_and_its_student_stays(school):
    person = school.student

    assert person.delete(url_of(person)).status_code == 204

    assert person.get("/v1/me").status_code == 401
    user_id = person.member.user_id
    assert stored(school.app, User, User.id == user_id) == []
    assert stored(school.app, Token, Token.user_id == user_id) == []
    in_school = (Member.organization_id == school.row.id, Member.user_id == user_id)
    assert stored(school.app, Member, *in_school) == []
    (student,) = stored(
        school.app,
        Student,
        Student.organization_id == school.row.id,
        Student.id == person.student.id,
    )
    assert (student.member_id, student.status) == (None, "active")


def test_the_last_owner_of_a_school_cannot_delete_their_account(school):
    refused = school.owner.delete(url_of(school.owner))

    assert (refused.status_code, refused.json["code"]) == (409, "last-owner")
    assert school.owner.get("/v1/me").status_code == 200
    school.another(Role.OWNER)
    assert school.owner.delete(url_of(school.owner)).status_code == 204


def test_the_owner_of_an_archived_school_can_delete_their_account(school):
    school.owner.delete(school.url, if_match="*")

    assert school.owner.delete(url_of(school.owner)).status_code == 204


def test_an_account_leaves_every_school_at_once(school, app):
    with school.database.write() as tx:
        other = factories.an_organization(tx)
        a_person(app, tx, other.id, Role.OWNER)
        factories.a_member(tx, other.id, Role.OWNER, user_id=school.student.member.user_id)

    assert school.student.delete(url_of(school.student)).status_code == 204

    user_id = school.student.member.user_id
    members = (Member.organization_id.in_([school.row.id, other.id]), Member.user_id == user_id)
    assert stored(app, Member, *members) == []
