"""Refusals that are not the caller's doing."""

from __future__ import annotations

from api.errors.refusal import Refusal


class Unavailable(Refusal):
    """A part that Homeroom needs is away; whether anything was done is not known."""

    code = "upstream-unavailable"
    title = "Temporarily unavailable"
    cure = "Send the same request again after `Retry-After` seconds, with the same idempotency key."
    retry_after_seconds = 1


class Busy(Unavailable):
    """Too many requests wait for the same thing; nothing was done."""


class InternalError(Refusal):
    """A fault of ours; the request id finds it in the log."""

    code = "internal-error"
    title = "Internal error"
    cure = "Send the request again with its idempotency key; tell the operator the `request_id`."
