"""Refusals of requests that cannot be read, or that break a rule of the representation."""

from __future__ import annotations

from collections.abc import Sequence

from api.errors.refusal import FieldError, Invalid, Malformed, Refusal


class MalformedJson(Malformed):
    """The body is not one strict JSON text: RFC 8259, UTF-8, no repeated member, 32 levels deep."""

    code = "malformed-json"
    title = "The body is not valid JSON"
    cure = "Send one JSON text; `detail` says what is wrong and where."


class MalformedPatch(Malformed):
    """The patch document is not a JSON Patch (RFC 6902) or not a merge patch (RFC 7396)."""

    code = "malformed-patch"
    title = "The patch document is malformed"
    cure = "Send an array of at most 50 operations, or an object for a merge patch."


class UnknownParameter(Malformed):
    """The query names a parameter that this operation does not have."""

    code = "unknown-parameter"
    title = "Unknown query parameter"
    cure = "Use one of the parameters in `allowed`."


class InvalidParameter(Malformed):
    """A query parameter has a value that cannot be used, or is given twice."""

    code = "invalid-parameter"
    title = "Invalid query parameter"
    cure = "Correct the parameter that `errors` names."


class InvalidCursor(Malformed):
    """The cursor was not made by this server, or was changed on the way."""

    code = "invalid-cursor"
    title = "Invalid cursor"
    cure = "Start again from the first page and follow its links."


class CursorMismatch(Malformed):
    """The cursor belongs to another filter or to another order."""

    code = "cursor-mismatch"
    title = "The cursor belongs to another list"
    cure = "Keep filter and sort while paging, or start again from the first page."


class InvalidHeader(Malformed):
    """A request header cannot be read."""

    code = "invalid-header"
    title = "Invalid request header"
    cure = "Correct the header that `errors` names."


class MethodNotAllowed(Refusal):
    """The resource exists and does not answer to this method."""

    code = "method-not-allowed"
    title = "Method not allowed"
    cure = "Use one of the methods in the `Allow` header."


class NotAcceptable(Refusal):
    """The operation has no representation in any media type that `Accept` admits."""

    code = "not-acceptable"
    title = "Not acceptable"
    cure = "Accept one of the media types in `available`."


class UnsupportedMediaType(Refusal):
    """The body's media type, charset or coding is not one that the operation takes."""

    code = "unsupported-media-type"
    title = "Unsupported media type"
    cure = "Send a media type of the `Accept` or `Accept-Patch` header, in UTF-8, uncoded."


class BodyTooLarge(Refusal):
    """The body is larger than the operation takes."""

    code = "body-too-large"
    title = "The body is too large"
    cure = "Send at most `limit_bytes` bytes."


class UriTooLong(Refusal):
    """The address is longer than 8 KiB."""

    code = "uri-too-long"
    title = "The address is too long"
    cure = "Send at most `limit_bytes` bytes of path and query."


class HeadersTooLarge(Refusal):
    """The request's header fields are larger than 16 KiB together."""

    code = "headers-too-large"
    title = "The header fields are too large"
    cure = "Send at most `limit_bytes` bytes of header fields."


class ValidationFailed(Invalid):
    """Members of the body are missing, unknown, read-only, or have values that cannot be used."""

    code = "validation-failed"
    title = "The request body is invalid"
    cure = "Correct each member that `errors` points to."

    def __init__(self, errors: Sequence[FieldError]) -> None:
        count = len(errors)
        super().__init__(
            f"{count} member{'s are' if count > 1 else ' is'} invalid.",
            errors=[error.as_member() for error in errors],
        )
        self.errors = tuple(errors)


class PatchFailed(Invalid):
    """An operation of the JSON Patch points to a member that is missing or read-only.

    A pointer such as `#/2/path` is into the patch, one such as `#/title` into what it would make.
    """

    code = "patch-failed"
    title = "The patch cannot be applied"
    cure = "Correct each operation and each member that `errors` points to."

    def __init__(self, errors: Sequence[FieldError]) -> None:
        count = len(errors)
        super().__init__(
            f"The patch has {count} fault{'s' if count > 1 else ''}.",
            errors=[error.as_member() for error in errors],
        )
        self.errors = tuple(errors)


class IdempotencyKeyReused(Invalid):
    """The idempotency key was used before, with another request."""

    code = "idempotency-key-reused"
    title = "The idempotency key was used for another request"
    cure = "Use a new key for a new request."
