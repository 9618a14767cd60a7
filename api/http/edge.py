"""What every operation shares: who may come, in which transaction, and how the answer leaves."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from flask import Response, g
from flask.globals import app_ctx

from api.http import conditional, limits
from api.http.answer import MADE, PRIVATE, SECRET, Answer, sent
from api.http.authentication import Authentication, Caller, require_scope
from api.http.dry_run import would
from api.http.expansion import Expansion, sparse
from api.http.idempotency import IdempotencyKeys
from api.http.pages import Pages
from api.http.rendering import Renderer
from api.models.database import Database, Transaction
from api.services.judged import Judged, Listed, Made

if TYPE_CHECKING:
    from api.http.asked import Asked
    from api.http.operation import operation
    from api.schemas.hypermedia import Download, Hypermedia


MORE_STATEMENTS = frozenset({"student_id", "expand", "count"})
"""Parameters that cost a read statements beyond its first, which then must agree."""


class Unjudged(Exception):
    """A use-case returned without asking the policy: our bug, so nothing of it is committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The parts of the HTTP edge, shared by all resources and all threads."""

    database: Database
    authentication: Authentication
    limits: limits.RateLimits
    keys: IdempotencyKeys
    renderer: Renderer
    pages: Pages
    expansion: Expansion

    def admit(self, served: operation, verb: str, path: Mapping[str, Any]) -> Caller:
        """Let the caller come as far as the operation; `path`: what the URL named.

        Raises:
            AuthenticationRequired, InvalidToken: 401.
            RateLimited: 429.
            InsufficientScope: 403.
        """
        here = app_ctx.g
        request = here.request
        here.caller = caller = self.authentication.caller_of(request, served, path)
        here.operation = served
        is_revalidation = verb == "GET" and "HTTP_IF_NONE_MATCH" in request.environ
        here.rate = self.limits.spend(served, caller, is_revalidation=is_revalidation)
        require_scope(caller.actor, served, verb)
        return caller

    def transaction(self, served: operation, asked: Asked) -> AbstractContextManager[Transaction]:
        """The one transaction of the request: a read, a snapshot or a write."""
        if asked.verb != "GET":
            return self.database.write()
        is_one = served.statements == 1 and not any(map(asked.query.get, MORE_STATEMENTS))
        return self.database.read() if is_one else self.database.snapshot()

    def ensure_judged(self, served: operation, caller: Caller) -> None:
        """Refuse to go on if the policy was never asked.

        Raises:
            Unjudged: it was not.
        """
        if not caller.actor.judged:
            raise Unjudged(served.summary)

    def dump(self, served: operation, tx: Transaction, asked: Asked, result: Any) -> Answer:
        """Turn what the use-case returned into the answer, before the commit."""
        base_url = asked.base_url
        if isinstance(result, Listed):
            return self.pages.answer(tx, asked, result, base_url)
        status = served.status
        if isinstance(result, Made):
            status, result = HTTPStatus.CREATED, result.judged
        if result is None or served.returns is None:
            return _without_members(served.download, result)
        judged = result if isinstance(result, Judged) else Judged(result)
        known = self._known(served.returns, asked, judged, base_url)
        if known is not None:
            return known
        judged = judged.complete()
        document = self.renderer.item(
            served.returns, judged, base_url, is_committed=asked.verb == "GET"
        )
        if asked.verb == "GET":
            document = self._as_asked(tx, served.returns, asked, judged.row, document)
        if asked.is_dry:
            tx.discard()
            return Answer(status=HTTPStatus.OK, body=orjson.dumps(would(document, tx)))
        body = orjson.dumps(document)
        headers = {"ETag": conditional.etag(getattr(judged.row, "version", 0), body)}
        itself = served.returns.itself
        if status in MADE and itself is not None:
            # What was made has its address even where it can be read no more, and so no link.
            headers["Location"] = self.renderer.maker(itself)(judged.row, base_url)["href"]
        is_secret = asked.verb != "GET" and not served.replayable
        return Answer(
            status=status,
            body=body,
            headers=headers,
            cache_control=SECRET if is_secret else PRIVATE,
            student_id=getattr(judged.row, "student_id", None),
        )

    def _known(
        self, kind: Hypermedia, asked: Asked, judged: Judged, base_url: str
    ) -> Answer | None:
        is_whole = not (asked.query.get("fields") or asked.query.get("expand"))
        is_worth = asked.verb == "GET" and judged.is_shared and is_whole
        if not (is_worth and self.renderer.keeps(kind)):
            return None
        slot = self.renderer.slot(kind, judged.row, base_url)
        if slot.piece is None and judged.whole is not None:
            return None
        written = self.renderer.written(kind, judged, slot, base_url)
        return Answer(status=HTTPStatus.OK, body=written.body, headers={"ETag": written.tag})

    def _as_asked(
        self,
        tx: Transaction,
        kind: Hypermedia,
        asked: Asked,
        row: Any,
        document: dict[str, Any],
    ) -> dict[str, Any]:
        document = sparse(document, asked.query.get("fields"))
        paths = asked.query.get("expand", ())
        if paths:
            actor, shown = g.caller.actor, [(row, document)]
            self.expansion.embed(tx, actor, kind, shown, paths=paths, base_url=asked.base_url)
        return document

    def respond(self, answer: Answer, asked: Asked) -> Response:
        """Send the answer: conditions, preferences, coding, and what a revalidation costs."""
        response = sent(answer, asked)
        if asked.is_revalidation and response.status_code != HTTPStatus.NOT_MODIFIED:
            self.limits.pay(asked.served, g.caller)
        return response


def _without_members(download: Download | None, file: Any) -> Answer:
    """A file, or nothing."""
    if download is None:
        return Answer(status=HTTPStatus.NO_CONTENT)
    # The name is one of ours, without a character that would have to be escaped.
    headers = {
        "ETag": conditional.etag(0, file.body),
        "Content-Disposition": f'attachment; filename="{file.file_name}"',
    }
    return Answer(
        status=HTTPStatus.OK, body=file.body, headers=headers, media_type=download.media_type
    )
