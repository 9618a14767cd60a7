"""Version 2 of one resource beside version 1, which is deprecated, and ends."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, select

from api import ids
from api.app import create_app
from api.http.links import targets_of
from api.http.openapi import build_document
from api.http.versions import SHORTEST, VERSIONS, Ending, Version, Versions
from api.models.term import Term
from tests import factories
from tests.apps import a_school, settings_for
from tests.fake_clock import START, FakeClock
from tests.versions import second

SINCE = START - timedelta(days=390)
SUNSET = SINCE + timedelta(days=400)
GUIDE = "/docs"
V1 = Ending(since=SINCE, sunset=SUNSET, successor="v2", guide=GUIDE)
TWO = Versions(served=(Version(name="v1", ending=V1), Version(name="v2")))
LINK = re.compile(r'<([^>]+)>; rel="([^"]+)"')
NAME = select(Term.name).where(Term.id == bindparam("id"))
COUNTED = re.compile(r"^homeroom_deprecated_requests_total\{(.*)\} (.*)$", re.MULTILINE)


@dataclass
class Pair:
    """An application of two versions, a school in it, and a term."""

    app: Any
    clock: Any
    school: Any
    term: str
    before: dict = field(init=False)

    def __post_init__(self):
        self.before = self._counts()

    @property
    def registrar(self):
        return self.school.registrar

    def counted(self):
        """How often what is deprecated was asked for since, by operation and client."""
        found = {key: count - self.before.get(key, 0) for key, count in self._counts().items()}
        return {key: count for key, count in found.items() if count}

    def _counts(self):
        text = self.app.test_client().get("/metrics").text
        found = {}
        for labels, value in COUNTED.findall(text):
            named = dict(re.findall(r'(\w+)="([^"]*)"', labels))
            found[named["operation"], named["client"]] = int(float(value))
        return found


@dataclass(frozen=True)
class Built:
    """An application of some versions, and its clock."""

    app: Any
    clock: Any

    def with_a_school(self):
        """A school and a term of one test alone, at the start of the clock."""
        self.clock.set(START)
        school = a_school(self.app)
        with school.database.write() as tx:
            term = factories.a_term(tx, school.row.id, name="Autumn")
        return Pair(self.app, self.clock, school, ids.encode("trm", term.id))


def built(database_url, versions):
    clock = FakeClock()
    app = create_app(settings_for(database_url), clock=clock, versions=versions)
    second.mount(app)
    return Built(app, clock)


@pytest.fixture
def served(database_url):
    """Give a function that builds an application of some versions for one test."""
    opened = []

    def give(versions=TWO):
        opened.append(built(database_url, versions))
        return opened[-1].with_a_school()

    yield give
    for each in opened:
        each.app.extensions["homeroom"].database.close()


@pytest.fixture(scope="session")
def two(database_url):
    """The application of version 1, which ends, and version 2: the tests share it."""
    two = built(database_url, TWO)
    yield two
    two.app.extensions["homeroom"].database.close()


@pytest.fixture
def pair(two):
    return two.with_a_school()


def links_of(answer):
    return {rel: href for href, rel in LINK.findall(answer.headers.get("Link", ""))}


def test_both_versions_show_and_change_the_same_thing(pair):
    first = pair.registrar.get(f"/v1/terms/{pair.term}")
    changed = pair.registrar.patch(
        f"/v2/terms/{pair.term}", {"title": "Winter"}, if_match=first.headers["ETag"]
    )
    again = pair.registrar.get(f"/v1/terms/{pair.term}")

    assert changed.status_code == 200, changed.text
    assert (first.json["name"], changed.json["title"]) == ("Autumn", "Winter")
    assert (again.json["name"], again.json["version"]) == ("Winter", changed.json["version"])
    assert "name" not in changed.json


def test_what_is_deprecated_says_since_when_until_when_and_what_comes_after(pair):
    answer = pair.registrar.get(f"/v1/terms/{pair.term}")

    assert answer.headers["Deprecation"] == f"@{int(SINCE.timestamp())}"
    assert parsedate_to_datetime(answer.headers["Sunset"]) == SUNSET.replace(microsecond=0)
    assert answer.headers["Sunset"].endswith(" GMT")
    assert links_of(answer) == {
        "deprecation": f"https://homeroom.test{GUIDE}",
        "successor-version": f"https://homeroom.test/v2/terms/{pair.term}",
    }


def test_what_is_current_says_nothing_of_it(pair):
    answer = pair.registrar.get(f"/v2/terms/{pair.term}")

    assert {"Deprecation", "Sunset", "Link"}.isdisjoint(answer.headers)
    assert "deprecation" not in answer.json["_links"]["edit"]


def test_a_refusal_and_a_304_say_it_too_and_a_page_keeps_its_links(pair):
    url = f"/v1/terms/{pair.term}"
    tag = pair.registrar.get(url).headers["ETag"]

    unchanged = pair.registrar.get(url, headers={"If-None-Match": tag})
    refused = pair.registrar.patch(url, {"name": "Other"}, if_match='"v9-0000000000000000"')
    unknown = pair.app.test_client().get(url)
    headed = pair.registrar.open("HEAD", url)
    page = pair.registrar.get(f"{pair.school.url}/terms?limit=1")

    statuses = [answer.status_code for answer in (unchanged, refused, unknown, headed, page)]
    assert statuses == [304, 412, 401, 200, 200]
    for answer in (unchanged, refused, unknown, headed, page):
        assert "Deprecation" in answer.headers
    # Version 2 has no such list, so only its root is named.
    assert links_of(page)["successor-version"] == "https://homeroom.test/v2"
    assert "first" in links_of(page)


def test_a_link_to_what_is_deprecated_says_so(pair):
    term = pair.registrar.get(f"/v1/terms/{pair.term}").json

    assert term["_links"]["edit"]["deprecation"] == f"https://homeroom.test{GUIDE}"


def test_the_root_lists_the_versions_with_what_becomes_of_them(pair):
    def listed():
        found = pair.app.test_client().get("/").json["versions"]
        return {each["name"]: (each["status"], each["sunset_at"]) for each in found}

    now = listed()
    pair.clock.set(SUNSET)
    later = listed()
    pair.clock.set(SINCE - timedelta(seconds=1))
    before = listed()

    sunset_at = SUNSET.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert now == {"v1": ("deprecated", sunset_at), "v2": ("current", None)}
    assert later["v1"] == ("ended", sunset_at)
    assert before["v1"] == ("current", sunset_at)


def test_after_the_sunset_there_is_a_410_that_leads_on_and_nothing_is_done(pair):
    url = f"/v1/terms/{pair.term}"
    tag = pair.registrar.get(url).headers["ETag"]
    pair.clock.set(SUNSET - timedelta(milliseconds=1))
    last = pair.registrar.get(url)
    pair.clock.set(SUNSET)

    refused = pair.registrar.patch(url, {"name": "Late"}, if_match=tag)
    nobody = pair.app.test_client().get(url)
    with pair.school.database.read() as tx:
        name = tx.first(NAME, id=ids.decode("trm", pair.term)).name

    assert last.status_code == 200
    for answer in (refused, nobody):
        assert (answer.status_code, answer.json["code"]) == (410, "version-sunset")
        assert answer.json["_links"]["successor-version"]["href"].endswith(f"/v2/terms/{pair.term}")
        assert "Sunset" in answer.headers
        assert links_of(answer)["successor-version"].endswith(f"/v2/terms/{pair.term}")
    assert name == "Autumn"
    assert pair.app.test_client().get("/v1/nothing").status_code == 404
    assert pair.app.test_client().get("/").status_code == 200


def offered_by(answer):
    links, blocked = answer.json["_links"], answer.json.get("_blocked", {})
    return {*links, *blocked}


def test_what_has_ended_is_offered_no_more_and_was_until_then(served):
    endings = {
        "update_term": Ending(since=SINCE, sunset=SUNSET, guide=GUIDE),
        "create_term": Ending(since=SINCE, sunset=SUNSET + timedelta(days=1), guide=GUIDE),
        "get_course": Ending(since=SINCE, sunset=SUNSET, guide=GUIDE),
    }
    pair = served(Versions(served=(Version(name="v1"),), endings=endings))
    with pair.school.database.write() as tx:
        factories.a_course(tx, pair.school.row.id)

    def offered():
        term = pair.registrar.get(f"/v1/terms/{pair.term}")
        terms = pair.registrar.get(f"{pair.school.url}/terms")
        courses = pair.registrar.get(f"{pair.school.url}/courses").json["items"]
        return offered_by(term) & {"edit", "delete"}, "create" in offered_by(terms), courses

    pair.clock.set(SUNSET - timedelta(milliseconds=1))
    before = offered()
    pair.clock.set(SUNSET)
    after = offered()
    pair.clock.set(SUNSET + timedelta(days=1))
    later = offered()
    made = pair.registrar.post(f"{pair.school.url}/courses", {"code": "LATE 1", "title": "Late"})

    assert before[:2] == ({"edit", "delete"}, True)
    assert after[:2] == ({"delete"}, True)
    assert later[:2] == ({"delete"}, False)
    assert ["self" in courses[0]["_links"] for *_, courses in (before, after)] == [True, False]
    assert (made.status_code, "self" in made.json["_links"]) == (201, False)
    assert made.headers["Location"].endswith(f"/v1/courses/{made.json['id']}")


def test_pieces_that_are_kept_lose_their_links_to_what_has_ended(served):
    ending = Ending(since=SINCE, sunset=SUNSET, guide=GUIDE)
    pair = served(Versions(served=(Version(name="v1"),), endings={"list_class_sessions": ending}))
    with pair.school.database.write() as tx:
        factories.a_class(tx, pair.school.row.id)
    url = f"{pair.school.url}/classes"

    def offered():
        items = pair.registrar.get(url).json["items"]
        alone = pair.registrar.get(items[0]["_links"]["self"]["href"])
        return ["sessions" in each["_links"] for each in (items[0], alone.json)]

    twice = [offered(), offered()]
    pair.clock.set(SUNSET)
    ended = [offered(), offered()]
    pair.clock.set(START)

    assert (twice, ended) == ([[True, True]] * 2, [[False, False]] * 2)
    assert offered() == [True, True]


def test_a_problem_does_not_lead_to_what_has_ended(served):
    ending = Ending(since=SINCE, sunset=SUNSET, guide=GUIDE)
    pair = served(Versions(served=(Version(name="v1"),), endings={"get_registration": ending}))
    with pair.school.database.write() as tx:
        row = factories.a_class(tx, pair.school.row.id)
    url = f"/v1/classes/{ids.encode('cls', row.id)}/registrations"
    assert pair.school.student.post(url, {}).status_code == 201

    led = pair.school.student.post(url, {})
    pair.clock.set(SUNSET)
    alone = pair.school.student.post(url, {})

    assert [each.json["code"] for each in (led, alone)] == ["already-registered"] * 2
    assert "existing" in led.json["_links"]
    assert "existing" not in alone.json.get("_links", {})


def test_when_all_of_a_version_has_ended_the_ways_in_do_not_lead_there(pair):
    pair.clock.set(SUNSET)

    root = pair.app.test_client().get("/").json
    catalog = pair.app.test_client().get("/.well-known/api-catalog").json
    page = pair.app.test_client().get("/", headers={"Accept": "text/html"})

    assert (page.status_code, page.text.count("/v1")) == (200, 0)
    assert {"v1", "me", "token", "users"}.isdisjoint(root["_links"])
    assert {"self", "service-desc", "api-catalog"} <= root["_links"].keys()
    assert catalog["linkset"] == [{"anchor": "https://homeroom.test/"}]


def test_a_successor_whose_path_cannot_be_filled_is_refused_at_the_start(database_url):
    ending = Ending(since=SINCE, successor="get_term", guide=GUIDE)
    versions = Versions(served=(Version(name="v1"),), endings={"get_course": ending})

    with pytest.raises(ValueError, match="get_course does not know term_id of get_term"):
        create_app(settings_for(database_url), clock=FakeClock(), versions=versions)


def test_the_version_that_comes_after_is_served_still(pair):
    pair.clock.set(SUNSET + timedelta(days=1))

    answer = pair.registrar.get(f"/v2/terms/{pair.term}")

    assert (answer.status_code, answer.json["title"]) == (200, "Autumn")


def test_one_operation_may_end_alone(served):
    ending = Ending(since=SINCE, successor="get_term_v2", guide="https://school.example/move")
    one = Versions(served=(Version(name="v1"), Version(name="v2")), endings={"get_term": ending})
    pair = served(one)

    read = pair.registrar.get(f"/v1/terms/{pair.term}")
    listed = pair.registrar.get(f"{pair.school.url}/terms")

    assert "Deprecation" not in listed.headers
    assert "Sunset" not in read.headers
    assert links_of(read) == {
        "deprecation": "https://school.example/move",
        "successor-version": f"https://homeroom.test/v2/terms/{pair.term}",
    }


@pytest.mark.parametrize("own", [None, SUNSET + timedelta(days=1), SUNSET - timedelta(days=1)])
def test_an_operation_ends_with_its_version_unless_it_ends_sooner(own):
    ending = Ending(since=SINCE, sunset=own, guide=GUIDE)
    both = Versions(served=(Version(name="v1", ending=V1),), endings={"get_term": ending})

    ends = both.ending_of("get_term", "/v1/terms/{term_id}")

    assert ends.sunset == min(SUNSET, own or SUNSET)


def test_what_has_no_successor_ends_without_one(served):
    ending = Ending(since=SINCE, sunset=SUNSET, guide=GUIDE)
    pair = served(Versions(served=(Version(name="v1"),), endings={"get_term": ending}))

    read = pair.registrar.get(f"/v1/terms/{pair.term}")
    pair.clock.set(SUNSET)
    refused = pair.registrar.get(f"/v1/terms/{pair.term}")

    assert links_of(read).keys() == {"deprecation"}
    assert (refused.status_code, refused.json["_links"].keys()) == (410, {"deprecation"})
    words = build_document(pair.app)["paths"]["/v1/terms/{term_id}"]["get"]["description"]
    assert f"it ends on {SUNSET:%Y-%m-%d}" in words
    assert "comes after" not in words


def test_the_document_marks_what_is_deprecated_and_nothing_else(pair):
    document = build_document(pair.app)
    operations = [
        (path, operation) for path, each in document["paths"].items() for operation in each.values()
    ]

    deprecated = {path for path, operation in operations if operation.get("deprecated")}

    assert deprecated == {path for path, _ in operations if path.split("/")[1] == "v1"}
    term = document["paths"]["/v1/terms/{term_id}"]["get"]
    assert {"Deprecation", "Sunset", "Link"} <= term["responses"]["200"]["headers"].keys()
    assert "410" in term["responses"]
    assert "410" not in document["paths"]["/v2/terms/{term_id}"]["get"]["responses"]
    assert {"Deprecation", "Sunset"} <= document["components"]["headers"].keys()


def test_use_is_counted_by_operation_and_token(pair):
    for _ in range(2):
        pair.registrar.get(f"/v1/terms/{pair.term}")
    pair.registrar.get(f"/v2/terms/{pair.term}")
    pair.app.test_client().get(f"/v1/terms/{pair.term}")
    token = pair.registrar.get("/v1/me").json["token_id"]

    assert pair.counted() == {
        ("get_term", token): 2,
        ("get_term", "anonymous"): 1,
        ("get_me", token): 1,
    }


def test_clients_that_are_too_many_are_counted_as_others(served, monkeypatch):
    pair = served()
    monkeypatch.setattr("api.http.observation.MOST_CLIENTS", 2)

    for person in pair.school.people.values():
        person.get(f"/v1/terms/{pair.term}")

    clients = {client: count for (_, client), count in pair.counted().items()}
    assert len(clients) == 3
    assert clients["other"] == len(pair.school.people) - 2


def test_nothing_is_counted_or_told_where_nothing_ends(served):
    pair = served(Versions(served=(Version(name="v1"), Version(name="v2"))))

    answer = pair.registrar.get(f"/v1/terms/{pair.term}")

    assert {"Deprecation", "Sunset", "Link"}.isdisjoint(answer.headers)
    assert pair.counted() == {}


def test_clients_are_given_a_year_at_least():
    since = datetime(2027, 1, 1, tzinfo=UTC)

    with pytest.raises(ValueError, match="less than a year"):
        Ending(since=since, sunset=since + SHORTEST - timedelta(seconds=1), guide=GUIDE)


def test_what_is_named_as_ending_or_as_what_comes_after_is_there(pair):
    known = targets_of(pair.app)
    wrong = Versions(
        served=(Version(name="v1"),),
        endings={"get_trem": Ending(since=SINCE, successor="get_term_v3", guide=GUIDE)},
    )

    assert VERSIONS.unknown_among(known) == set()
    assert TWO.unknown_among(known) == set()
    assert wrong.unknown_among(known) == {"get_trem", "get_term_v3"}
