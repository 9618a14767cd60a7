"""Real servers in processes of their own, and people who know nothing but their address."""

import base64
import secrets
import socket
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.servers.programs import granian, one_port

PASSWORD = "a password for tests"
ORIGIN = "https://school.example"
MERGE = "application/merge-patch+json"


@dataclass
class Person:
    """Somebody with a token, on a connection of their own."""

    client: httpx.Client
    token: str | None = None
    username: str = ""

    def open(self, method, url, *, headers=None, key=None, if_match=None, json=None, **options):
        sent = {"Accept-Encoding": "identity"}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if key is not None:
            sent["Idempotency-Key"] = key
        if if_match is not None:
            sent["If-Match"] = if_match
        if json is not None:
            options["json"] = json
            if method == "PATCH":
                sent["Content-Type"] = MERGE
        sent |= headers or {}
        return self.client.request(method, url, headers=sent, **options)

    def get(self, url, **options):
        return self.open("GET", url, **options)

    def post(self, url, json=None, **options):
        return self.open("POST", url, json=json, **options)

    def send(self, method, url, body, content_type="application/json", **headers):
        """One request with a body as it is, valid or not."""
        return self.open(
            method, url, content=body, headers={"Content-Type": content_type, **headers}
        )


@dataclass
class World:
    """One server, and a school in it that was made through its API."""

    base: str
    client: httpx.Client
    people: dict = field(default_factory=dict)
    school: Any = None

    @property
    def nobody(self):
        return Person(self.client)

    @property
    def owner(self):
        return self.people["owner"]

    @property
    def student(self):
        return self.people["student"]

    @property
    def stranger(self):
        return self.people["stranger"]

    @property
    def url(self):
        """The school's address."""
        return self.school["_links"]["self"]["href"]

    @property
    def path(self):
        """The school's address, without the host."""
        return httpx.URL(self.url).path

    def signed_up(self, name):
        username = f"{name}-{secrets.token_hex(4)}"
        made = self.nobody.post("/v1/users", {"username": username, "password": PASSWORD})
        assert made.status_code == 201, made.text
        basic = base64.b64encode(f"{username}:{PASSWORD}".encode()).decode()
        token = self.nobody.post("/v1/tokens", headers={"Authorization": f"Basic {basic}"})
        assert token.status_code == 201, token.text
        return Person(self.client, token.json()["token"], username)

    def joined(self, name, role, **invitation):
        """Somebody new who accepted an invitation to the school."""
        person = self.signed_up(name)
        sent = self.owner.post(f"{self.url}/invitations", {"role": role, **invitation})
        assert sent.status_code == 201, sent.text
        code = {"code": sent.json()["code"]}
        accepted = person.post("/v1/invitation-acceptances", code)
        assert accepted.status_code == 201, accepted.text
        return person

    def a_term(self, name="Autumn"):
        """A new term, as the answer that made it."""
        new = {"name": name, "starts_on": "2027-10-01", "ends_on": "2028-01-31"}
        made = self.owner.post(f"{self.url}/terms", new)
        assert made.status_code == 201, made.text
        return made

    def a_class(self, **members):
        new = {"title": "Algebra", "status": "open", "capacity": 2, **members}
        made = self.owner.post(f"{self.url}/classes", new)
        assert made.status_code == 201, made.text
        return made

    def raw(self, *lines, body=b""):
        """Send bytes that no client would send; gives head and body of the first answer."""
        address = httpx.URL(self.base)
        head = "\r\n".join((*lines, f"Host: {address.host}:{address.port}", "", ""))
        with socket.create_connection((address.host, address.port), timeout=10) as connection:
            connection.sendall(head.encode("latin-1") + body)
            return read_answer(connection)


def read_answer(connection):
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            break
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = httpx.Headers([line.split(": ", 1) for line in lines])
    length = int(headers.get("Content-Length", 0))
    while len(body) < length:
        part = connection.recv(65536)
        if not part:
            break
        body += part
    given = {"headers": headers, "extensions": {"raw": body}}
    if "Content-Encoding" not in headers:
        given["content"] = body
    return httpx.Response(int(status.split()[1]), **given)


@contextmanager
def serving(backend, data_dir, url, **settings):
    """asgi.py on SQLite, granian on PostgreSQL."""
    program = one_port if backend == "sqlite" else granian
    given = {
        "HOMEROOM_DATABASE_URL": url,
        "HOMEROOM_RATE_LIMIT": "off",
        "HOMEROOM_REGISTRATION_RATE_LIMIT": "off",
        "HOMEROOM_CORS_ORIGINS": ORIGIN,
        **settings,
    }
    with program(data_dir, **given) as (_, client):
        yield client


@pytest.fixture(scope="session")
def world(backend, server, tmp_path_factory):
    """A server of the program that belongs to this database, with people in it."""
    url = server.create("blackbox", like="migrated")
    with ExitStack() as stack:
        client = stack.enter_context(serving(backend, tmp_path_factory.mktemp("data"), url))
        yield people(World(str(client.base_url).rstrip("/"), client))
    server.drop("blackbox")


def people(world):
    """Fill a world: an owner with a school, a registrar, an instructor, a student, a stranger."""
    world.people["owner"] = world.signed_up("owner")
    slug = f"school-{secrets.token_hex(4)}"
    new = {"name": "School", "slug": slug, "timezone": "Europe/Vienna"}
    made = world.owner.post("/v1/organizations", new)
    assert made.status_code == 201, made.text
    world.school = made.json()
    for role in ("registrar", "instructor"):
        world.people[role] = world.joined(role, role)
    record = world.owner.post(
        f"{world.url}/students", {"given_name": "Ada", "family_name": "Student"}
    )
    assert record.status_code == 201, record.text
    student_id = record.json()["id"]
    world.people["student"] = world.joined("student", "student", student_id=student_id)
    world.people["stranger"] = world.signed_up("stranger")
    return world


@pytest.fixture
def term(world):
    """A new term's address, and its tag."""
    made = world.a_term()
    return made.headers["Location"], made.headers["ETag"]
