"""What the document says of an operation: what it does, who may, what it needs, what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from api.http.openapi_components import description_of
from api.http.openapi_refusals import takes_key
from api.http.operation_words import access_of

if TYPE_CHECKING:
    from api.http.links import Target


def told(target: Target) -> str:
    """The description of an operation: paragraphs that follow from what serves it."""
    paragraphs = (
        _begins(target),
        [access_of(target)],
        _ends(target),
        _needs(target),
        _taken(target),
        _answers(target),
    )
    texts = (" ".join(filter(None, found)) for found in paragraphs)
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
    elif target.method == "DELETE":
        yield "`If-Match` is ignored: nobody can edit this, so it has no version to be stale."
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
    elif served.status == HTTPStatus.ACCEPTED:
        yield (
            "Answers 202 with a job. Read it at its `Location` until its `state` is final; "
            "`Prefer: respond-async` is met in any case."
        )
    elif served.status == HTTPStatus.NO_CONTENT:
        yield "Answers 204."
    if served.dry_run:
        yield (
            "With `dry_run=true` nothing is done: the answer is what would be, or the same "
            "refusal, with the positions of the ledgers that it rests on."
        )


def _ends(target: Target) -> Iterator[str]:
    ending = target.ending
    if ending is None:
        return
    words = f"Deprecated from {ending.since:%Y-%m-%d} on"
    if ending.sunset is not None:
        words += f"; it ends on {ending.sunset:%Y-%m-%d}, and is 410 from then on"
    if ending.successor is not None:
        words += f". `{ending.successor}` comes after it"
    yield f"{words}. How to move: <{ending.guide}>."
