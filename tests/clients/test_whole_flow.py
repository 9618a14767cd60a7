import csv
import io
import json
import secrets
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.clients.flow import Flow
from tests.clients.scripted import scripted

pytestmark = [pytest.mark.xdist_group("clients")]

FLOW = (Path(__file__).parent / "flow.mjs").read_text()
FACTS = {
    "pages": [2, 2, 1],
    "everything": ["No. 0", "No. 1", "No. 2", "No. 3", "No. 4"],
    "full": [409, ["class-full"]],
    "not offered": ["class-full"],
    "place": ["waitlisted", 1],
    "dropped": "dropped",
    "promoted": "enrolled",
    "offered": [
        "offered",
        ["approve", "complete", "drop", "edit", "leave", "reject", "remove", "withdraw"],
    ],
    "accepted": "enrolled",
    "edited": 4,
    "stale": 412,
    "edited again": 5,
    "edited from a list": "Hall",
    "faults": ["#/name", "#/slug", "#/timezone"],
    "wrong password": 401,
    "nobody": 401,
    "asked for": ["queued", 1],
    "done": ["succeeded", ["state-conflict"]],
    "file": ["application/zip", True],
    "students": ["No. 0", "No. 1", "No. 2", "No. 3", "No. 4"],
    "exports": 1,
    "registrations": ["dropped", "dropped", "enrolled", "enrolled"],
    "classes": ["Choir", "Painting", "Yoga"],
    "revalidated": [200, 304],
}


@pytest.fixture
def expected(place):
    """What must be seen there; the rest of the test is that no write was carried out twice."""
    lost = set() if place.proxy is None else place.proxy.lost
    before = len(lost)
    yield FACTS | {"seat": ["enrolled", place.proxy is not None]}
    if place.proxy is not None:
        # Every write that has a key was sent twice, and found done the second time.
        assert len(lost) - before >= 20
        steps = {step for path in place.proxy.paths for step in path.split("/")}
        assert not steps & {"v1", "organizations", "classes", "registrations", "openapi.json"}


def test_the_python_client_finds_its_way_from_the_root_alone(place, expected):
    assert unpacked(Flow(place.url, _name()).run()) == expected


def test_the_module_finds_its_way_in_node(place, expected, node):
    assert unpacked(json.loads(node("run_flow.mjs", place.url, _name()))) == expected


@pytest.mark.browser
def test_the_module_finds_its_way_in_a_browser(place, expected, browser):
    links = httpx.get(f"{place.url}/").json()["_links"]
    page = browser.new_page()
    # Any page of that host that may load scripts of that host.
    page.goto(links["service-doc"]["href"])

    seen = page.evaluate(
        f"""async ([script, url, name]) => {{
            {FLOW.replace("export default", "", 1)}
            return flow(await import(script), url, name);
        }}""",
        [links["code-on-demand"]["href"], place.url, _name()],
    )
    page.close()

    assert unpacked(seen) == expected


@pytest.mark.browser
def test_a_page_of_another_host_may_use_the_module_where_that_is_allowed(place, browser):
    script = httpx.get(f"{place.url}/").json()["_links"]["code-on-demand"]["href"]
    page = browser.new_page()
    with scripted({"/": [(200, {"Content-Type": "text/html"}, "a page")]}) as elsewhere:
        page.goto(f"{elsewhere.address}/")
        seen = page.evaluate(
            """async ([script, url, name]) => {
                const { Homeroom } = await import(script);
                const home = new Homeroom(url);
                await home.signUp(name, "correct horse battery");
                await home.logIn(name, "correct horse battery");
                const list = await (await home.root()).follow("organizations");
                const given = { name, slug: name, timezone: "Europe/Vienna" };
                const made = await list.act("create", given);
                return (await made.act("edit", { name: "Another" })).members.name;
            }""",
            [script, place.url, _name()],
        )
    page.close()

    assert seen == "Another"


@pytest.mark.browser
def test_a_browser_follows_no_redirect_and_says_that_there_is_one(plain, browser):
    script = httpx.get(f"{plain.url}/").json()["_links"]["code-on-demand"]["href"]
    paths = {
        "/": [(200, {"Content-Type": "text/html"}, "a page")],
        "/school/": [(302, {"Location": "/there"}, None)],
        "/there": [(200, {}, {})],
    }
    page = browser.new_page()
    with scripted(paths) as elsewhere:
        page.goto(f"{elsewhere.address}/")
        seen = page.evaluate(
            """async ([script, url]) => {
                const { Homeroom, Redirected } = await import(script);
                const fault = await new Homeroom(url).root().catch((fault) => fault);
                return [fault instanceof Redirected, fault.message];
            }""",
            [script, f"{elsewhere.address}/school/"],
        )
    page.close()

    there = "redirects to another address: begin there, if you trust it"
    assert seen == [True, f"{elsewhere.address}/school/ {there}"]


def unpacked(facts):
    """The facts, with the students of the archive instead of its bytes."""
    with zipfile.ZipFile(io.BytesIO(bytes(facts.pop("archive")))) as archive:
        users = csv.DictReader(io.TextIOWrapper(archive.open("users.csv"), "utf-8"))
        found = sorted(each["givenName"] for each in users if each["role"] == "student")
    return facts | {"students": found}


def _name():
    return f"flow-{secrets.token_hex(4)}"
