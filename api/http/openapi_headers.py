"""Header fields of answers, as OpenAPI says them: which are always there, and which at times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from api import errors
from api.errors import Refusal
from api.http.answer import MADE
from api.http.openapi_refusals import takes_key
from api.http.problems import AT_TIMES_OF_FAMILY, FIELDS_OF_FAMILY
from api.http.public_documents import public_document
from api.http.requests import EVERYWHERE

if TYPE_CHECKING:
    from api.http.links import Target
    from api.schemas.hypermedia import Hypermedia

Described = dict[str, Any]

OF_EVERY_ANSWER: Final = ("X-Request-Id", "Cache-Control", *(name for name, _ in EVERYWHERE))
OF_A_RATE: Final = ("RateLimit", "RateLimit-Policy")
"""Of every answer to who was let in, unless the limit is off or its storage is away."""

BEFORE_ANY_RATE: Final = (
    errors.AuthenticationRequired,
    errors.InvalidToken,
    errors.VersionSunset,
    errors.UriTooLong,
    errors.HeadersTooLarge,
)
"""Refusals of who was not let in."""


def _header(description: str, **schema: Any) -> Described:
    return {"description": description, "schema": {"type": "string", **schema}}


HEADERS: Final[dict[str, Described]] = {
    "ETag": _header(
        "The version of what was answered; send it as `If-Match` when changing it. A refusal of a "
        "stale version has the present one without a variant, `v` and the number."
    ),
    "Location": _header("The address of what was made."),
    "Content-Disposition": _header("The name under which to save the file (RFC 6266)."),
    "Link": _header("The links of the document itself (RFC 8288), as in `_links`."),
    "RateLimit": _header("What is left of the window: `r` requests; `t` seconds until it moves."),
    "RateLimit-Policy": _header("The limit: `q` requests in `w` seconds."),
    "Retry-After": _header("Seconds to wait.", pattern="^[0-9]+$"),
    "Idempotent-Replayed": _header("`true`: the stored answer of an earlier call with this key."),
    "Preference-Applied": _header("The preference of `Prefer` that was followed."),
    "WWW-Authenticate": _header("How to authenticate (RFC 6750)."),
    "Allow": _header("Of a 405: the methods that are served at this path."),
    "Accept": _header("The media types that the operation takes."),
    "Accept-Patch": _header("The patch formats that the operation takes."),
    "Accept-Encoding": _header("The content codings that a body may have."),
    "Cache-Control": _header("Who may keep the answer, and for how long."),
    "Vary": _header("The request header fields that the answer depends on."),
    "X-Request-Id": _header("What finds this request in the log."),
    "X-Content-Type-Options": _header("`nosniff`: the media type is the one that is said."),
    "Content-Security-Policy": _header("What a browser that shows the answer may load: little."),
    "Referrer-Policy": _header("`no-referrer`: a browser tells nobody where it came from."),
    "Deprecation": _header("Since when clients should leave this (RFC 9745).", pattern="^@[0-9]+$"),
    "Sunset": _header("When it ends (RFC 8594); from then on it is 410."),
}


class Headers:
    """Describes the header fields of answers, and collects those that are used."""

    def __init__(self) -> None:
        self._used: dict[str, Described] = {}

    def shared(self) -> dict[str, Described]:
        """Each that was described, by the name of its component."""
        return dict(sorted(self._used.items()))

    def described(self, always: Iterable[str], at_times: Iterable[str] = ()) -> Described:
        """References to header fields, by name: `required` are those that are always there."""
        names = dict.fromkeys((*OF_EVERY_ANSWER, *always), True)
        names = {**dict.fromkeys(at_times, False), **names}
        return {name: self._refer(name, required) for name, required in sorted(names.items())}

    def of_result(self, target: Target, status: HTTPStatus, *, is_dry: bool = False) -> Described:
        """Those of an answer that succeeded; `is_dry`: also, or only, to a dry run."""
        served = target.served
        always, at_times = [*_of_an_end(target)], [*OF_A_RATE]
        if served.download is not None:
            always += ["ETag", "Content-Disposition"]
        if served.returns is not None and target.method != "DELETE":
            (at_times if is_dry else always).append("ETag")
            always += _of_status(status, served.returns)
            if target.method != "GET":
                at_times.append("Preference-Applied")
        if served.listing is not None:
            always.append("Link")
        elif isinstance(served, public_document):
            at_times.append("Link")
        if takes_key(target):
            at_times.append("Idempotent-Replayed")
        return self.described(always, at_times)

    def of_refusals(self, target: Target, refusals: Sequence[type[Refusal]]) -> Described:
        """Those of the answers with one status, whichever of the refusals it is for."""
        sets = [_always_of(refusal) for refusal in refusals]
        always = set.intersection(*sets)
        at_times = set.union(*sets, *map(_at_times_of, refusals))
        if not set(refusals) <= set(BEFORE_ANY_RATE):
            at_times.update(OF_A_RATE)
        return self.described((*always, *_of_an_end(target)), at_times)

    def _refer(self, name: str, required: bool) -> Described:  # noqa: FBT001  # a value of a map
        shared = name if required else f"{name}Optional"
        self._used[shared] = {**HEADERS[name], **({"required": True} if required else {})}
        return {"$ref": f"#/components/headers/{shared}"}


def _of_status(status: HTTPStatus, kind: Hypermedia) -> list[str]:
    located = ["Location"] if status in MADE and kind.itself is not None else []
    return [*located, "Retry-After"] if status == HTTPStatus.ACCEPTED else located


def _always_of(refusal: type[Refusal]) -> set[str]:
    found = (names for family, names in FIELDS_OF_FAMILY.items() if issubclass(refusal, family))
    return {name for names in found for name in names}


def _at_times_of(refusal: type[Refusal]) -> set[str]:
    found = (names for family, names in AT_TIMES_OF_FAMILY.items() if issubclass(refusal, family))
    return {name for names in found for name in names}


def _of_an_end(target: Target) -> tuple[str, ...]:
    if target.ending is None:
        return ()
    is_known = target.ending.sunset is not None
    return ("Deprecation", "Link", *(("Sunset",) if is_known else ()))
