"""Every page that explains something: reached by links, for everybody, as HTML and as JSON."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest

from api.errors import every_refusal
from tests.blackbox.crawler import Crawl

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
"""As browsers ask."""
ROLES = ("nobody", "stranger", "student", "instructor", "registrar", "owner")


class Hrefs(HTMLParser):
    """Every address that a page names, to follow or to load."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in {"href", "src"} and value]


def pages_from(person, start, within):
    """Every page that links of HTML reach from `start`, by its address."""
    seen, waiting = {}, [start]
    while waiting:
        url = waiting.pop().partition("#")[0]
        if url in seen or url.startswith(("data:", "mailto:")):
            continue
        assert url.startswith(within), f"{url} is elsewhere"
        page = seen[url] = person.get(url, headers=HTML)
        if page.headers.get("Content-Type", "").startswith("text/html"):
            waiting += [urljoin(url, href) for href in Hrefs(page.text).found]
    return seen


@pytest.fixture(scope="module")
def crawls(world):
    """What everybody reaches by links in JSON, with a class that has no seat left."""
    seats = world.a_class(capacity=1).json()["_links"]["registrations"]["href"]
    assert world.student.post(seats, {}).status_code == 201
    people = {role: world.nobody if role == "nobody" else world.people[role] for role in ROLES}
    return {role: Crawl(person, world.base).run() for role, person in people.items()}


@pytest.mark.parametrize("role", ROLES)
def test_every_address_in_the_pages_of_html_is_there(world, role):
    person = world.nobody if role == "nobody" else world.people[role]

    pages = pages_from(person, f"{world.base}/", world.base)

    # What asks for a token is there too, and says so.
    dead = {
        url: page.status_code for url, page in pages.items() if page.status_code not in {200, 401}
    }
    assert dead == {}
    assert {url for url, page in pages.items() if page.status_code == 401} <= {
        f"{world.base}/v1/{name}" for name in ("tokens", "me", "organizations")
    }
    assert f"{world.base}/docs/assets/swagger-ui-bundle.js" in pages


def test_every_problem_has_a_page_that_leads_on(world):
    codes = {refusal.code for refusal in every_refusal()}
    addresses = [f"{world.base}/problems/{code}" for code in sorted(codes)]

    pages = [world.nobody.get(url, headers=HTML) for url in addresses]

    assert [
        url for url, page in zip(addresses, pages, strict=True) if dead_ends(world, url, page)
    ] == []
    assert len(pages) > 40


def dead_ends(world, url, page):
    """Links of a page that lead nowhere; a page without a link is one itself."""
    if page.status_code != 200:
        return [url]
    found = [urljoin(url, href) for href in Hrefs(page.text).found]
    return [to for to in found if world.nobody.get(to).status_code != 200] if found else [url]


def test_every_relation_that_anybody_is_shown_has_a_page_that_leads_on(world, crawls):
    shown = set()
    for crawl in crawls.values():
        for url, page in crawl.pages.items():
            shown |= set(
                re.findall(
                    rf"{re.escape(world.base)}/rels/[a-z0-9-]+", page.headers.get("Link", "")
                )
            )
            if "json" in page.headers.get("Content-Type", "") and "openapi" not in url:
                shown |= {f"{world.base}/rels/{rel}" for rel in rels_in(page.json())}

    pages = {url: world.nobody.get(url, headers=HTML) for url in sorted(shown)}

    assert {
        url: page.status_code for url, page in pages.items() if dead_ends(world, url, page)
    } == {}
    own = {url.removeprefix(f"{world.base}/rels/") for url in pages}
    assert own >= {"register", "drop", "edit", "waitlist", "accept-invitation", "up"}


def test_check_37_every_answer_with_content_says_how_long_it_is(world, crawls):
    """A proxy that is not told cannot leave short ones alone."""
    pages = [page for crawl in crawls.values() for page in crawl.pages.values()]
    pages += [world.nobody.get(path, headers=HTML) for path in ("/", "/docs", "/rels/edit")]
    pages += [
        world.nobody.get("/nowhere"),
        world.nobody.get("/client.js"),
        world.nobody.get("/v1/me"),
    ]

    assert [
        str(page.url)
        for page in pages
        if page.content and int(page.headers.get("Content-Length", -1)) != len(page.content)
    ] == []
    assert len(pages) > 40


def rels_in(document):
    """Every name in `_links` and `_blocked` of a document and of all that is in it."""
    if isinstance(document, list):
        return {rel for part in document for rel in rels_in(part)}
    if not isinstance(document, dict):
        return set()
    here = {*document.get("_links", ()), *document.get("_blocked", ())}
    return here.union(*(rels_in(part) for name, part in document.items() if name != "_links"))


def test_every_address_of_the_catalogue_is_there(world):
    catalogue = world.nobody.get("/.well-known/api-catalog")
    entries = catalogue.json()["linkset"]
    links = [
        (entry["anchor"], rel, link)
        for entry in entries
        for rel, found in entry.items()
        if rel != "anchor"
        for link in found
    ]

    assert catalogue.headers["Content-Type"] == "application/linkset+json"
    assert {rel for _, rel, _ in links} >= {"item", "service-desc", "service-doc", "status"}
    for anchor, rel, link in links:
        assert world.nobody.get(anchor).status_code == 200
        there = world.nobody.get(link["href"])
        assert there.status_code == 200, rel
        assert there.headers["Content-Type"].startswith(link.get("type", "application/json"))


def test_every_template_is_filled_in_with_the_parameters_that_it_names(world, crawls, document):
    paths = document["paths"]
    templates = set()
    for role in ("student", "owner"):
        for page in crawls[role].pages.values():
            templates |= set(
                re.findall(rf'"({re.escape(world.base)}/v1[^"]+\{{\?[^"]+)"', page.text)
            )
    wrong = []

    for template in sorted(templates):
        address, _, names = template.removesuffix("}").partition("{?")
        # One that a list takes always; a name that is not documented is refused.
        query = {"limit": "1"} if "limit" in names.split(",") else {}
        answer = world.owner.get(address, params=query)
        path = re.sub(r"/[a-z]{3}_[0-9a-z]{26}", "/{}", address.removeprefix(world.base))
        (known,) = [
            {each.get("name") for each in paths[one]["get"]["parameters"]}
            for one in paths
            if re.sub(r"\{\w+\}", "{}", one) == path
        ]
        if answer.status_code not in {200, 404} or not set(names.split(",")) <= known:
            wrong.append((template, answer.status_code, set(names.split(",")) - known))

    assert wrong == []
    assert len(templates) > 5
