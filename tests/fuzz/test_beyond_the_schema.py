"""The table of what is refused beyond the schema excuses no more than it says."""

import json
import re
from pathlib import Path

import pytest

from tests.fuzz.beyond_the_schema import REASONS, unexplained

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"


def a_problem(code, pointer):
    return {"code": "validation-failed", "errors": [{"code": code, "pointer": pointer}]}


@pytest.mark.parametrize(
    ("code", "pointer", "belongs", "elsewhere"),
    [
        ("not-found", "#/code", "create_invitation_acceptance", "create_course"),
        ("required", "#/title", "upsert_course", "create_course"),
        ("unknown-member", "#/", "update_user", "create_course"),
        ("not-a-choice", "#/timezone", "create_organization", "update_user"),
    ],
)
def test_a_refusal_is_excused_only_where_it_belongs(code, pointer, belongs, elsewhere):
    assert unexplained(belongs, a_problem(code, pointer)) == []
    assert unexplained(elsewhere, a_problem(code, pointer)) == [(code, pointer)]


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: f"{reason.code} {reason.place}")
def test_every_reason_is_of_an_operation_that_the_document_has(reason):
    paths = json.loads(DOCUMENT.read_text())["paths"].values()
    names = [operation["operationId"] for methods in paths for operation in methods.values()]

    assert [name for name in names if re.fullmatch(reason.operations, name)] != []
