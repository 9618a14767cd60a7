"""Which media types, charsets and codings a request offers and accepts (RFC 9110 section 12)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from api.errors import NotAcceptable, UnsupportedMediaType

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
# Most clients send one of few distinct headers; the bound keeps a hostile one from filling memory.
_REMEMBERED = 256
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PARAMETER = re.compile(rf"[ \t]*;[ \t]*(?:({_WORD})=({_WORD}|{_QUOTED}))?")
_TYPE = re.compile(rf"[ \t]*({_WORD}/{_WORD})")
_ELEMENT = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*+")++')
_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_CODING = re.compile(rf"[ \t]*({_WORD})[ \t]*(?:;[ \t]*[qQ]=({_QUALITY.pattern}))?[ \t]*")


@lru_cache(maxsize=_REMEMBERED)
def choose(accept: str | None, offered: tuple[str, ...]) -> str:
    """The media type of `offered` that `accept` prefers; on equal terms the earlier one.

    No header, or an empty one, accepts everything. Of several ranges the most specific decides
    (RFC 9110 section 12.5.1). A range that cannot be read is passed over. Parameters other than
    `q` are ignored, for none of our media types has any.
    For `application/json` an explicit `application/problem+json` will do as well: generated
    clients send only that for operations without a body.

    Raises:
        NotAcceptable: nothing offered is accepted; `available` lists what is.
    """
    if accept is None or not accept.strip():
        return offered[0]
    ranges = dict(_ranges(accept))
    best = max(offered, key=lambda media_type: _quality_of(media_type, ranges))
    if _quality_of(best, ranges) == 0:
        available = list(dict.fromkeys((*offered, PROBLEM_JSON) if JSON in offered else offered))
        raise NotAcceptable(f"Available: {', '.join(available)}.", available=available)
    return best


def body_type(content_type: str | None, accepted: tuple[str, ...]) -> str:
    """The media type of a request body, in lower case and without parameters.

    Raises:
        UnsupportedMediaType: missing, malformed, not among `accepted`, or not UTF-8; with the
            header `Accept` or, when patches are accepted, `Accept-Patch`.
    """
    if content_type in accepted:
        return content_type
    return _body_type(content_type or "", accepted)


def refuse_coding(content_encoding: str | None) -> None:
    """Refuse a body that was compressed by the client.

    Raises:
        UnsupportedMediaType: with the header `Accept-Encoding`.
    """
    if content_encoding and content_encoding.strip().lower() != "identity":
        raise UnsupportedMediaType(
            "Send the body without a content coding.", headers={"Accept-Encoding": "identity"}
        )


@lru_cache(maxsize=_REMEMBERED)
def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether the answer may be compressed (RFC 9110 section 12.5.3).

    Without the header anything would be allowed; we then leave the body as it is.
    """
    qualities: dict[str, float] = {}
    for element in (accept_encoding or "").split(","):
        match = _CODING.fullmatch(element)
        if match is not None:
            coding = match.group(1).lower()
            qualities["gzip" if coding == "x-gzip" else coding] = float(match.group(2) or 1)
    gzip = qualities.get("gzip", qualities.get("*", 0.0))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


def _quality_of(media_type: str, ranges: Mapping[str, float]) -> float:
    candidates = [media_type, media_type.partition("/")[0] + "/*", "*/*"]
    if media_type == JSON:
        candidates.insert(1, PROBLEM_JSON)
    return next((ranges[name] for name in candidates if name in ranges), 0.0)


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for element in _ELEMENT.findall(accept):
        parsed = _parsed(element)
        if parsed is None:
            continue
        media_type, parameters = parsed
        quality = parameters.get("q", "1")
        if _QUALITY.fullmatch(quality) is not None:
            yield media_type, float(quality)


def _parsed(text: str) -> tuple[str, Mapping[str, str]] | None:
    """Split `type/subtype;name=value` into its parts, names in lower case; None if malformed."""
    start = _TYPE.match(text)
    if start is None:
        return None
    parameters: dict[str, str] = {}
    position = start.end()
    while (parameter := _PARAMETER.match(text, position)) is not None:
        if parameter.group(1):
            parameters[parameter.group(1).lower()] = parameter.group(2).strip('"')
        position = parameter.end()
    if text[position:].strip(" \t"):
        return None
    return start.group(1).lower(), MappingProxyType(parameters)


@lru_cache(maxsize=_REMEMBERED)
def _body_type(content_type: str, accepted: tuple[str, ...]) -> str:
    parsed = _parsed(content_type)
    headers = {"Accept-Patch" if MERGE_PATCH in accepted else "Accept": ", ".join(accepted)}
    if parsed is None or parsed[0] not in accepted:
        raise UnsupportedMediaType(f"Send the body as {' or '.join(accepted)}.", headers=headers)
    media_type, parameters = parsed
    if parameters.get("charset", "utf-8").lower() != "utf-8":
        raise UnsupportedMediaType("Send the body in UTF-8.", headers=headers)
    return media_type
