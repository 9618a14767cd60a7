"""What may stand in a query string, and how a fault of it is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from api.errors import FieldError, InvalidParameter, Refusal, UnknownParameter
from api.schemas.faults import first_allowed, parameter_faults


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
