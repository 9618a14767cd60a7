import subprocess
import sys
from pathlib import Path

import pytest
from openapi_schema_validator import OAS31Validator

from api.errors import every_refusal
from api.http.problems import status_of
from tests.contract.scenarios import SCENARIOS
from tests.contract.validating import strict

ROOT = Path(__file__).parents[2]
REFUSALS = {refusal.code: refusal for refusal in every_refusal()}


def contents(document):
    """Every body of an operation that it takes or answers when all is well, by its place."""
    for methods in document["paths"].values():
        for operation in methods.values():
            name = operation["operationId"]
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
                yield f"{name} {media_type}", content
            for status, response in operation["responses"].items():
                for media_type, content in response.get("content", {}).items():
                    # The bytes of a file would tell a reader nothing.
                    if status.startswith("2") and content["schema"].get("format") != "binary":
                        yield f"{name} {status} {media_type}", content


def faults(schema, schemas, value):
    """Why the value is not what the schema says, undocumented members included."""
    return [fault.message for fault in OAS31Validator(strict(schema, schemas)).iter_errors(value)]


def test_every_body_that_is_taken_or_answered_has_an_example(document):
    without = [place for place, content in contents(document) if not content.get("examples")]

    assert without == []


def test_every_example_is_what_its_schema_says(document):
    schemas = document["components"]["schemas"]
    wrong = {
        f"{place} {variant}": found
        for place, content in contents(document)
        for variant, example in content["examples"].items()
        if (found := faults(content["schema"], schemas, example["value"]))
    }

    assert wrong == {}


def test_a_page_is_shown_as_a_browser_gets_it(document):
    pages = [content for place, content in contents(document) if place.endswith(" text/html")]

    assert len(pages) == 3
    for content in pages:
        assert list(content["examples"]) == ["page"]
        assert content["examples"]["page"]["value"].startswith("<!DOCTYPE html>")


def test_an_operation_that_may_be_tried_shows_what_that_answers(document, targets):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if targets[operation["operationId"]].served.dry_run:
                responses = operation["responses"]
                told = responses.get("2XX", responses.get("200"))
                shown = told["content"]["application/json"]["examples"]
                assert "would" in shown["dry-run"]["value"], f"{method} {path}"


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_every_refusal_has_an_example_that_was_answered(document, code):
    schemas = document["components"]["schemas"]
    problem = document["components"]["examples"][code]["value"]

    assert faults(schemas["Problem"], schemas, problem) == []
    assert problem["status"] == int(status_of(REFUSALS[code]))
    # A reason that is never the most relevant one is shown where it stands: behind another.
    assert problem["code"] == (SCENARIOS[code].behind or code)
    assert code in [problem["code"], *(block["code"] for block in problem.get("blocks", []))]


def test_no_example_holds_a_secret_that_opens_anything(document):
    shown = [
        example["value"]
        for _, content in contents(document)
        for example in content["examples"].values()
        if isinstance(example["value"], dict)
    ]
    secrets = [body[name] for body in shown for name in ("token", "code") if name in body]
    handed_out = [secret for secret in secrets if secret.startswith(("hr_", "hri_"))]

    assert len(handed_out) == 3
    assert all("0" * 30 in secret for secret in handed_out)


def test_a_new_recording_is_the_same_byte_for_byte():
    again = subprocess.run(
        [sys.executable, "-m", "tests.recording", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert again.returncode == 0, again.stdout + again.stderr
