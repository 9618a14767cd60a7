"""Every operation that takes a body, ready to be called with any bytes, and what is stored."""

import json
from dataclasses import dataclass

import httpx
from sqlalchemy import NullPool, create_engine, func, select

from api.models.base import db
from api.schemas import patterns

NOT_SHOWN = frozenset({"idempotency_keys"})
"""What every call may leave, whatever it was answered."""


@dataclass(frozen=True)
class Door:
    """One operation with one of the media types that it takes."""

    operation_id: str
    method: str
    template: str
    media_type: str

    def __str__(self):
        return f"{self.operation_id} {self.media_type}"


@dataclass(frozen=True)
class Member:
    """A member of a body that takes a text."""

    door: Door
    name: str
    most: int
    multiline: bool
    is_shown: bool

    def __str__(self):
        return f"{self.door.operation_id} {self.name}"


def doors(document):
    """List every operation that takes a body, once for each media type."""
    return [
        Door(operation["operationId"], method.upper(), template, media_type)
        for template, methods in document["paths"].items()
        for method, operation in methods.items()
        for media_type in operation.get("requestBody", {}).get("content", ())
    ]


def text_members(document):
    """List the members of creating operations that take a text of one or of several lines."""
    found = []
    for door in doors(document):
        if door.method != "POST":
            continue
        operation = document["paths"][door.template]["post"]
        body = operation["requestBody"]["content"]
        shown = shown_by(document, operation)
        schema = resolved(document, body[door.media_type]["schema"])
        for name, member in schema["properties"].items():
            pattern, is_address = member.get("pattern"), member.get("format") == "uri"
            names_what_exists = is_address or (door.operation_id, name) in LOOKED_UP
            if pattern in (patterns.LINE, patterns.LINES) and not names_what_exists:
                is_multiline = pattern == patterns.LINES
                found.append(Member(door, name, member["maxLength"], is_multiline, name in shown))
    return found


def shown_by(document, operation):
    """Name the members of what a creating operation answers."""
    given = operation["responses"].get("201") or operation["responses"]["200"]
    schema = resolved(document, given["content"]["application/json"]["schema"])
    return resolved(document, schema.get("oneOf", [schema])[0])["properties"]


def resolved(document, schema):
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


@dataclass
class Victim:
    """A school on a server, and its owner, who sends bytes."""

    grounds: object
    client: httpx.Client
    place: object

    @classmethod
    def of(cls, grounds):
        return cls(grounds, httpx.Client(base_url=grounds.base, timeout=20), grounds.a_place())

    def send(self, door, body):
        """Call an operation with everything in order but, perhaps, the body."""
        known = self.place.named("owner", door.operation_id)
        headers = {"Content-Type": door.media_type, "Accept-Encoding": "identity"}
        if door.operation_id not in PUBLIC:
            headers["Authorization"] = f"Bearer {self.place.tokens['owner']}"
        if door.method in ("PUT", "PATCH"):
            headers["If-Match"] = "*"
        path = door.template.format(**known)
        return self.client.request(door.method, path, content=body, headers=headers)

    def send_member(self, member, value):
        """Call a creating operation with the smallest body and one more member."""
        smallest = self.place.smallest(member.door.operation_id, "owner")
        body = json.dumps({**smallest, member.name: value}).encode()
        return self.send(member.door, body)

    def read(self, url):
        """Fetch what the owner sees at an address."""
        headers = {"Authorization": f"Bearer {self.place.tokens['owner']}"}
        answer = self.client.get(url, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stored(self):
        """Count the rows of every table, and add up their versions."""
        engine = create_engine(self.grounds.url, poolclass=NullPool)
        with engine.connect() as connection:
            return {
                table.name: tuple(connection.execute(counted(table)).one())
                for table in db.metadata.sorted_tables
                if table.name not in NOT_SHOWN
            }


def counted(table):
    """Build the statement that counts the rows of a table and adds up their versions."""
    version = table.c.get("version")
    summed = func.count() if version is None else func.sum(version)
    return select(func.count(), summed).select_from(table)


LOOKED_UP = frozenset(
    {
        ("create_member", "username"),
        ("create_token", "username"),
        ("create_token", "label"),
        ("create_invitation_acceptance", "code"),
    }
)
"""Texts that say which thing is meant, so that any other is of nothing; and one that stands
behind the limit of logins, which no setting lifts."""
PUBLIC = frozenset({"create_user", "create_token"})
"""Operations that read no bearer token."""
