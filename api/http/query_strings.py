"""Query strings as bytes and as links: what may come in, what refuses, where pages lead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode

from api.errors import FieldError, InvalidParameter, Refusal, UnknownParameter
from api.http.cursors import Cursors
from api.models.listing import Page
from api.schemas.faults import first_allowed, parameter_faults


def page_queries(
    query_string: bytes, page: Page[Any], list_name: str, cursors: Cursors
) -> dict[str, str]:
    """The query strings of the links `first`, `prev` and `next`; filter and sort are kept.

    A neighbour that does not exist has no entry.
    """
    pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if name != "cursor"]
    queries = {"first": urlencode(kept)}
    for rel, position in (("prev", page.before), ("next", page.after)):
        if position is not None:
            cursor = cursors.seal(position, list_name)
            queries[rel] = urlencode([*kept, ("cursor", cursor)])
    return queries


def require_utf8(query_string: bytes) -> None:
    """Refuse a query whose bytes, percent-decoded, are not UTF-8; Flask would let it pass.

    Raises:
        InvalidParameter: names the parameter as far as it can be read.
    """
    if b"%" not in query_string and query_string.isascii():
        return
    for pair in query_string.split(b"&"):
        raw = unquote_to_bytes(pair)
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            name = raw.partition(b"=")[0].decode("utf-8", "replace")
            messages = {name: ["The value is not percent-encoded UTF-8."]}
            raise query_refusal((), messages) from None


def query_refusal(parameters: Iterable[str], messages: Mapping[str, Any]) -> Refusal:
    """Marshmallow's messages about a query as one refusal; an unknown name comes first."""
    found = parameter_faults(messages)
    unknown = [fault for fault in found if fault.code == "unknown-member"]
    if unknown:
        name = str(unknown[0].parameter)
        names = sorted(parameters)
        stem = name.partition("__")[0]
        related = [known for known in names if known == stem or known.startswith(stem + "__")]
        return UnknownParameter(
            f"There is no parameter {name} here.",
            errors=[_unknown(fault).as_member() for fault in unknown],
            allowed=related or names,
        )
    allowed = first_allowed(messages)
    more = {"allowed": list(allowed)} if allowed else {}
    first = found[0]
    return InvalidParameter(
        f"{first.parameter}: {first.detail}", errors=[fault.as_member() for fault in found], **more
    )


def _unknown(fault: FieldError) -> FieldError:
    return FieldError(
        parameter=fault.parameter,
        code="unknown-parameter",
        detail="There is no such parameter here.",
    )
