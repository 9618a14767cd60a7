"""The application for tests, and people who call it: one school a test, with every role in it."""

from dataclasses import dataclass, field

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import ids as public_ids
from api.app import create_app
from api.authz import secrets
from api.authz.scopes import Scope
from api.models import Role
from api.models.database import Database
from api.settings import Settings
from tests import factories
from tests.contract.validating import Contract
from tests.fake_clock import START, FakeClock

SECRET_KEY = "a key for tests that nobody else uses, long enough"


@pytest.fixture(scope="session")
def app_clock():
    return FakeClock()


@pytest.fixture(scope="session")
def app(database_url, app_clock):
    """The REST application on the shared database; `testing` is off, as in production."""
    app = create_app(settings_for(database_url), clock=app_clock)
    yield app
    app.extensions["homeroom"].database.close()


@pytest.fixture
def http_clock(app_clock):
    """The application's clock, back at its start; every test may move it."""
    app_clock.set(START)
    return app_clock


@pytest.fixture
def nobody(app, http_clock):
    """A client without a token."""
    return Client(app.test_client())


@pytest.fixture
def school(app, http_clock):
    """An organization of this test alone, with an owner, a registrar, an instructor, a student."""
    return a_school(app)


def settings_for(database_url, **changes):
    """Settings of a test's application: limits off, sign-up open, no sweeper, no worker."""
    environ = {
        "HOMEROOM_ENV": "development",
        "HOMEROOM_SECRET_KEY": SECRET_KEY,
        "HOMEROOM_DATABASE_URL": database_url,
        "HOMEROOM_RATE_LIMIT": "off",
        "HOMEROOM_REGISTRATION_RATE_LIMIT": "off",
        "HOMEROOM_SWEEPER": "off",
        "HOMEROOM_JOBS": "off",
        "HOMEROOM_PUBLIC_URL": "https://homeroom.test",
        **changes,
    }
    return Settings.from_environment(environ)


@dataclass
class Client:
    """Somebody who calls the application; paths are given as in links, with or without the host."""

    client: FlaskClient
    token: str | None = None
    member: object = None
    student: object = None

    def get(self, path, **options):
        return self.open("GET", path, **options)

    def post(self, path, json=None, **options):
        return self.open("POST", path, json=json, **options)

    def put(self, path, json=None, **options):
        return self.open("PUT", path, json=json, **options)

    def patch(self, path, json=None, **options):
        return self.open("PATCH", path, json=json, **options)

    def delete(self, path, **options):
        return self.open("DELETE", path, **options)

    def open(self, method, path, *, headers=None, key=None, if_match=None, **options):
        """One call; `key` is sent as Idempotency-Key, `if_match` as If-Match."""
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if key is not None:
            sent["Idempotency-Key"] = key
        if if_match is not None:
            sent["If-Match"] = if_match
        path = path.removeprefix("https://homeroom.test")
        response = self.client.open(path, method=method, headers=sent, **options)
        Contract.of(self.client.application).check(response)
        return response


@dataclass
class School:
    """One organization and its people; `row` is the organization's."""

    app: Flask
    row: object
    people: dict = field(default_factory=dict)

    @property
    def id(self):
        return public_ids.encode("org", self.row.id)

    @property
    def url(self):
        return f"/v1/organizations/{self.id}"

    @property
    def database(self) -> Database:
        return self.app.extensions["homeroom"].database

    @property
    def owner(self):
        return self.people[Role.OWNER]

    @property
    def registrar(self):
        return self.people[Role.REGISTRAR]

    @property
    def instructor(self):
        return self.people[Role.INSTRUCTOR]

    @property
    def student(self):
        return self.people[Role.STUDENT]

    def another(self, role=Role.STUDENT, **given):
        """One more person of this school; a student has a student record too."""
        with self.database.write() as tx:
            return a_person(self.app, tx, self.row.id, role, **given)


def a_school(app, **given):
    """An organization with one person of each role."""
    with app.extensions["homeroom"].database.write() as tx:
        school = School(app, factories.an_organization(tx, **given))
        for role in Role:
            school.people[role] = a_person(app, tx, school.row.id, role)
    return school


def a_person(app, tx, organization_id, role, **given):
    """A member with a token of every scope; a student has a student record, with `given`."""
    user = factories.a_user(tx)
    member = factories.a_member(tx, organization_id, role, user_id=user.id)
    student = None
    if role is Role.STUDENT:
        student = factories.a_student(tx, organization_id, member_id=member.id, **given)
    return Client(app.test_client(), a_token(tx, user.id), member, student)


def a_token(tx, user_id, scopes=tuple(Scope)):
    """A token's secret; the row is written."""
    secret = secrets.new_secret(secrets.TOKEN_PREFIX)
    factories.a_token(tx, user_id, hash=secrets.hash_of(secret), scopes=list(scopes))
    return secret
