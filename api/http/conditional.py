"""Entity tags and preconditions (RFC 9110 section 13): who overwrites nothing unseen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

from api.errors import FieldError, InvalidHeader, PreconditionRequired, StaleVersion

_GZIP_SUFFIX = ':gzip"'
_HASH_BYTES = 8
# RFC 9110 section 8.8.3; bytes above 0x7F reach us as Latin-1 characters.
_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ONE = re.compile(_ENTITY_TAG)
# A list may hold empty elements (RFC 9110 section 5.6.1.2).
_LIST = re.compile(rf"[ \t,]*{_ENTITY_TAG}(?:[ \t]*,[ \t]*(?:{_ENTITY_TAG})?)*+[ \t]*")


@dataclass(frozen=True, slots=True)
class EntityTags:
    """What `If-Match` or `If-None-Match` names: any representation, or these tags as sent."""

    any: bool
    tags: tuple[str, ...] = ()


def etag(version: int, identity: bytes) -> str:
    """The strong entity tag of a representation: its version and a 64-bit hash of its bytes.

    `identity` is the body before any content coding.
    """
    return f'"v{version}-{blake2b(identity, digest_size=_HASH_BYTES).hexdigest()}"'


def tag_of_version(version: int) -> str:
    """The tag of a version in whatever variant: `If-Match` takes it, `If-None-Match` knows none."""
    return f'"v{version}"'


def of_gzip(entity_tag: str) -> str:
    """The tag of the same representation when it is sent compressed."""
    return entity_tag[:-1] + _GZIP_SUFFIX


def parse(header_name: str, header: str) -> EntityTags:
    """Read a list of entity tags, or `*`.

    Raises:
        InvalidHeader: not a list of quoted tags.
    """
    if header.strip(" \t") == "*":
        return EntityTags(any=True)
    if _LIST.fullmatch(header) is None:
        fault = FieldError(
            header=header_name,
            code="bad-format",
            detail='Send * or a list of quoted entity tags, such as "v3-0123456789abcdef".',
        )
        raise InvalidHeader(f"{header_name} is malformed.", errors=[fault.as_member()])
    return EntityTags(any=False, tags=tuple(_ONE.findall(header)))


def matches_version(header: str, version: int) -> bool:
    """Whether `If-Match` admits a write to the resource at `version`.

    Only the version part is compared: counters and links change without it and must not fail an
    edit. A weak tag never matches (RFC 9110 section 13.1.1: strong comparison).

    Raises:
        InvalidHeader: malformed.
    """
    named = parse("If-Match", header)
    return named.any or any(_version_part(tag) == f'"v{version}' for tag in named.tags)


def require_version(header: str | None, version: int, *, required: bool = True) -> None:
    """Refuse a write unless `If-Match` admits it; without `required`, an absent header does.

    Raises:
        PreconditionRequired: `required` and absent.
        InvalidHeader: malformed.
        StaleVersion: names another version, or only weak tags.
    """
    if header is None:
        if required:
            raise PreconditionRequired("Send If-Match with the ETag that was read last.")
        return
    if matches_version(header, version):
        return
    tags = parse("If-Match", header).tags
    if all(tag.startswith("W/") for tag in tags):
        raise StaleVersion("A weak entity tag never satisfies If-Match.", version=version)
    raise StaleVersion(f"The resource is at version {version}.", version=version)


def not_modified(header: str, entity_tag: str) -> bool:
    """Whether `If-None-Match` already names the representation tagged `entity_tag` (a 304).

    Weak comparison (RFC 9110 section 13.1.2), whatever the content coding of either side.

    Raises:
        InvalidHeader: malformed.
    """
    if header == entity_tag:
        return True
    named = parse("If-None-Match", header)
    current = _uncoded(entity_tag)
    return named.any or any(_uncoded(tag.removeprefix("W/")) == current for tag in named.tags)


def forbids_existing(header: str | None) -> bool:
    """Whether `If-None-Match: *` asks for a creation only (then an existing resource is 412).

    Raises:
        InvalidHeader: malformed.
    """
    return header is not None and parse("If-None-Match", header).any


def _version_part(tag: str) -> str:
    return tag.partition("-")[0].removesuffix('"') if tag.startswith('"v') else tag


def _uncoded(tag: str) -> str:
    return tag[: -len(_GZIP_SUFFIX)] + '"' if tag.endswith(_GZIP_SUFFIX) else tag
