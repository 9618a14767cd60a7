"""Requests and answers: what was read is revalidated, what broke is asked for again."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import httpx

from homeroom_client.files import File, name_in
from homeroom_client.problems import problem

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
NOTHING_DONE: Final = frozenset({429})
"""The server refused before it did anything (RFC 6585 §4)."""
UNKNOWN_OUTCOME: Final = frozenset({502, 503, 504})
"""Nobody can tell whether the request was carried out: a database may go away at its end, too."""
KEPT: Final = 256


class Unreadable(Exception):
    """What is there is no JSON object: a page for people, a file, or nothing."""

    def __init__(self, url: str, content_type: str) -> None:
        super().__init__(f"{url} is {content_type or 'nothing'}, and no representation")
        self.url = url
        self.content_type = content_type


class Redirected(Exception):
    """The server says to ask elsewhere, which may be another origin, or another method."""

    def __init__(self, url: str, location: str) -> None:
        super().__init__(
            f"{url} redirects to {location or 'nowhere'}: begin there, if you trust it"
        )
        self.url = url
        self.location = location


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often, and how long, an unlucky request is tried again."""

    attempts: int = 5
    pause: float = 0.1
    """Seconds before the second attempt, doubled each time, of which a random part is waited."""
    longest: float = 30.0
    """Seconds; a server that asks for more (`Retry-After`) is not waited for."""
    sleep: Callable[[float], None] = time.sleep
    spread: Callable[[], float] = secrets.SystemRandom().random
    """Between 0 and 1; lets many clients not come again in one moment."""

    def wait(self, attempt: int, asked: float | None = None) -> None:
        """Let time pass after the failed attempt, counted from 1; never less than was asked."""
        pause = self.pause * 2 ** (attempt - 1) * (0.5 + self.spread() / 2)
        self.sleep(max(pause, asked or 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: the address, the entity tag, and the document; None where there is none."""

    url: str
    status: int
    etag: str | None
    document: Any
    is_replayed: bool = False
    is_public: bool = False
    fresh_until: float = 0.0
    retry_after: float | None = None
    """Seconds after which to look again; None where the server says nothing of it."""


@dataclass(slots=True, kw_only=True)
class Exchange:
    """The only part that speaks HTTP; `origins` are where the token may go."""

    http: httpx.Client
    origins: set[str]
    token: str | None = None
    patience: Patience = field(default_factory=Patience)
    clock: Callable[[], float] = time.monotonic
    _kept: OrderedDict[str, Answer] = field(default_factory=OrderedDict)

    def identify(self, token: str | None) -> None:
        """Speak for somebody from now on; what is not for everybody is forgotten."""
        self.token = token
        public = [(url, kept) for url, kept in self._kept.items() if kept.is_public]
        self._kept = OrderedDict(public)

    def read(self, url: str, *, anew: bool = False, media_type: str | None = None) -> Answer:
        """What is there now: kept answers are revalidated by their entity tag (RFC 9110 §13.1.2).

        While `Cache-Control` says that it is fresh nobody is asked, unless `anew`. `media_type` is
        what a link says that there is; it is preferred to plain JSON.

        Raises:
            Problem: the server refuses.
            Redirected: it says to ask elsewhere.
            Unreadable: it is no JSON, or no object.
        """
        known = self._kept.get(url)
        if known is not None and not anew and self.clock() < known.fresh_until:
            return known
        fields = {"Accept": accepting(media_type or JSON)}
        if known is not None and known.etag:
            fields["If-None-Match"] = known.etag
        response = self._send("GET", url, fields, is_repeatable=True)
        if response.status_code == 304 and known is not None:
            # What is still right is fresh again (RFC 9111 §4.3.4).
            fresh_until, retry_after = self._fresh_until(response), _retry_after(response)
            answer = replace(known, fresh_until=fresh_until, retry_after=retry_after)
            self._keep(answer)
            return answer
        answer = self._answer(url, response)
        if answer.document is None:
            raise Unreadable(url, "")
        self._keep(answer)
        return answer

    def fetch(self, url: str, media_type: str | None = None) -> File:
        """The bytes that are there, whatever they are; they are not kept.

        Raises:
            Problem: the server refuses.
            Redirected: it says to ask elsewhere.
        """
        fields = {"Accept": f"{media_type or '*/*'}, {PROBLEM}"}
        response = self._send("GET", url, fields, is_repeatable=True)
        self._refuse(url, response)
        return File(
            media_type=response.headers.get("Content-Type", ""),
            name=name_in(response.headers.get("Content-Disposition", "")),
            body=response.content,
        )

    def write(
        self,
        method: str,
        url: str,
        *,
        body: Any = None,
        media_type: str | None = None,
        if_match: str | None = None,
        key: str | None = None,
    ) -> Answer:
        """Change something. With an idempotency key it is safe to ask again, and it is asked again.

        Raises:
            Problem: the server refuses.
            Redirected: it says to ask elsewhere.
            httpx.TransportError: the connection broke, and nobody can tell what was done.
        """
        content = None if media_type is None else httpx.Request("POST", url, json=body).content
        fields = {"Content-Type": media_type, "If-Match": if_match, "Idempotency-Key": key}
        given = {name: value for name, value in fields.items() if value is not None}
        response = self._send(method, url, given, content, is_repeatable=key is not None)
        # What else it changed is not known here; but this much is.
        self._kept.pop(url, None)
        return self._answer(response.headers.get("Location", url), response)

    def _keep(self, answer: Answer) -> None:
        self._kept[answer.url] = answer
        self._kept.move_to_end(answer.url)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def _send(
        self,
        method: str,
        url: str,
        fields: Mapping[str, str],
        content: bytes | None = None,
        *,
        is_repeatable: bool,
    ) -> httpx.Response:
        headers = {"Accept": accepting(JSON), **self._authorization(url), **fields}
        for attempt in range(1, self.patience.attempts + 1):
            is_last = attempt == self.patience.attempts
            try:
                response = self.http.request(
                    method, url, headers=headers, content=content, follow_redirects=False
                )
            except httpx.TransportError as fault:
                # Without a connection the request cannot have been carried out.
                if is_last or not (is_repeatable or isinstance(fault, httpx.ConnectError)):
                    raise
                self.patience.wait(attempt)
                continue
            asked = self._asked_to_wait(response, is_repeatable=is_repeatable)
            if asked is None or is_last:
                return response
            self.patience.wait(attempt, asked)
        raise AssertionError("the last attempt returns or raises")

    def _authorization(self, url: str) -> dict[str, str]:
        if self.token is None or origin_of(url) not in self.origins:
            return {}
        return {"Authorization": f"Bearer {self.token}"}

    def _asked_to_wait(self, response: httpx.Response, *, is_repeatable: bool) -> float | None:
        """Seconds to wait before the next attempt; None if there is to be none."""
        status = response.status_code
        if status not in NOTHING_DONE and not (is_repeatable and status in UNKNOWN_OUTCOME):
            return None
        seconds = _retry_after(response) or 0.0
        return seconds if seconds <= self.patience.longest else None

    def _answer(self, url: str, response: httpx.Response) -> Answer:
        self._refuse(url, response)
        return Answer(
            url=url,
            status=response.status_code,
            etag=response.headers.get("ETag"),
            document=self._document(url, response),
            is_replayed=response.headers.get("Idempotent-Replayed") == "true",
            is_public=_freshness(response) is not None,
            fresh_until=self._fresh_until(response),
            retry_after=_retry_after(response),
        )

    def _refuse(self, url: str, response: httpx.Response) -> None:
        if response.is_redirect:
            raise Redirected(str(response.url), response.headers.get("Location", ""))
        if response.is_error:
            raise problem(response.status_code, self._document(url, response) or {})

    def _fresh_until(self, response: httpx.Response) -> float:
        return self.clock() + (_freshness(response) or 0.0)

    def _document(self, url: str, response: httpx.Response) -> dict[str, Any] | None:
        if not response.content:
            return None
        content_type = response.headers.get("Content-Type", "")
        document = _json(response) if "json" in content_type else None
        if isinstance(document, dict):
            return document
        if response.is_error:
            return None
        raise Unreadable(url, content_type)


def origin_of(url: str) -> str:
    """Scheme, host and port: where a token may go (RFC 6454 §4)."""
    parsed = httpx.URL(url)
    port = parsed.port or {"http": 80, "https": 443}.get(parsed.scheme)
    return f"{parsed.scheme}://{parsed.host}:{port}"


def accepting(media_type: str) -> str:
    """The header `Accept` of somebody who reads this, else JSON, and what is refused."""
    return ", ".join(dict.fromkeys((media_type, JSON, PROBLEM)))


def new_key() -> str:
    """A name for one call that nobody else gives to another."""
    return secrets.token_urlsafe(16)


def _json(response: httpx.Response) -> Any:
    """What is written there; None if it is broken."""
    try:
        return response.json()
    except ValueError:
        return None


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds, as the server asks to wait; None where it names none (RFC 9110 §10.2.3)."""
    said = response.headers.get("Retry-After", "")
    return float(said) if said.isdecimal() else None


def _freshness(response: httpx.Response) -> float | None:
    """Seconds for which a public answer may be used without asking (RFC 9111 §5.2.2)."""
    cache_control = response.headers.get("Cache-Control", "")
    said = dict(part.strip().partition("=")[::2] for part in cache_control.lower().split(","))
    age = said.get("max-age", "")
    return float(age) if "public" in said and age.isdigit() else None
