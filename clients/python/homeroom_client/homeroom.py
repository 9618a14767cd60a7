"""A Homeroom, as somebody sees it who knows the address of its root and nothing else."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, Self

import httpx

from homeroom_client.exchange import Exchange, Patience, origin_of
from homeroom_client.forms import Document, Form
from homeroom_client.links import Link
from homeroom_client.resources import Resource

SECONDS: Final = 30.0
IDLE_SECONDS: Final = 2.0
"""How long an unused connection is kept: our server lets go after five, and drops what comes."""


class Homeroom:
    """Begin at `root()`; every other address comes from the server.

    >>> with Homeroom("http://127.0.0.1:8000") as home:
    ...     home.log_in("student", "try-homeroom")
    ...     for organization in home.root().follow("organizations").everything():
    ...         print(organization["name"])
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        http: httpx.Client | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Keep the address of the root; nothing is sent yet. A client of yours is not closed."""
        self._url = url if httpx.URL(url).path.endswith("/") else f"{url}/"
        speaking = http or _connections()
        self._own = speaking if http is None else None
        self.exchange = Exchange(
            http=speaking,
            origins={origin_of(self._url)},
            token=token,
            patience=patience or Patience(),
        )
        self._document: tuple[str | None, Document] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        if self._own is not None:
            self._own.close()

    def root(self) -> Resource:
        """Where everything begins."""
        root = self.read(self._url)
        # A Homeroom may be reached by another name than it has for itself.
        self.exchange.origins.add(origin_of(root.url))
        return root

    def read(self, url: str) -> Resource:
        """What is at an address that the server gave earlier, as a bookmark."""
        return Resource.of(self, self.exchange.read(url))

    def sign_up(self, username: str, password: str, **more: Any) -> Resource:
        """Make an account; it does not log in."""
        return self._made("users", {"username": username, "password": password, **more})

    def log_in(self, username: str, password: str, **more: Any) -> Resource:
        """Get a token and speak for its user from now on; gives the token's representation."""
        issued = self._made("token", {"username": username, "password": password, **more})
        self.exchange.identify(issued["token"])
        return issued

    def use(self, token: str | None) -> None:
        """Speak with a token that is there already, or for nobody."""
        self.exchange.identify(token)

    def form(self, link: Link) -> Form:
        """The form of an action, from the document that the root names as `service-desc`."""
        answer = self.exchange.read(self.root().link("service-desc").url())
        if self._document is None or self._document[0] != answer.etag:
            self._document = answer.etag, Document(answer.document)
        return self._document[1].form(link)

    def _made(self, rel: str, values: dict[str, Any]) -> Resource:
        made = self.root().act(rel, values)
        assert made is not None, "what is made is shown"  # 201 has a body unless less is asked for
        return made


def _connections() -> httpx.Client:
    return httpx.Client(timeout=SECONDS, limits=httpx.Limits(keepalive_expiry=IDLE_SECONDS))
