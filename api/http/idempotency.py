"""Idempotency-Key on unsafe methods: one effect a key, the first answer for every retry."""

from __future__ import annotations

import datetime as dt
import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from api.errors import Busy, IdempotencyKeyReused
from api.http.answer import Answer
from api.models import idempotency as records
from api.models.database import Database, Transaction
from api.models.event import StreamKind

if TYPE_CHECKING:
    from api.http.asked import Asked
    from api.http.authentication import Caller

KEPT = dt.timedelta(hours=72)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKeys:
    """The answers of the last 72 hours, by user, method, path and key.

    A fingerprint of query, media type and body tells a retry from another request. It is an
    HMAC, so that the stored value tells nothing about the body to who does not hold the key.
    """

    database: Database
    secret: bytes

    def replay(self, caller: Caller, asked: Asked) -> Answer | None:
        """The stored answer, if the statement that authenticated has seen that there is one.

        Raises:
            IdempotencyKeyReused: the key was used for another request.
        """
        return self.find(caller, asked) if caller.was_answered else None

    def find(self, caller: Caller, asked: Asked) -> Answer | None:
        """The stored answer, looked for now.

        Raises:
            IdempotencyKeyReused: the key was used for another request.
        """
        if asked.key is None or caller.actor.user_id is None:
            return None
        with self.database.read() as tx:
            stored = tx.first(
                records.FIND,
                user_id=caller.actor.user_id,
                method=asked.verb,
                path=asked.path,
                key=asked.key,
            )
        return None if stored is None else self._answer(stored, asked)

    def remember(self, tx: Transaction, caller: Caller, asked: Asked, answer: Answer) -> None:
        """Store the answer by the last statement of the transaction, and commit.

        Raises:
            Busy: another request with this key has committed since, whose answer is then found;
                or the user was deleted.
        """
        if asked.key is None or caller.actor.user_id is None:
            return
        now = tx.now()
        try:
            tx.finish(
                records.INSERT,
                user_id=caller.actor.user_id,
                method=asked.verb,
                path=asked.path,
                key=asked.key,
                fingerprint=self._fingerprint(asked),
                student_id=answer.student_id,
                **_effect(tx),
                status=answer.status,
                body=answer.body,
                location=answer.headers.get("Location"),
                etag=answer.headers.get("ETag"),
                created_at=now,
                expires_at=now + KEPT,
            )
        except IntegrityError as taken:
            if not records.is_of_the_record(taken):
                raise
            raise Busy("A request with this key was answered at this moment.") from taken

    def _answer(self, stored: Any, asked: Asked) -> Answer:
        if not hmac.compare_digest(stored.fingerprint, self._fingerprint(asked)):
            raise IdempotencyKeyReused
        headers = {"Idempotent-Replayed": "true"}
        if stored.location is not None:
            headers["Location"] = stored.location
        if stored.etag is not None:
            headers["ETag"] = stored.etag
        return Answer(status=stored.status, body=stored.body, headers=headers)

    def _fingerprint(self, asked: Asked) -> bytes:
        from_query = repr(sorted(asked.query.items())).encode()
        parts = (from_query, (asked.media_type or "").encode(), asked.raw)
        return hmac.digest(self.secret, b"\x00".join(parts), sha256)


def _effect(tx: Transaction) -> dict[str, Any]:
    """The event that the request came to, so that its record can be held against the ledger."""
    class_id, seq = tx.effect or (None, None)
    return {
        "event_stream_kind": None if class_id is None else StreamKind.CLASS,
        "event_stream_id": class_id,
        "event_seq": seq,
    }
