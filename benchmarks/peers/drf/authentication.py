"""Bearer tokens looked up by their hash."""

import hashlib
from datetime import UTC, datetime
from typing import NamedTuple

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from benchmarks.peers.drf.models import Token


class Caller(NamedTuple):
    student_id: int
    is_authenticated: bool = True


class HashedTokens(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Caller, Token] | None:
        scheme, _, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        token = Token.objects.filter(digest=hashlib.sha256(secret).digest()).first()
        if token is None or token.expires_at <= datetime.now(UTC):
            raise AuthenticationFailed("A valid bearer token is needed.")
        return Caller(token.student_id), token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
