import re

import pytest

HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
BASE = "https://homeroom.test"
PUBLIC = ["/", "/v1", "/.well-known/api-catalog", "/problems/class-full", "/rels/edit"]
FILES = ["/openapi.json", "/docs", "/docs/start.js", "/client.js"]


def test_the_root_links_to_everything_that_needs_no_id(nobody):
    links = nobody.get("/").json["_links"]

    assert {name: link["href"] for name, link in links.items()} == {
        "self": f"{BASE}/",
        "v1": f"{BASE}/v1",
        "users": f"{BASE}/v1/users",
        "token": f"{BASE}/v1/tokens",
        "tokens": f"{BASE}/v1/tokens",
        "me": f"{BASE}/v1/me",
        "accept-invitation": f"{BASE}/v1/invitation-acceptances",
        "organizations": f"{BASE}/v1/organizations",
        "api-catalog": f"{BASE}/.well-known/api-catalog",
        "service-desc": f"{BASE}/openapi.json",
        "service-doc": f"{BASE}/docs",
        "status": f"{BASE}/readyz",
        "code-on-demand": f"{BASE}/client.js",
    }
    assert {name: link["method"] for name, link in links.items() if "method" in link} == {
        "users": "POST",
        "token": "POST",
        "accept-invitation": "POST",
    }


def test_the_root_says_its_links_in_a_header_too_and_its_own_by_their_address(nobody):
    root = nobody.get("/")

    found = re.findall(r'<([^>]+)>; rel="([^"]+)"', root.headers["Link"])
    said = {rel: href for href, rel in found}

    own = {"v1", "users", "token", "tokens", "me", "accept-invitation", "organizations"}
    own.add("code-on-demand")
    assert {rel.removeprefix(f"{BASE}/rels/"): href for rel, href in said.items()} == {
        name: link["href"] for name, link in root.json["_links"].items()
    }
    assert {rel for rel in said if rel.startswith(BASE)} == {f"{BASE}/rels/{name}" for name in own}


def test_a_browser_gets_a_page_of_the_same_links_without_a_script(nobody):
    page = nobody.get("/", headers={"Accept": HTML})

    assert page.content_type == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert all(link["href"] in page.text for link in nobody.get("/").json["_links"].values())
    assert "curl" in page.text


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html;q=0.5, */*", None])
def test_who_does_not_prefer_html_gets_json(nobody, accept):
    headers = {} if accept is None else {"Accept": accept}

    assert nobody.get("/", headers=headers).content_type == "application/json"


def test_the_version_root_leads_on_with_templates_where_a_query_helps(school):
    root = school.owner.get("/v1").json
    links = root["_links"]

    assert {"organizations", "users", "tokens", "me"} <= set(links)
    assert links["organizations"]["templated"] is True
    plain = {name: link["href"].partition("{")[0] for name, link in links.items()}
    assert school.owner.get(plain["me"]).status_code == 200
    assert school.owner.get(plain["organizations"]).status_code == 200
    assert school.owner.get(plain["tokens"]).status_code == 200


def test_the_catalogue_is_a_linkset_that_names_document_and_documentation(nobody):
    catalog = nobody.get("/.well-known/api-catalog")

    assert catalog.content_type == "application/linkset+json"
    host, version = catalog.json["linkset"]
    assert host["item"] == [{"href": version["anchor"]}]
    assert version["service-desc"][0]["href"] == f"{BASE}/openapi.json"
    assert version["service-doc"][0]["href"] == f"{BASE}/docs"


@pytest.mark.parametrize("path", [*PUBLIC, *FILES])
def test_whatever_is_public_has_a_head_and_may_be_kept_by_everybody(nobody, path):
    seen, head = nobody.get(path), nobody.client.head(path)

    assert (head.status_code, head.data) == (200, b"")
    ignored = {"X-Request-Id", "Date"}
    assert [h for h in head.headers if h[0] not in ignored] == [
        h for h in seen.headers if h[0] not in ignored
    ]
    assert seen.headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize("path", [*PUBLIC, "/openapi.json", "/docs", "/client.js"])
def test_a_public_document_that_is_known_is_not_sent_again(nobody, path):
    seen = nobody.get(path)

    again = nobody.get(path, headers={"If-None-Match": seen.headers["ETag"]})

    assert (again.status_code, again.data) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary"):
        assert again.headers[name] == seen.headers[name]


def test_a_public_document_has_one_tag_for_each_coding(nobody):
    plain = nobody.get("/openapi.json")

    coded = nobody.get("/openapi.json", headers={"Accept-Encoding": "gzip"})

    assert coded.headers["Content-Encoding"] == "gzip"
    assert coded.headers["ETag"] == plain.headers["ETag"][:-1] + ':gzip"'
    assert len(coded.data) < len(plain.data) / 4


@pytest.mark.parametrize("path", PUBLIC)
def test_a_public_document_refuses_what_it_does_not_know(nobody, path):
    assert nobody.get(f"{path}?lang=en").json["code"] == "unknown-parameter"
    assert nobody.get(path, headers={"Accept": "image/png"}).json["code"] == "not-acceptable"


def test_a_code_and_its_page_say_the_same(nobody):
    meaning = nobody.get("/problems/stale-version").json
    page = nobody.get("/problems/stale-version", headers={"Accept": HTML})

    assert meaning["status"] == 412
    assert meaning["title"] in page.text
    assert "<code>If-Match</code> names another version" in page.text
    assert "If-Match" in meaning["cause"]
    assert "ETag" in meaning["cure"]


def test_a_relation_says_where_it_leads_and_whether_it_is_an_action(nobody):
    edit = nobody.get("/rels/edit").json

    assert edit["is_action"] is True
    assert edit["is_registered"] is True
    assert "update_organization" in edit["operations"]
    assert "update_organization" in nobody.get("/rels/edit", headers={"Accept": HTML}).text


@pytest.mark.parametrize("path", ["/problems/no-such-code", "/rels/no-such-relation", "/v1/"])
def test_an_unknown_page_is_a_problem(nobody, path):
    refused = nobody.get(path, headers={"Accept": HTML})

    assert (refused.status_code, refused.json["code"]) == (404, "not-found")


@pytest.mark.parametrize("path", ["/", "/problems/class-full", "/rels/edit"])
def test_a_page_may_load_nothing_and_run_nothing(nobody, path):
    page = nobody.get(path, headers={"Accept": HTML})

    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "script-src" not in policy


def test_the_documentation_may_load_nothing_from_elsewhere(nobody):
    policy = nobody.get("/docs").headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "http" not in policy


def test_the_files_of_the_documentation_come_from_this_machine_and_may_be_kept(nobody):
    with nobody.get("/docs/assets/swagger-ui-bundle.js", buffered=True) as bundle:
        assert bundle.status_code == 200
        assert bundle.headers["Cache-Control"] == "public, max-age=300"
        assert len(bundle.data) > 1_000_000


def test_what_swagger_ui_has_besides_its_page_is_there(nobody):
    back = nobody.get("/docs/oauth2-redirect.html")
    moved = nobody.get("/apidocs/index.html")

    assert (back.status_code, "oauth2" in back.text) == (200, True)
    assert (moved.status_code, moved.headers["Location"]) == (302, "/docs")


def test_an_empty_if_none_match_is_refused_here_as_everywhere(nobody):
    answers = {path: nobody.get(path, headers={"If-None-Match": ""}) for path in ("/", "/v1")}

    assert {path: answer.status_code for path, answer in answers.items()} == {"/": 400, "/v1": 400}
    assert answers["/"].json["code"] == "invalid-header"
