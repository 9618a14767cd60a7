"""Real servers in processes of their own, and people who know nothing but their address."""

import base64
import secrets
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager, suppress
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
    target: Any = None

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
        return answered(
            lambda: self.client.request(method, url, headers=sent, **options), self.target
        )

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
    """One server, and a school in it that was made through its API.

    `target` is there when somebody else runs the server: see tests/blackbox/target.py.
    """

    base: str
    client: httpx.Client
    target: Any = None
    people: dict = field(init=False)
    school: Any = None
    accounts: list = field(default_factory=list)
    schools: list = field(default_factory=list)

    def __post_init__(self):
        self.people = People(self)

    @property
    def nobody(self):
        return Person(self.client, target=self.target)

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
        if self.target is not None and made.status_code == 403:
            return self.target.somebody(self.client, name)
        assert made.status_code == 201, made.text
        self.accounts.append(username)
        return self.logged_in(username)

    def logged_in(self, username):
        """Who has this name, with a new token; None if there is nobody (any more)."""
        basic = base64.b64encode(f"{username}:{PASSWORD}".encode()).decode()
        token = self.nobody.post("/v1/tokens", headers={"Authorization": f"Basic {basic}"})
        assert token.status_code in {201, 401}, token.text
        if token.status_code == 401:
            return None
        return Person(self.client, token.json()["token"], username, self.target)

    def a_school(self, name="School"):
        """A new organization of the owner's."""
        slug = f"{name.lower()}-{secrets.token_hex(4)}"
        new = {"name": name, "slug": slug, "timezone": "Europe/Vienna"}
        made = self.owner.post("/v1/organizations", new)
        assert made.status_code == 201, made.text
        self.schools.append(made.headers["Location"])
        return made.json()

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

    def a_student(self):
        """The id of a new student of the school who has no login."""
        new = {"given_name": "Ben", "family_name": "Classmate"}
        made = self.owner.post(f"{self.url}/students", new)
        assert made.status_code == 201, made.text
        return made.json()["id"]

    def raw(self, *lines, body=b""):
        """Send bytes that no client would send; gives head and body of the first answer."""

        def send():
            with self.conversation() as say:
                answer = say(*lines, body=body)
            assert answer is not None, "the connection was closed without an answer"
            return answer

        return answered(send, self.target)

    @contextmanager
    def conversation(self):
        """Give a function that sends bytes on one connection, and reads the answer to them.

        It gives None when the other side has closed the connection without an answer.
        """
        address = httpx.URL(self.base)
        host = address.host if address.port is None else f"{address.host}:{address.port}"

        with connected(address) as connection:

            def say(*lines, body=b""):
                head = "\r\n".join((*lines, f"Host: {host}", "", ""))
                # Who refuses a body need not take all of it; the answer is there nevertheless.
                with suppress(ConnectionError):
                    connection.sendall(head.encode("latin-1") + body)
                try:
                    return read_answer(connection)
                except ConnectionError:
                    return None

            yield say


@dataclass
class People(dict):
    """Who is in a world, by what they are; whoever is asked for first comes then."""

    world: World

    def __missing__(self, name):
        if name in {"owner", "stranger"}:
            person = self.world.signed_up(name)
        else:
            person = self.world.joined(name, name, **self.record(name))
        self[name] = person
        return person

    def record(self, name):
        """What the invitation of a student names: a student of the school."""
        if name != "student":
            return {}
        new = {"given_name": "Ada", "family_name": "Student"}
        made = self.world.owner.post(f"{self.world.url}/students", new)
        assert made.status_code == 201, made.text
        return {"student_id": made.json()["id"]}


def answered(send: Callable, target):
    """The answer; a server of somebody else may ask to wait, and is told on if it weakens tags."""
    answer = send()
    while target is not None and target.is_patient and answer.status_code == 429:
        time.sleep(int(answer.headers["Retry-After"]))
        answer = send()
    if target is not None:
        target.look_at(answer)
    return answer


@contextmanager
def connected(address):
    """A connection to where a URL points, with TLS if it says so."""
    port = address.port or (443 if address.scheme == "https" else 80)
    with socket.create_connection((address.host, port), timeout=10) as connection:
        if address.scheme != "https":
            yield connection
            return
        tls = ssl.create_default_context()
        with tls.wrap_socket(connection, server_hostname=address.host) as secured:
            yield secured


def read_answer(connection):
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            break
        received += part
    if not received:
        raise ConnectionResetError
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
def world(backend, request, tmp_path_factory):
    """A server of the program that belongs to this database, with people in it.

    Or one that somebody else runs, when `scripts/conformance` names it.
    """
    target = target_of(request.config)
    with ExitStack() as stack:
        if target is not None:
            client = stack.enter_context(httpx.Client(base_url=target.base, timeout=30))
        else:
            server = request.getfixturevalue("server")
            url = server.create("blackbox", like="migrated")
            stack.callback(server.drop, "blackbox")
            client = stack.enter_context(serving(backend, tmp_path_factory.mktemp("data"), url))
        owner = None if target is None else target.owner(client)
        yield stack.enter_context(a_world(client, target, owner))


@contextmanager
def a_world(client, target=None, owner=None):
    """A school and its people on a server; on somebody else's they are gone afterwards."""
    world = World(str(client.base_url).rstrip("/"), client, target)
    if owner is not None:
        world.people["owner"] = owner
    world.school = world.a_school()
    yield world
    if target is not None:
        target.leave(world)


def target_of(config):
    """The server of somebody else that is looked at, or None."""
    plugin = config.pluginmanager.get_plugin("homeroom-conformance")
    return plugin and plugin.target


@pytest.fixture
def term(world):
    """A new term's address, and its tag."""
    made = world.a_term()
    return made.headers["Location"], made.headers["ETag"]
