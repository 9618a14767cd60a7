"""A Homeroom as a test sees it: its fixtures, its clock, and organizations to work in."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

import httpx

TIMEOUT_SECONDS: Final = 30
IDLE_SECONDS: Final = 2.0
"""How long an unused connection is kept: the server lets go after five, and drops what comes."""


class HomeroomRefused(Exception):
    """The server did not do what a fixture needs; the text is its answer."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with a token of every scope."""

    running: RunningHomeroom = field(repr=False)
    username: str
    role: str
    token: str
    user_id: str
    member_id: str
    student_id: str | None
    """Of the student record that is theirs; None for staff."""
    external_id: str | None

    @cached_property
    def http(self) -> httpx.Client:
        """A client that asks as this person; paths begin with `/v1`."""
        return self.running.client(self.token)


@dataclass(frozen=True, kw_only=True)
class Organization:
    """An organization and its people; what else is in it, a test made."""

    running: RunningHomeroom = field(repr=False)
    id: str
    people: Mapping[str, Person]
    """By what they are called: `owner`, `registrar`, `instructor`, `student`, `student2` …"""

    @classmethod
    def of(cls, running: RunningHomeroom, told: Mapping[str, Any]) -> Organization:
        """From what the server tells of one."""
        people = {name: Person(running=running, **one) for name, one in told["people"].items()}
        return cls(running=running, id=told["organization_id"], people=people)

    @property
    def url(self) -> str:
        """Its path: `/v1/organizations/org_…`."""
        return f"/v1/organizations/{self.id}"

    @property
    def owner(self) -> Person:
        """Who may do everything in it."""
        return self.people["owner"]

    @property
    def registrar(self) -> Person:
        """Who runs the catalogue and the registrations."""
        return self.people["registrar"]

    @property
    def instructor(self) -> Person:
        """Who teaches the classes that name them."""
        return self.people["instructor"]

    @property
    def student(self) -> Person:
        """The first of its students."""
        return self.people["student"]

    @property
    def students(self) -> list[Person]:
        """All of its students, in order."""
        return [person for person in self.people.values() if person.role == "student"]

    def new_class(self, title: str = "A class", **members: Any) -> dict[str, Any]:
        """Make a class that is open, unless `members` say otherwise; its representation.

        Raises:
            HomeroomRefused: the members are not those of a class.
        """
        body = {"title": title, "status": "open", **members}
        return answered(self.owner.http.post(f"{self.url}/classes", json=body))


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The one clock of the server: it stands until it is moved.

    Whatever is due at the new time is done before a method returns.
    """

    desk: httpx.Client = field(repr=False)
    url: str

    @property
    def now(self) -> datetime:
        """Where it stands, in UTC."""
        return _instant(answered(self.desk.get(self.url)))

    def advance(self, **by: float) -> datetime:
        """Move on by what `timedelta` takes, in whole seconds: `days=3`; the new reading."""
        seconds = timedelta(**by) // timedelta(seconds=1)
        return self._moved({"advance_seconds": seconds})

    def move(self, to: datetime | str, *, backwards: bool = False) -> datetime:
        """Stand at `to`, an aware datetime or the text of an instant; the new reading.

        Raises:
            HomeroomRefused: it is earlier, and `backwards` is not set.
        """
        text = to if isinstance(to, str) else to.isoformat()
        return self._moved({"to": text, "backwards": backwards})

    def settle(self) -> None:
        """Do what is due without moving, such as promotions that another class made possible."""
        self._moved({"advance_seconds": 0})

    def _moved(self, wish: Mapping[str, Any]) -> datetime:
        return _instant(answered(self.desk.patch(self.url, json=wish)))


class RunningHomeroom:
    """A server of this session, told by what it printed when it was ready."""

    def __init__(self, told: dict[str, Any]) -> None:
        """Open one pool of connections, which every client of the session shares."""
        self.told = told
        """All that the server says of itself: fixtures, ids, addresses."""
        # No client reads certificates, which would take it longer than a whole test.
        self._transport = httpx.HTTPTransport(
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            limits=httpx.Limits(keepalive_expiry=IDLE_SECONDS),
        )
        self._desk = self.client(told["key"])

    @property
    def base_url(self) -> str:
        """Where it serves, without a slash at its end."""
        return str(self.told["base_url"])

    @property
    def fixtures(self) -> Organization:
        """The school that is there from the start; tests that share it see one another's doings."""
        return Organization.of(self, self.told)

    @property
    def clock(self) -> Clock:
        """Its clock."""
        return Clock(desk=self._desk, url=self.told["clock_url"])

    def client(self, token: str | None = None) -> httpx.Client:
        """A client that asks with `token`, or as a stranger; it need not be closed."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.Client(
            base_url=self.base_url,
            headers=headers,
            transport=self._transport,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )

    def organization(self, *, students: int = 1, timezone: str = "UTC") -> Organization:
        """Make an organization that holds an owner, a registrar, an instructor and students."""
        wanted = {"students": students, "timezone": timezone}
        made = self._desk.post(self.told["organizations_url"], json=wanted)
        return Organization.of(self, answered(made))

    def reset(self) -> None:
        """Throw everything away, and begin anew: the same fixtures, ids and tokens; the clock too.

        Nothing else may be under way.
        """
        self.told |= answered(self._desk.post(self.told["reset_url"]))

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()


def answered(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer.

    Raises:
        HomeroomRefused: it is no success.
    """
    if not response.is_success:
        asked = f"{response.request.method} {response.request.url}"
        raise HomeroomRefused(f"{asked} was answered {response.status_code}: {response.text}")
    document: dict[str, Any] = response.json()
    return document


def _instant(told: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(told["now"])
