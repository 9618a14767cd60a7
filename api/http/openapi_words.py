"""What the document says of an operation: what it does, who may, what it needs, what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from api.authz.policy import RULES, Rule
from api.http.openapi_components import description_of
from api.http.openapi_refusals import takes_key

if TYPE_CHECKING:
    from api.http.links import Target


def told(target: Target) -> str:
    """The description of an operation: paragraphs that follow from what serves it."""
    paragraphs = (_begins(target), [_access(target)], _needs(target), _taken(target))
    texts = (" ".join(filter(None, found)) for found in (*paragraphs, _answers(target)))
    return "\n\n".join(filter(None, texts))


def _begins(target: Target) -> Iterator[str]:
    served = target.served
    if target.method == "GET":
        yield description_of(target.resource)
    yield served.description
    if target.method == "GET" and served.returns is not None:
        yield description_of(served.returns.schema)


def _needs(target: Target) -> Iterator[str]:
    served = target.served
    if served.conditional == "required":
        yield "Needs `If-Match` with the `ETag` that was read."
    elif served.conditional == "honoured":
        yield "Needs no `If-Match`; one that is sent is honoured."
    if target.method != "GET" and not takes_key(target):
        yield "`Idempotency-Key` is ignored: nothing of this call is stored."
    elif target.method == "POST":
        yield "With an `Idempotency-Key` a retry gets the first answer, and nothing is done twice."
    if served.rate != "default":
        yield "Calls of this kind have a rate limit of their own."


def _taken(target: Target) -> Iterator[str]:
    if target.method == "PATCH":
        yield (
            "Takes a merge patch (RFC 7396), in which null clears a member, or a JSON Patch "
            "(RFC 6902); all of it is applied, or nothing."
        )
    elif target.method == "PUT" and target.served.partial:
        yield "A member that is left out keeps its value."
    elif target.method == "PUT":
        yield (
            "A member that is left out takes its default. Members that only the server sets may "
            "be sent back as they were read."
        )


def _answers(target: Target) -> Iterator[str]:
    served = target.served
    if served.listing is not None:
        yield (
            f"Answers a page, in the order of `{served.listing.default_sort}` unless `sort` says "
            "otherwise. Follow `_links.next` to the next page; on the last one there is none."
        )
    elif target.method == "PUT" and served.partial:
        yield "Answers 201 if it was made, 200 if it was there."
    elif served.status == HTTPStatus.CREATED:
        yield "Answers 201 with what was made."
    elif served.status == HTTPStatus.NO_CONTENT:
        yield "Answers 204."
    if served.dry_run:
        yield (
            "With `dry_run=true` nothing is done: the answer is what would be, or the same "
            "refusal, with the positions of the ledgers that it rests on."
        )


def _access(target: Target) -> str:
    served = target.served
    if served.access == "public":
        return "Open to everybody; no token is read."
    reading = "read" if target.method == "GET" else "write"
    needs = f"Needs a token with the scope `{served.tag}:{reading}`"
    rule = None if served.action is None else RULES.get(served.action)
    return f"{needs}." if rule is None else f"{needs}. {_who(rule)}"


def _who(rule: Rule) -> str:
    who = [f"`{role}`" for role in sorted(rule.roles)]
    if rule.instructor:
        who.append("an instructor of the class")
    if rule.own:
        who.append("the student whose it is")
    words = f"Open to: {', '.join(who)}."
    if rule.public:
        words += " Where the organization has a public catalogue, to everybody, without a token."
    return words + (" To other members it does not exist." if rule.hidden else "")
