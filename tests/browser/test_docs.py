import secrets

import pytest

from tests.browser.chromium import visiting

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def token(server):
    """The token of somebody who has just signed up."""
    account = {"username": f"reader-{secrets.token_hex(4)}", "password": "correct horse"}
    assert server.post("/v1/users", json=account).status_code == 201
    return server.post("/v1/tokens", json=account).json()["token"]


def test_the_documentation_is_tried_out_with_a_token_and_without_another_host(visit, token):
    page = visit.page
    page.goto(f"{visit.base}/docs")
    page.wait_for_selector("#operations-account-get_me")

    page.click(".auth-wrapper .authorize")
    page.fill("#auth-bearer-value", token)
    page.click(".auth-container:has(#auth-bearer-value) button.authorize")
    page.click(".auth-container:has(.auth-btn-wrapper) .btn-done >> nth=0")
    page.click("#operations-account-get_me .opblock-summary-control")
    page.click("#operations-account-get_me .execute")
    status = page.text_content("#operations-account-get_me .live-responses-table .response td")

    assert status.startswith("200")
    assert visit.complaints == []
    assert visit.strays == []


def test_a_refusal_is_shown_as_the_problem_that_it_is(visit):
    page = visit.page
    page.goto(f"{visit.base}/docs")
    page.click("#operations-account-get_me .opblock-summary-control")

    page.click("#operations-account-get_me .execute")
    shown = page.text_content("#operations-account-get_me .live-responses-table .response")

    assert "authentication-required" in shown
    assert "application/problem+json" in shown
    assert visit.strays == []


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves_for_who_asked_for_less_motion(browser, server, motion):
    base = str(server.base_url).rstrip("/")
    with visiting(browser, base, reduced_motion=motion) as visit:
        visit.page.goto(f"{base}/docs")
        visit.page.wait_for_selector(".authorize")
        seconds = visit.page.eval_on_selector(
            ".authorize", "button => getComputedStyle(button).transitionDuration"
        )

    assert (seconds == "0s") == (motion == "reduce")


def test_every_operation_of_the_document_is_on_the_page(visit, server):
    document = server.get("/openapi.json").json()
    wanted = {
        f"operations-{operation['tags'][0]}-{operation['operationId']}"
        for methods in document["paths"].values()
        for operation in methods.values()
    }

    visit.page.goto(f"{visit.base}/docs")
    visit.page.wait_for_selector("#operations-account-get_me")
    shown = visit.page.eval_on_selector_all(".opblock", "found => found.map(each => each.id)")

    assert set(shown) == wanted
    assert visit.complaints == []


@pytest.mark.parametrize("path", ["/", "/problems/class-full", "/rels/register"])
def test_a_page_of_links_shows_its_style_and_breaks_no_rule_of_its_own(visit, path):
    visit.page.goto(f"{visit.base}{path}")

    assert visit.page.inner_text("h1")
    assert visit.page.eval_on_selector("body", "body => getComputedStyle(body).maxWidth") != "none"
    assert visit.complaints == []
    assert visit.strays == []
