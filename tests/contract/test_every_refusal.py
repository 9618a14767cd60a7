import inspect

import pytest

from api.errors import every_refusal
from tests.contract.scenarios import SCENARIOS, Scene

BASE = "https://homeroom.test"
REFUSALS = {refusal.code: refusal for refusal in every_refusal()}
USUAL = {"type", "title", "status", "detail", "instance", "code", "request_id"}


@pytest.fixture
def scene(school, nobody, http_clock, tmp_path, database_url):
    return Scene(school, nobody, http_clock, tmp_path, database_url)


def test_every_code_is_brought_about():
    assert set(SCENARIOS) == set(REFUSALS)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True, scope="session")
@pytest.mark.parametrize("code", sorted(SCENARIOS))
def test_a_refusal_is_the_problem_that_its_page_explains(scene, code):
    scenario = SCENARIOS[code]
    refusal = REFUSALS[scenario.behind or code]

    refused = scenario.act(scene)
    problem = refused.json

    assert (refused.status_code, problem["status"]) == (scenario.status, scenario.status)
    assert problem["code"] == refusal.code
    assert code in [problem["code"], *(block["code"] for block in problem.get("blocks", []))]
    assert refused.content_type == "application/problem+json"
    assert refused.headers["Cache-Control"] == "no-store"
    assert problem["type"] == f"{BASE}/problems/{refusal.code}"
    assert problem["title"] == refusal.title
    assert problem["instance"].startswith("urn:uuid:")
    assert problem["request_id"] == refused.headers["X-Request-Id"]
    assert set(problem) - USUAL == scenario.members
    assert "secret" not in refused.text
    page = scene.nobody.get(f"{BASE}/problems/{code}").json
    assert (page["code"], page["status"]) == (code, scenario.status)
    assert page["cause"] == " ".join(inspect.getdoc(REFUSALS[code]).split("\n\n")[0].split())
    assert page["cure"] == REFUSALS[code].cure


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True, scope="session")
@pytest.mark.parametrize("code", ["rate-limited", "upstream-unavailable"])
def test_who_must_wait_is_told_how_long(scene, code):
    refused = SCENARIOS[code].act(scene)

    assert int(refused.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True, scope="session")
@pytest.mark.parametrize(
    ("code", "challenge"),
    [
        ("authentication-required", 'Bearer realm="homeroom"'),
        ("invalid-token", 'Bearer realm="homeroom", error="invalid_token"'),
        ("insufficient-scope", 'Bearer realm="homeroom", error="insufficient_scope", '),
    ],
)
def test_who_is_not_let_in_is_told_how_to_knock(scene, code, challenge):
    refused = SCENARIOS[code].act(scene)

    assert refused.headers["WWW-Authenticate"].startswith(challenge)
