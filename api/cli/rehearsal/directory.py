"""Who holds which token and which class is which section, learned from a file and the API alone."""

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from api.cli.rehearsal.client import Answer, Client, Request
from api.cli.rehearsal.demand import open_text


class NotReady(Exception):
    """The server or the tokens do not fit the demand; the message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens of a school by external id of the student, and its registrar's."""

    registrar: str
    students: dict[str, str]
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A class as its organization's list shows it."""

    class_id: str
    section: str
    capacity: int | None
    seats_taken: int
    waitlist_length: int


def read_tokens(path: Path) -> Tokens:
    """Read JSON lines `{"external_id", "token"}` and one `{"role": "registrar", "token"}`.

    Raises:
        NotReady: there is no registrar's line, or a line holds neither.
    """
    with open_text(path) as lines:
        return tokens_of(json.loads(line) for line in lines if line.strip())


def tokens_of(entries: Iterable[dict[str, Any]]) -> Tokens:
    """Sort the lines of a tokens file; see `read_tokens`."""
    roles: dict[str, str] = {}
    students: dict[str, str] = {}
    for entry in entries:
        if entry.get("external_id") is not None:
            students[entry["external_id"]] = entry["token"]
        elif entry.get("role") is not None:
            roles[entry["role"]] = entry["token"]
        else:
            raise NotReady("a line of the tokens file has neither external_id nor role")
    if "registrar" not in roles:
        raise NotReady("the tokens file has no line of the registrar")
    return Tokens(registrar=roles["registrar"], students=students, owner=roles.get("owner"))


async def read(client: Client, token: str, path: str) -> Any:
    """GET a representation.

    Raises:
        NotReady: the answer is not 200.
    """
    return (await _get(client, token, path)).json()


async def _get(client: Client, token: str, path: str) -> Answer:
    answer = await client.send(Request(method="GET", path=path, token=token))
    if answer.status != 200:
        text = answer.body[:300].decode("utf-8", "replace")
        raise NotReady(f"GET {path} answered {answer.status}: {text}")
    return answer


async def items(client: Client, token: str, path: str) -> AsyncIterator[dict[str, Any]]:
    """All items of a collection, by its `next` links."""
    following: str | None = path
    while following is not None:
        page = await read(client, token, following)
        for item in page["items"]:
            yield item
        link = page["_links"].get("next")
        following = None if link is None else _path(link["href"])


def _path(href: str) -> str:
    """The path and query of a link; the host is ours to choose, since any server may answer."""
    parts = urlsplit(href)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


async def organization_of(client: Client, token: str) -> str:
    """The organization that the registrar of the tokens file belongs to.

    Raises:
        NotReady: the registrar belongs to none, or to several.
    """
    me = await read(client, token, "/v1/me")
    found = {membership["organization_id"] for membership in me["memberships"]}
    if len(found) != 1:
        raise NotReady(f"the registrar belongs to {len(found)} organizations, one is needed")
    return str(found.pop())


async def places(client: Client, token: str, organization_id: str) -> dict[str, Place]:
    """All classes that have an external id, by that id: the section's number."""
    path = f"/v1/organizations/{organization_id}/classes?limit=100"
    return {
        item["external_id"]: Place(
            class_id=item["id"],
            section=item["external_id"],
            capacity=item["capacity"],
            seats_taken=item["seats_taken"],
            waitlist_length=item["waitlist_length"],
        )
        async for item in items(client, token, path)
        if item["external_id"] is not None
    }


async def set_conflict_policy(client: Client, tokens: Tokens, organization_id: str) -> None:
    """Make the organization refuse conflicts, as its owner (or as whoever we have).

    Raises:
        NotReady: the policy could not be set.
    """
    token = tokens.owner or tokens.registrar
    path = f"/v1/organizations/{organization_id}"
    current = await _get(client, token, path)
    if current.json()["conflict_policy"] == "block":
        return
    answer = await client.send(
        Request(
            method="PATCH",
            path=path,
            token=token,
            body=b'{"conflict_policy":"block"}',
            headers=(
                ("Content-Type", "application/merge-patch+json"),
                ("If-Match", current.headers["etag"]),
            ),
        )
    )
    if answer.status != 200:
        raise NotReady(
            f"conflict_policy could not be set to block ({answer.status}): the tokens file needs "
            'a line {"role": "owner", "token": …}'
        )
