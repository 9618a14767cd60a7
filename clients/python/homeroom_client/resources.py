"""A representation: its members, what can be done with it now, and why the rest cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, Protocol

from homeroom_client.exchange import Answer, Exchange, new_key
from homeroom_client.files import File
from homeroom_client.forms import Form
from homeroom_client.links import Block, Link, NotOffered
from homeroom_client.problems import __getattr__ as problem_named

StaleVersion = problem_named("StaleVersion")
Values = Mapping[str, Any]
ATTEMPTS = 5
FINAL: Final = frozenset({"succeeded", "failed", "cancelled"})
"""The states in which a job stays."""
LOOK_AGAIN: Final = 1.0
"""Seconds between two looks at a job whose server asks for no others."""
LONGEST_JOB: Final = 300.0


class Unfinished(Exception):
    """A job took longer than somebody would wait; `job` is how it was last seen."""

    def __init__(self, job: Resource, within: float) -> None:
        super().__init__(f"{job.url} is {job['state']} still, after {within:g} seconds")
        self.job = job


class Guide(Protocol):
    """What a representation needs of whoever read it."""

    @property
    def exchange(self) -> Exchange:
        """Who speaks HTTP."""

    def form(self, link: Link) -> Form:
        """The form of an action."""


class Resource:
    """What the server said of one thing, and the links that it gave with it.

    `resource["title"]` is a member. `follow` goes along a link, `act` does what a link offers.
    """

    def __init__(
        self, guide: Guide, document: Mapping[str, Any], *, url: str, etag: str | None = None
    ) -> None:
        self._guide = guide
        self.document = document
        self.etag = etag
        written: Mapping[str, Mapping[str, Any]] = document.get("_links", {})
        self.links = {rel: Link.read(rel, link) for rel, link in written.items()}
        self.url = self.links["self"].href if "self" in self.links else url
        self.is_replayed = False
        """Whether the answer was given before, to an attempt whose answer got lost."""
        self.retry_after: float | None = None
        """Seconds after which to look again; None where the server says nothing of it."""

    @classmethod
    def of(cls, guide: Guide, answer: Answer) -> Resource:
        """What an answer shows."""
        resource = cls(guide, answer.document, url=answer.url, etag=answer.etag)
        resource.is_replayed, resource.retry_after = answer.is_replayed, answer.retry_after
        return resource

    def __repr__(self) -> str:
        return f"<Resource {self.url}>"

    def __getitem__(self, member: str) -> Any:
        return self.document[member]

    def __contains__(self, member: object) -> bool:
        return member in self.members

    @property
    def members(self) -> dict[str, Any]:
        """What was said of the thing itself."""
        return {name: value for name, value in self.document.items() if name[:1] != "_"}

    @property
    def blocked(self) -> dict[str, tuple[Block, ...]]:
        """The actions that are not offered now, each with every reason."""
        written: Mapping[str, list[Values]] = self.document.get("_blocked", {})
        return {rel: tuple(map(Block.read, blocks)) for rel, blocks in written.items()}

    @property
    def embedded(self) -> dict[str, Resource]:
        """What `expand` brought along, by name."""
        written: Mapping[str, Values | None] = self.document.get("_embedded", {})
        return {name: self._part(part) for name, part in written.items() if part is not None}

    @property
    def entries(self) -> list[Resource]:
        """The things on this page of a list."""
        return [self._part(part) for part in self.document["items"]]

    def link(self, rel: str) -> Link:
        """The link of a relation.

        Raises:
            NotOffered: there is none now; it says why, as far as the server does.
        """
        if rel not in self.links:
            raise NotOffered(rel, self.blocked.get(rel, ()), tuple(self.links))
        return self.links[rel]

    def follow(self, rel: str, /, **values: Any) -> Resource:
        """Go along a link that changes nothing; `values` fill it, if it is templated (RFC 6570).

        Raises:
            NotOffered, UnknownVariable: there is no such link, or no such place in it.
            Problem: the server refuses.
        """
        link = self._leading(rel)
        if link.is_file:
            raise ValueError(f"{rel} is {link.media_type}: fetch() is the way")
        url = link.url(**values)
        return self._of(self._guide.exchange.read(url, media_type=link.media_type))

    def fetch(self, rel: str, /, **values: Any) -> File:
        """The file that a link leads to, as the server sent it; nothing is read in it, or kept.

        Raises:
            NotOffered, UnknownVariable: there is no such link, or no such place in it.
            Problem: the server refuses.
        """
        link = self._leading(rel)
        return self._guide.exchange.fetch(link.url(**values), link.media_type)

    def refreshed(self) -> Resource:
        """The same thing as it is now; unchanged, it costs the server no body."""
        return self._of(self._guide.exchange.read(self.url, anew=True))

    def finished(self, *, within: float = LONGEST_JOB) -> Resource:
        """This job when its state is final, which may be `failed`; `within` is in seconds.

        It is looked at again and again, each time after as long as the server asked for last.

        Raises:
            Unfinished: it is not by then.
            Problem: the server refuses; a job may be gone.
        """
        exchange = self._guide.exchange
        job, pause, until = self, LOOK_AGAIN, exchange.clock() + within
        while job["state"] not in FINAL:
            pause = job.retry_after or pause
            left = until - exchange.clock()
            if left <= 0:
                raise Unfinished(job, within)
            exchange.patience.sleep(min(pause, left))
            job = job.refreshed()
        return job

    def pages(self) -> Iterator[Resource]:
        """This page of a list, and every one after it."""
        page = self
        yield page
        while "next" in page.links:
            page = page.follow("next")
            yield page

    def everything(self) -> Iterator[Resource]:
        """Each thing of a list, over all pages from this one on."""
        for page in self.pages():
            yield from page.entries

    def form(self, rel: str) -> Form:
        """What an action takes.

        Raises:
            NotOffered: the action is not offered now.
        """
        return self._guide.form(self.link(rel))

    def act(
        self,
        rel: str,
        values: Values | Callable[[Resource], Values] | None = None,
        *,
        on_stale: Literal["raise", "retry"] = "raise",
        key: str | None = None,
    ) -> Resource | None:
        """Do what a link offers; gives what the server answers, None where it says nothing.

        The precondition of the link and an idempotency key go along by themselves; `key` is one
        of yours, to ask again after a restart. With `on_stale="retry"` a change that met another
        one is done again upon what is there then: let `values` be a function of that.

        Raises:
            NotOffered: the action is not offered, or not any more.
            StaleVersion: somebody else changed the thing since it was read.
            Problem: the server refuses.
        """
        seen = self
        for attempt in range(1, ATTEMPTS + 1):
            try:
                given = values(seen) if callable(values) else values or {}
                return seen._do(seen.form(rel), given, key)
            except StaleVersion:
                if on_stale == "raise" or attempt == ATTEMPTS:
                    raise
                seen = seen.refreshed()
        raise AssertionError("the last attempt returns or raises")

    def _leading(self, rel: str) -> Link:
        """The link of a relation, which changes nothing."""
        link = self.link(rel)
        if link.is_action:
            raise ValueError(f"{rel} is an action: act() or form() is the way")
        return link

    def _do(self, form: Form, values: Values, key: str | None) -> Resource | None:
        link = form.link
        answer = self._guide.exchange.write(
            link.method,
            link.url(),
            body=form.body(values) if form.takes_a_body else None,
            media_type=link.media_type,
            if_match=self._version() if link.needs_version else None,
            key=(key or new_key()) if form.is_repeatable else None,
        )
        return None if answer.document is None else self._of(answer)

    def _version(self) -> str | None:
        """The entity tag of what was seen; a thing on a page is read by itself for it.

        Raises:
            StaleVersion: it is not any more what the page showed.
        """
        if self.etag is not None:
            return self.etag
        alone = self.refreshed()
        # With `fields=` a list may not show the version; then all that it shows must be so still.
        shown = ["version"] if "version" in self else self.members
        if any(alone.document.get(name) != self.document[name] for name in shown):
            raise StaleVersion(412, {"code": "stale-version", "detail": "It changed since."})
        return alone.etag

    def _part(self, document: Values) -> Resource:
        return Resource(self._guide, document, url=self.url)

    def _of(self, answer: Answer) -> Resource:
        return Resource.of(self._guide, answer)
