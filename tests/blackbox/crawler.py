"""A client that knows one address and follows links; forms it takes from the document."""

import itertools
import re
import secrets
from dataclasses import dataclass, field

TEMPLATE = re.compile(r"\{[^}]*\}")
LINK = re.compile(r'<([^>]+)>; rel="[^"]+"(?:; method="[A-Z]+")?')
MOST_PAGES = 800

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Action:
    """A link that changes something: where it stood, and what it says."""

    page: str
    rel: str
    operation: str
    method: str
    href: str
    body: tuple = ()
    is_conditional: bool = False

    @property
    def kind(self):
        return self.operation, self.rel


@dataclass
class Crawl:
    """Everything that one person reaches from the root."""

    person: object
    base: str
    pages: dict = field(default_factory=dict)
    actions: dict = field(default_factory=dict)
    blocked: dict = field(default_factory=dict)
    """By relation: where it is named as what cannot be done now."""
    deprecated: set = field(default_factory=set)
    """Addresses to which a link leads that says it is deprecated."""

    def run(self):
        """Follow every link of every page; gives itself."""
        waiting = [f"{self.base}/"]
        while waiting:
            url = waiting.pop()
            if url in self.pages:
                continue
            assert len(self.pages) < MOST_PAGES, "the links do not end"
            page = self.pages[url] = self.person.get(url)
            waiting += self._links_of(url, page)
        return self

    def failed(self):
        """Pages that are not there for who was led to them."""
        return {url: page.status_code for url, page in self.pages.items() if not page.is_success}

    def _links_of(self, url, page):
        header = LINK.finditer(page.headers.get("Link", ""))
        yield from self._own(link[1] for link in header if "method=" not in link[0])
        if "json" in page.headers.get("Content-Type", "") and "openapi" not in url:
            yield from self._own(self.read(url, page.json()))

    def _own(self, hrefs):
        return [href for href in hrefs if href.startswith(self.base)]

    def read(self, page, document):
        """The links of a document and of everything in it; actions are put aside."""
        if isinstance(document, list):
            for part in document:
                yield from self.read(page, part)
        if not isinstance(document, dict):
            return
        here = document.get("_links", {}).get("self", {}).get("href", page)
        for name, part in document.items():
            if name == "_links":
                yield from self._linked(here, part)
            elif name == "_blocked":
                for rel in part:
                    self.blocked.setdefault(rel, {})[here] = None
            else:
                yield from self.read(page, part)

    def _linked(self, page, links):
        for rel, link in links.items():
            href = TEMPLATE.sub("", link["href"])
            if "deprecation" in link:
                self.deprecated.add(href)
            if link.get("method", "GET") == "GET":
                yield href
                continue
            action = Action(
                page=page,
                rel=rel,
                operation=link["operation"],
                method=link["method"],
                href=href,
                body=tuple(link.get("body", {}).items()),
                is_conditional="precondition" in link,
            )
            known = self.actions.setdefault(action.kind, [])
            if action not in known:
                known.append(action)

    def offered(self, kind, most=1):
        """Up to so many actions of this kind that are offered still, each when it is its turn.

        With each comes the page as it is then; what was given once is not given again.
        """
        waiting = self.actions.get(kind, [])
        while waiting and most:
            action = waiting.pop(0)
            page = self.person.get(action.page)
            if page.is_success and action.rel in page.json().get("_links", ()):
                yield action, page
                most -= 1


@dataclass
class Forms:
    """What a call needs in its body, by the OpenAPI document."""

    document: dict

    def __post_init__(self):
        self.operations = {
            operation["operationId"]: (path, method, operation)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
        }

    def smallest(self, action, given):
        """The body that the link fixes, and the required members with values that will do."""
        _, _, operation = self.operations[action.operation]
        content = operation.get("requestBody", {}).get("content", {})
        if not content:
            return None
        schema = self._resolved(next(iter(content.values()))["schema"])
        needed = {name: value_of(name, given) for name in schema.get("required", ())}
        special = {name: said(value) for name, value in given.get(action.kind, {}).items()}
        return needed | dict(action.body) | special

    def methods_at(self, name):
        """The operations at the path of this one, by method."""
        path, _, _ = self.operations[name]
        return {
            method.upper(): other
            for other, (at, method, _) in self.operations.items()
            if at == path
        }

    def is_public(self, name):
        """Whether an operation needs no token."""
        return self.operations[name][2].get("security") == []

    def template_of(self, url, base):
        """The operation behind a GET of this address, or None."""
        path = url.removeprefix(base).partition("?")[0] or "/"
        for name, (template, method, _) in self.operations.items():
            if method == "get" and re.fullmatch(TEMPLATE.sub("[^/]+", template), path):
                return name
        return None

    def _resolved(self, schema):
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema


def value_of(name, given):
    """A value for a member, by its name; unique where it must be."""
    number = f"{next(_numbers)}-{secrets.token_hex(4)}"
    values = {
        "slug": f"crawl-{number}",
        "username": f"crawler-{number}",
        "password": "a password for tests",
        "timezone": "Europe/Vienna",
        "starts_on": "2027-10-01",
        "ends_on": "2028-01-31",
        "from_date": "2027-10-01",
        "to_date": "2027-12-31",
        "weekdays": ["mo"],
        "start_local": "09:00",
        "duration_minutes": 60,
        "local_start": "2027-10-04T09:00",
        "role": "student",
    }
    if name in given:
        return said(given[name])
    return values.get(name, f"Crawled {number}")


def said(value):
    """The value itself, or what the function gives that stands for it."""
    return value() if callable(value) else value
