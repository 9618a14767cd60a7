"""Every operation that takes a body, ready to be called with any bytes, and what is stored."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from openapi_schema_validator import OAS30WriteValidator
from sqlalchemy import Engine, NullPool, create_engine, select

from api.models.base import db, fold
from api.schemas import patterns

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
NOT_SHOWN = frozenset({"idempotency_keys", "tokens.last_used_on"})
"""Tables and columns that every call may write, whatever it was answered."""


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
    """A member of a body that takes a text, or a list in whose first item one stands."""

    door: Door
    name: str
    most: int
    multiline: bool
    is_shown: bool
    form: str = ""
    """The pattern of a narrower form than that of a text."""
    steps: tuple = ()
    """From the member to the text: an index, and perhaps a name."""
    beside: tuple = ()
    """What an item needs beside the text: names and values."""

    def __str__(self):
        return f"{self.door} {self.pointer}"

    @property
    def pointer(self):
        return "/".join(["#", self.name, *map(str, self.steps)])

    def key(self, text):
        """Give what tells texts apart where each stands once: some are the same in any case."""
        return fold(text) if self.name in {"code", "username"} else text

    def shown(self, text):
        """Give a text as it comes back: names of users are small."""
        return fold(text) if self.name == "username" else text

    def holding(self, text):
        """Give a value of the member with this text in its place."""
        if not self.steps:
            return text
        _, *name = self.steps
        return [dict(self.beside) | {name[0]: text} if name else text]

    def of(self, document):
        """Give the text that stands in its place in a document."""
        value = document[self.name]
        for step in self.steps:
            value = value[step]
        return value

    @property
    def is_unique(self):
        return self.name in {"code", "external_id"}


def doors(document):
    """List every operation that takes a body, once for each media type."""
    return [
        Door(operation["operationId"], method.upper(), template, media_type)
        for template, methods in document["paths"].items()
        for method, operation in methods.items()
        for media_type in operation.get("requestBody", {}).get("content", ())
    ]


def text_members(document, door):
    """List the members of a door that take a text; of a JSON Patch, what it may write."""
    return [member for member in string_members(document, door) if not member.form]


def formed_members(document, door):
    """List those that take strings of a narrower form only: names, addresses, ids, times."""
    return [member for member in string_members(document, door) if member.form]


def string_members(document, door):
    """List the members of a door that take strings, but for those that hide what they were sent."""
    operation = document["paths"][door.template][door.method.lower()]
    media_type = MERGE if door.media_type == JSON_PATCH else door.media_type
    schema = resolved(document, operation["requestBody"]["content"][media_type]["schema"])
    shown = shown_by(document, operation)
    return [
        Member(
            door,
            name,
            text.get("maxLength"),
            text["pattern"] == patterns.LINES,
            name in shown,
            "" if text["pattern"] in (patterns.LINE, patterns.LINES) else text["pattern"],
            steps,
            beside,
        )
        for name, member in schema["properties"].items()
        for text, steps, beside in texts_in(document, member)
        if text.get("pattern", patterns.NO_NUL) != patterns.NO_NUL
        and not names_what_exists(door, name, member)
    ]


def texts_in(document, member):
    """Give what may be a text in a member: itself, the items of a list, or members of these."""
    if member.get("type") != "array":
        return [(member, (), ())]
    item = resolved(document, member["items"])
    needed = {name: IN_AN_ITEM[name] for name in item.get("required", ()) if name in IN_AN_ITEM}
    inner = item.get("properties", {}).items()
    return [(item, (0,), ())] + [(text, (0, name), tuple(needed.items())) for name, text in inner]


def names_what_exists(door, name, member):
    """Whether a text says which thing is meant, so that any other is of nothing."""
    return (
        member.get("format") == "uri"
        or (door.operation_id, name) in LOOKED_UP
        or f"{{{name}}}" in door.template
    )


def shown_by(document, operation):
    """Name the members of what an operation answers."""
    answers = operation["responses"]
    given = answers.get("201") or answers.get("202") or answers["200"]
    schema = resolved(document, given["content"]["application/json"]["schema"])
    return resolved(document, schema.get("oneOf", [schema])[0])["properties"]


def resolved(document, schema):
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def body_schema(document, door):
    """Give what the document says of the bodies of a door, ready to judge one."""
    operation = document["paths"][door.template][door.method.lower()]
    schema = operation["requestBody"]["content"][door.media_type]["schema"]
    return OAS30WriteValidator({**schema, "components": document["components"]})


@dataclass
class Victim:
    """A school on a server, and its owner, who sends bytes."""

    grounds: object
    client: httpx.Client
    document: dict
    engine: Engine
    place: object = None
    standing: dict = field(default_factory=dict)
    newcomers: int = 0
    spare: list = field(default_factory=list)

    @classmethod
    def of(cls, grounds):
        client = httpx.Client(base_url=grounds.base, timeout=20)
        engine = create_engine(grounds.url, poolclass=NullPool)
        victim = cls(grounds, client, grounds.document(), engine)
        victim.move()
        return victim

    def move(self):
        """Go on in a new school, where nothing has been changed yet."""
        self.place = self.grounds.a_place()
        self.standing = {}

    def prepare(self, door, calls):
        """Make as many schools as owners are needed for these calls."""
        if door.operation_id == "update_user":
            self.spare = [self.grounds.a_place() for _ in range(0, calls, OF_ONE_CALLER)]

    def send(self, door, body, **known):
        """Call an operation with everything in order but, perhaps, the body."""
        if door.operation_id == "update_user":
            # Each owner in turn, so that none comes to the limit of passwords.
            self.place = self.spare[0]
            self.spare.append(self.spare.pop(0))
        headers = {"Content-Type": door.media_type, "Accept-Encoding": "identity"}
        if door.operation_id not in PUBLIC:
            headers |= self._credentials()
        if door.method in ("PUT", "PATCH"):
            headers["If-Match"] = "*"
        path = self.path(door, **known)
        with self._caller(door) as client:
            return client.request(door.method, path, content=body, headers=headers)

    @contextmanager
    def _caller(self, door):
        """Give a client; whoever has no token comes from an address that few came from before."""
        if door.operation_id not in PUBLIC:
            yield self.client
            return
        turn = self.newcomers // OF_ONE_CALLER
        self.newcomers += 1
        address = f"127.0.{1 + turn // 250}.{1 + turn % 250}"
        transport = httpx.HTTPTransport(verify=False, local_address=address)
        with httpx.Client(base_url=self.grounds.base, transport=transport, timeout=20) as client:
            yield client

    def path(self, door, **known):
        return door.template.format(**self.place.named("owner", door.operation_id) | known)

    def send_member(self, member, value, **known):
        """Call an operation with a body that is in order but, perhaps, for one member."""
        return self.send(member.door, json.dumps(self._body(member, value)).encode(), **known)

    def _body(self, member, value):
        door = member.door
        if door.media_type == JSON_PATCH:
            return [{"op": "add", "path": f"/{member.name}", "value": member.holding(value)}]
        if door.media_type == MERGE:
            return {member.name: member.holding(value)}
        if door.method == "POST":
            body = self.place.smallest(door.operation_id, "owner")
        else:
            body = self._standing(door)
        return {**body, member.name: member.holding(value)}

    def _standing(self, door):
        """Give what stands where a PUT goes, as far as it can be written there."""
        if door not in self.standing:
            self.standing[door] = self.read(self.path(door))
        operation = self.document["paths"][door.template]["put"]
        schema = operation["requestBody"]["content"][door.media_type]["schema"]
        writable = resolved(self.document, schema)["properties"]
        return {name: value for name, value in self.standing[door].items() if name in writable}

    def read(self, url):
        """Fetch what the owner sees at an address."""
        answer = self.client.get(url, headers=self._credentials())
        assert answer.status_code == 200, answer.text
        return answer.json()

    def registered(self):
        """Register the student that has no place yet; gives the id of the registration."""
        body = self.place.smallest("create_registration", "owner")
        path = f"/v1/organizations/{self.place.school.public('organization_id')}/registrations"
        made = self.client.post(path, json=body, headers=self._credentials())
        assert made.status_code == 201, made.text
        return made.json()["id"]

    def drop(self, registration):
        path = f"/v1/registrations/{registration}/transitions"
        left = self.client.post(path, json={"to": "dropped"}, headers=self._credentials())
        assert left.status_code == 200, left.text

    def _credentials(self):
        return {"Authorization": f"Bearer {self.place.tokens['owner']}"}

    def stored(self):
        """Read every row of every table, as one number for each table."""
        with self.engine.connect() as connection:
            return {
                table.name: hash(frozenset(map(repr, connection.execute(select(*columns)))))
                for table in db.metadata.sorted_tables
                if table.name not in NOT_SHOWN
                and (columns := [c for c in table.c if f"{table.name}.{c.name}" not in NOT_SHOWN])
            }


IN_AN_ITEM = {
    "opens_at": "2027-01-01T08:00:00.000Z",
    "closes_at": "2027-02-01T08:00:00.000Z",
    "name": "Staff",
    "amount_minor": 100,
}
"""What an item has to say beside one of its texts: a window, an instructor, a price."""
LOOKED_UP = frozenset(
    {("create_token", "username"), ("create_token", "label"), ("create_member", "username")}
)
"""Texts that say which thing is meant, so that any other is of nothing; and one that stands
behind the limit of logins, which no setting lifts."""
OF_ONE_CALLER = 50
"""Calls; after twice as many an address, or a user, may not try a password for five minutes."""
PUBLIC = frozenset({"create_user", "create_token"})
"""Operations that read no bearer token."""
