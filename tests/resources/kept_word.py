"""Whether a representation keeps its word: each judged rel against the answer of its call.

A call is made by the smallest body of its form, and is to be rolled back: see `rolled_back`.
"""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from api import ids
from api.http.links import LinkMaker
from api.models.database import Database

HOST = "https://homeroom.test"
NEEDS_REASON = {"removed", "rejected"}


@pytest.fixture
def rolled_back(monkeypatch):
    """Let no request change anything: each finds the school as the representation showed it."""
    write = Database.write

    @contextmanager
    def discarded(database):
        with write(database) as tx:
            tx.discard()
            yield tx

    monkeypatch.setattr(Database, "write", discarded)


def kept(person, rels, seen, *, targets, form, document=None, path=None, answered=None):
    """Call what each judged rel means; give those whose word is broken, and how.

    `document` is the part of the answer `seen` that has the links, `path` the ids in its URL;
    `form` gives what the body of a call needs beside what the link fixes; `answered` holds what
    was called before.
    """
    answered = {} if answered is None else answered
    document = seen.json if document is None else document
    known = {name: id_of(value) for name, value in document.items() if _is_id(name, value)}
    row = SimpleNamespace(**{**(path or {}), **known})
    for rel in rels:
        if not rel.judged or rel.name == _twin(document):
            continue
        link = LinkMaker(rel, targets[rel.operation])(row, HOST)
        shown = document["_links"].get(rel.name)
        blocks = [block["code"] for block in document.get("_blocked", {}).get(rel.name, ())]
        if shown is None and not blocks and _is_void(rel, document):
            continue
        assert shown is None or (shown == link and not blocks), rel.name
        call = repr(link)
        if call not in answered:
            answered[call] = refusal(person, link, _tag(document, seen), form)
        codes = answered[call]
        if codes != blocks or (shown is None) != bool(codes):
            yield rel.name, {"shown": shown is not None, "blocked": blocks, "refused": codes}


def _tag(document, seen):
    """What `If-Match` needs: the version alone is compared."""
    if document is seen.json:
        return seen.headers["ETag"]
    return f'"v{document.get("version", 0)}-0000000000000000"'


def _twin(document):
    """Of two rels that are one call, `to: enrolled`, that which the state does not mean."""
    return "accept" if document.get("state") == "pending" else "approve"


def _is_void(rel, document):
    """Neither shown nor blocked: a line beside a free seat, for its call gives the seat."""
    return rel.name == "join-waitlist" and "register" in document["_links"]


def refusal(person, link, etag, form):
    """The codes with which the call is refused; none if it is not.

    Who is no member of a public organization, or nobody, is told no more than that: 404 or 401.
    """
    body = {**form(link), **link.get("body", {})}
    if body.get("to") in NEEDS_REASON:
        body["reason_code"] = "because"
    options = {} if "type" not in link else {"json": body, "content_type": link["type"]}
    answer = person.open(
        link.get("method", "GET"),
        link["href"].partition("{")[0],
        if_match=etag if "precondition" in link else None,
        **options,
    )
    if answer.status_code in {401, 404}:
        return ["forbidden"]
    if answer.status_code in {403, 409}:
        blocks = answer.json.get("blocks", [answer.json])
        return [block["code"] for block in blocks]
    assert answer.status_code < 400, (link, answer.json)
    return []


def _is_id(name, value):
    return isinstance(value, str) and (name == "id" or name.endswith("_id")) and "_" in value


def id_of(text):
    text = text.rpartition("/")[2]
    try:
        return ids.decode(text.partition("_")[0], text)
    except ValueError:
        return None
