"""Whoever opens the page of a problem or of a relation reads what it means and what to do now."""

import re

import pytest

from api.errors import every_refusal
from api.schemas.rels import MEANINGS

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="session")
def reader(served):
    """A client of the application; these pages need no database."""
    return served.test_client()


def words(text):
    return re.findall(r"[A-Za-z-]+", text)


@pytest.mark.parametrize("code", sorted({refusal.code for refusal in every_refusal()}))
def test_the_page_of_a_problem_says_its_cause_and_its_cure(reader, code):
    told = reader.get(f"/problems/{code}").json
    page = reader.get(f"/problems/{code}", headers=HTML).text

    assert [re.sub("<[^>]+>", "", each) for each in re.findall("<h2>.*</h2>", page)] == [
        "Cause",
        "Cure",
    ]
    # A sentence each, of more than the title says, and not the same one twice.
    assert len(words(told["cause"])) >= 4
    assert len(words(told["cure"])) >= 4
    assert len({told["title"], told["cause"].rstrip("."), told["cure"].rstrip(".")}) == 3
    assert f"status\n{told['status']}" in page


@pytest.mark.parametrize("name", sorted(MEANINGS))
def test_the_page_of_a_relation_says_what_it_does_and_who_may(reader, name):
    told = reader.get(f"/rels/{name}").json
    page = reader.get(f"/rels/{name}", headers=HTML).text

    assert len(words(told["meaning"])) >= 2
    assert [call["operation"] for call in told["calls"]] == told["operations"]
    for call in told["calls"]:
        assert call["summary"]
        assert call["access"].startswith(("Open to", "Needs a token"))
        assert f"{call['method']} {call['path']}" in page
        assert call["operation"] in page


def test_the_page_of_a_relation_says_what_to_send(reader):
    drop = reader.get("/rels/drop").json["calls"]
    edit = {call["operation"]: call["sends"] for call in reader.get("/rels/edit").json["calls"]}
    create = {call["operation"]: call["sends"] for call in reader.get("/rels/create").json["calls"]}

    assert drop[0]["sends"].startswith('`application/json`: `to`: `"dropped"`; if you like ')
    assert edit["update_class"].startswith(
        "`application/merge-patch+json` with the `ETag` that was read as `If-Match`: if you like "
    )
    assert create["create_class"].startswith("`application/json`: `title`; if you like ")


def test_what_to_send_names_the_members_that_the_document_requires(reader, document):
    operations = {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
    }
    schemas = document["components"]["schemas"]

    for name in sorted(MEANINGS):
        for call in reader.get(f"/rels/{name}").json["calls"]:
            content = operations[call["operation"]].get("requestBody", {}).get("content", {})
            if not content:
                assert call["sends"].startswith("Nothing")
                continue
            schema = next(iter(content.values()))["schema"]
            members = schemas[schema["$ref"].rpartition("/")[2]]
            assert {
                each for each in members.get("required", ()) if f"`{each}`" not in call["sends"]
            } == set()
            assert {
                each for each in members["properties"] if f"`{each}`" not in call["sends"]
            } == set()
