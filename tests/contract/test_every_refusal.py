import inspect

import pytest

from api.app import create_app
from api.errors import every_refusal
from tests.apps import Client, a_school, settings_for
from tests.contract.scenarios import SCENARIOS, UNKNOWN, Scene
from tests.contract.validating import NOT_DESCRIBED, Contract, ContractBroken

BASE = "https://homeroom.test"
REFUSALS = {refusal.code: refusal for refusal in every_refusal()}
USUAL = {"type", "title", "status", "detail", "instance", "code", "request_id"}
OF_EVERY_ANSWER = {
    *("x-request-id", "cache-control", "vary"),
    *("x-content-type-options", "content-security-policy", "referrer-policy"),
}
RATE = {"ratelimit", "ratelimit-policy"}
FIELDS = {
    "malformed-json": RATE,
    "authentication-required": {"www-authenticate"},
    "invalid-credentials": {"www-authenticate", *RATE},
    "forbidden": RATE,
    "insufficient-scope": {"www-authenticate", *RATE},
    "not-found": RATE,
    "method-not-allowed": {"allow"},
    "not-acceptable": RATE,
    "class-full": RATE,
    "version-sunset": {"deprecation", "sunset", "link"},
    "stale-version": {"etag", *RATE},
    "body-too-large": set(),
    "uri-too-long": set(),
    "unsupported-media-type": {"accept", *RATE},
    "validation-failed": RATE,
    "precondition-required": RATE,
    "rate-limited": {"retry-after", *RATE},
    "headers-too-large": set(),
    "internal-error": set(),
    "upstream-unavailable": {"retry-after"},
}
"""A code of every status, with the header fields that such a refusal has beside the usual."""


@pytest.fixture(scope="session")
def limited(database_url, app_clock):
    """The application as it is by default: with limits, of which every answer tells."""
    limits = {"HOMEROOM_RATE_LIMIT": "600/minute", "HOMEROOM_REGISTRATION_RATE_LIMIT": "60/minute"}
    app = create_app(settings_for(database_url, **limits), clock=app_clock)
    yield app
    app.extensions["homeroom"].database.close()


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


def test_every_status_has_its_header_fields_named():
    statuses = {scenario.status for scenario in SCENARIOS.values()}

    assert {SCENARIOS[code].status for code in FIELDS} == statuses


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True, scope="session")
@pytest.mark.parametrize("code", FIELDS)
def test_a_refusal_has_the_header_fields_that_the_document_tells(
    limited, http_clock, tmp_path, database_url, code
):
    nobody = Client(limited.test_client())
    scene = Scene(a_school(limited), nobody, http_clock, tmp_path, database_url)

    # What a client gets is held against the document wherever a test calls; here by name as well.
    refused = SCENARIOS[code].act(scene)
    served = {name.lower() for name, _ in refused.headers}
    always, _ = Contract.of(limited).headers_of(refused)

    unspoken = {name.lower() for name in NOT_DESCRIBED}
    assert served - unspoken == OF_EVERY_ANSWER | FIELDS[code]
    assert always >= OF_EVERY_ANSWER


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True, scope="session")
@pytest.mark.parametrize("path", ["/v1/me", "/v1/nowhere", f"/v1/classes/{UNKNOWN}"])
def test_a_header_field_that_lacks_or_is_not_told_breaks_the_contract(app, nobody, path):
    answer = nobody.get(path)
    del answer.headers["X-Request-Id"]
    answer.headers["X-Untold"] = "1"

    with pytest.raises(ContractBroken, match=r"lack: \['x-request-id'\].*told: \['x-untold'\]"):
        Contract.of(app).check(answer)
