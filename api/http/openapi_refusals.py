"""Which refusals an operation can give: those of its kind, and those that it declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from api import errors
from api.errors import Refusal
from api.http.problems import status_of

if TYPE_CHECKING:
    from api.http.links import Target

EVERYWHERE: tuple[type[Refusal], ...] = (
    errors.UnknownParameter,
    errors.InvalidParameter,
    errors.InvalidHeader,
    errors.NotAcceptable,
    errors.BodyTooLarge,
    errors.UriTooLong,
    errors.RateLimited,
    errors.HeadersTooLarge,
    errors.InternalError,
    errors.Unavailable,
)
"""What any operation can answer, whatever it does."""

OF_A_TOKEN = (errors.AuthenticationRequired, errors.InvalidToken, errors.InsufficientScope)
OF_A_BODY = (errors.MalformedJson, errors.UnsupportedMediaType, errors.ValidationFailed)
OF_A_PATCH = (errors.MalformedPatch, errors.PatchTestFailed, errors.PatchFailed)
OF_A_LIST = (errors.InvalidCursor, errors.CursorMismatch)


def takes_body(target: Target) -> bool:
    """Whether the operation reads a body."""
    return target.served.body is not None and target.method in {"POST", "PUT", "PATCH"}


def takes_key(target: Target) -> bool:
    """Whether an `Idempotency-Key` makes a retry of the operation safe."""
    served = target.served
    return target.method != "GET" and served.replayable and served.access != "public"


def refusals_of(target: Target) -> tuple[type[Refusal], ...]:
    """Every refusal that the operation can give, each once."""
    return tuple(dict.fromkeys(_refusals(target)))


def by_status(refusals: Iterable[type[Refusal]]) -> dict[HTTPStatus, list[type[Refusal]]]:
    """The refusals by the status that they are answered with, in the order of the statuses."""
    found: dict[HTTPStatus, list[type[Refusal]]] = {}
    for refusal in refusals:
        found.setdefault(status_of(refusal), []).append(refusal)
    return dict(sorted(found.items()))


def _refusals(target: Target) -> Iterator[type[Refusal]]:
    served = target.served
    yield from EVERYWHERE
    if served.access != "public":
        yield from OF_A_TOKEN
    if any(variable is not None for _, variable, _ in target.pieces):
        yield errors.NotFound
    yield from _of_body(target)
    if served.listing is not None:
        yield from OF_A_LIST
    if target.ending is not None and target.ending.sunset is not None:
        yield errors.VersionSunset
    if takes_key(target):
        yield errors.IdempotencyKeyReused
    if served.conditional is not None:
        yield errors.StaleVersion
    if served.conditional == "required":
        yield errors.PreconditionRequired
    yield from served.raises


def _of_body(target: Target) -> Iterator[type[Refusal]]:
    if takes_body(target):
        yield from OF_A_BODY
        if target.method == "PATCH":
            yield from OF_A_PATCH
