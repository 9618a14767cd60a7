"""Refusals of callers: unknown, not allowed, not to be shown, too fast."""

from __future__ import annotations

from api.errors.refusal import Absent, Denied, Throttled, Unauthenticated


class AuthenticationRequired(Unauthenticated):
    """The operation needs a bearer token and none was sent."""

    code = "authentication-required"
    title = "Authentication required"
    cure = "Get a token from `POST /v1/tokens` and send it as `Authorization: Bearer hr_…`."


class InvalidToken(Unauthenticated):
    """The token is unknown, malformed, expired or revoked."""

    code = "invalid-token"
    title = "Invalid token"
    cure = "Get a new token from `POST /v1/tokens`."


class InvalidCredentials(Unauthenticated):
    """User name and password do not belong together."""

    code = "invalid-credentials"
    title = "Invalid credentials"
    cure = "Check the user name and the password; an operator can reset a password."


class Forbidden(Denied):
    """The caller may see this, and has no role that may do what was asked."""

    code = "forbidden"
    title = "Not allowed"
    cure = "Ask an owner of the organization for a role that may."


class InsufficientScope(Denied):
    """The token was issued for less than this operation."""

    code = "insufficient-scope"
    title = "The token's scope does not allow this"
    cure = "Issue a token with the scope that `scope` names."


class SignupClosed(Denied):
    """This deployment does not let people sign up by themselves."""

    code = "signup-closed"
    title = "Sign-up is closed"
    cure = "Ask an operator to make the account with `homeroom users create`."


class NotFound(Absent):
    """There is nothing at this address, or nothing that you may see."""

    code = "not-found"
    title = "Not found"
    cure = "Follow the links of a representation instead of building addresses."


class RateLimited(Throttled):
    """Too many requests in the window that `violated_policies` names."""

    code = "rate-limited"
    title = "Too many requests"
    cure = "Wait `Retry-After` seconds, then send the same request again."

    def __init__(self, policy: str, retry_after_seconds: int) -> None:
        super().__init__(f"Wait {retry_after_seconds} seconds.", violated_policies=[policy])
        self.retry_after_seconds = retry_after_seconds
