"""The requests of the reading jobs, found the same way in every subject: by following links."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks.jobs import Job, Request

PAGES = 40
CLASSES_PER_PAGE = 5


def reading_requests(
    base: str, first_page: str, headers: Mapping[str, str]
) -> Mapping[Job, Sequence[Request]]:
    """Walk the collection by `next` and take pages, some classes of each, and their entity tags."""
    pages: list[Request] = []
    classes: list[Request] = []
    path: str | None = first_page
    with httpx.Client(base_url=base, headers=dict(headers), timeout=30) as client:
        while path and len(pages) < PAGES:
            pages.append(Request(path=path, headers=headers))
            page = client.get(path).raise_for_status().json()
            step = max(1, len(page["items"]) // CLASSES_PER_PAGE)
            classes += [
                Request(path=_path(item["_links"]["self"]["href"]), headers=headers)
                for item in page["items"][::step]
            ]
            following = page["_links"].get("next")
            path = _path(following["href"]) if following else None
        unchanged = [_conditional(client, request) for request in classes]
    return {Job.ONE: classes, Job.PAGE: pages, Job.UNCHANGED: unchanged}


def _conditional(client: httpx.Client, request: Request) -> Request:
    etag = client.get(request.path).raise_for_status().headers["etag"]
    return Request(path=request.path, headers={**request.headers, "If-None-Match": etag})


def _path(href: str) -> str:
    parts = urlsplit(href)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def whole_class(shown: Mapping[str, Any]) -> None:
    """Assert that a class is shown with its counters and a few links."""
    for name in ("id", "title", "capacity", "seats_taken", "status", "version"):
        assert name in shown, f"a class without {name}"
    assert len(shown["_links"]) >= 3, f"few links: {sorted(shown['_links'])}"  # a few
