import re
from collections import Counter

import pytest
from openapi_spec_validator import validate

from api.http.openapi import TAGS
from api.http.openapi_refusals import refusals_of, takes_key
from api.http.problems import status_of

FILES = {"get_job_result"}
"""Operations that answer a file, which is no JSON."""
METHODS = {"get", "post", "patch", "put", "delete"}


@pytest.fixture(scope="session")
def operations(document):
    """Every operation of the document by its operationId."""
    return {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
    }


def objects(value, place="#"):
    """Every object below a JSON value, with where it is."""
    if isinstance(value, dict):
        yield place, value
        for name, below in value.items():
            yield from objects(below, f"{place}/{name}")
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from objects(below, f"{place}/{index}")


def test_the_document_is_valid_openapi(document):
    validate(document)

    assert document["openapi"] == "3.0.3"
    assert document["servers"] == [{"url": "/"}]


def test_every_operation_that_serves_is_in_the_document_and_no_other(operations, targets, document):
    methods = [name for path in document["paths"].values() for name in path]

    assert set(operations) == set(targets)
    assert len(methods) == len(operations)
    assert set(methods) <= METHODS


def test_every_operation_is_named_verb_noun_and_has_one_tag_and_words(operations):
    verbs = "list|create|get|update|replace|delete|upsert"

    for name, operation in operations.items():
        assert re.fullmatch(rf"({verbs})_[a-z]+(_[a-z]+)*", name)
        assert len(operation["tags"]) == 1
        assert set(operation["tags"]) <= set(TAGS)
        assert operation["summary"]
        assert not operation["summary"].endswith(".")
        assert len(operation["description"]) > 20


def test_whatever_has_a_name_is_described(document):
    schemas = document["components"]["schemas"]
    bare = [name for name, schema in schemas.items() if not schema.get("description")]
    bare += [
        f"{place}/{name}"
        for place, schema in objects(schemas)
        for name, member in schema.get("properties", {}).items()
        if place.count("/") == 1 and not member.get("description") and "$ref" not in member
    ]
    bare += [
        f"{name} {parameter['name']}"
        for path in document["paths"].values()
        for name, operation in path.items()
        for parameter in operation["parameters"]
        if "$ref" not in parameter and not parameter["description"]
    ]

    assert bare == []


def test_every_object_has_a_name(document):
    inline = [
        place
        for place, schema in objects(document["paths"])
        if schema.get("type") == "object" or "properties" in schema
    ]
    inline += [
        place
        for place, schema in objects(document["components"]["schemas"])
        if isinstance(schema.get("properties"), dict) and place.count("/") > 1
    ]

    assert inline == []


def test_every_reference_leads_somewhere_and_everything_shared_is_used(document):
    used = {found["$ref"] for _, found in objects(document) if isinstance(found.get("$ref"), str)}
    named = {
        f"#/components/{kind}/{name}"
        for kind, components in document["components"].items()
        if kind != "securitySchemes"
        for name in components
    }

    assert used <= named
    # A form of a problem is shown for every code there is.
    assert {name for name in named - used if "/examples/" not in name} == set()


def test_parameters_stand_on_the_operation_with_those_of_the_path_first(document):
    for path, methods in document["paths"].items():
        assert set(methods) <= METHODS
        variables = re.findall(r"{(\w+)}", path)
        for operation in methods.values():
            names = [parameter.get("name") for parameter in operation["parameters"]]
            assert names[: len(variables)] == variables


def test_no_parameter_is_there_twice(operations, document):
    shared = document["components"]["parameters"]

    for name, operation in operations.items():
        found = Counter(
            (each["in"], each["name"])
            for parameter in operation["parameters"]
            for each in [shared.get(parameter.get("$ref", "").rpartition("/")[2], parameter)]
        )
        assert max(found.values(), default=1) == 1, name


def test_every_refusal_of_an_operation_stands_at_its_status(operations, targets, document):
    shared = document["components"]["responses"]

    for name, target in targets.items():
        for refusal in refusals_of(target):
            response = operations[name]["responses"][str(int(status_of(refusal)))]
            response = shared.get(response.get("$ref", "").rpartition("/")[2], response)
            assert refusal.code in response["content"]["application/problem+json"]["examples"]
            assert f"`{refusal.code}`" in response["description"]


def test_an_answer_has_one_json_media_type_and_any_other_refusal_is_a_problem(operations):
    for operation in operations.values():
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
        for status, response in operation["responses"].items():
            types = [each for each in response.get("content", {}) if each.endswith("json")]
            assert len(types) <= 1
            if status.startswith("2") and status != "204":
                name = operation["operationId"]
                file = [] if name not in FILES else ["application/zip"]
                assert types or list(response["content"]) == file, f"{name} {status}"


def test_the_lowest_success_is_what_an_operation_answers_by_itself(operations, targets):
    # Generators take it for the type of the method; a dry run must not stand before it.
    for name, target in targets.items():
        successes = [each for each in operations[name]["responses"] if each.startswith("2")]
        assert min(successes) == str(int(target.served.status)), name


def test_no_schema_is_called_as_the_constructor_of_another(document):
    # In Go the constructor of Member is NewMember, in the same package.
    names = set(document["components"]["schemas"])

    assert not {name for name in names if name.removeprefix("New") in names - {name}}


def test_a_patch_takes_the_merge_patch_first_and_may_be_told_to_say_little(document):
    patches = [methods["patch"] for methods in document["paths"].values() if "patch" in methods]

    assert patches
    for operation in patches:
        assert list(operation["requestBody"]["content"]) == [
            "application/merge-patch+json",
            "application/json-patch+json",
        ]
        assert {"$ref": "#/components/parameters/Prefer"} in operation["parameters"]


def test_every_operation_says_who_may_come(operations, targets):
    for name, operation in operations.items():
        access = targets[name].served.access
        assert ({"bearer": []} in operation["security"]) == (access != "public")
        if access != "public":
            verb = "read" if targets[name].method == "GET" else "write"
            assert f"`{targets[name].served.tag}:{verb}`" in operation["description"]


def test_every_operation_says_in_words_of_its_own_what_it_does(operations, targets):
    """What it does, who may, what it needs; and of a change, what becomes of others."""
    for name, operation in operations.items():
        served, method = targets[name].served, targets[name].method
        paragraphs = operation["description"].split("\n\n")
        assert len(paragraphs[0]) > 40, name
        assert paragraphs[0] != operation["summary"], name
        assert re.match("Needs a token|Open to everybody", paragraphs[1]), name
        assert all(paragraph.endswith(".") for paragraph in paragraphs), name
        assert ("`dry_run=true`" in operation["description"]) == served.dry_run, name
        if method != "GET":
            # A change has a sentence that no rule could make: its consequences.
            assert paragraphs[0] == served.description, name
            is_ignored = "`Idempotency-Key` is ignored" in operation["description"]
            assert is_ignored is not takes_key(targets[name]), name


def test_no_two_changes_of_different_things_are_described_alike(operations):
    shared = Counter(
        operation["description"].split("\n\n")[0]
        for name, operation in operations.items()
        if not name.startswith(("get_", "list_"))
    )

    # Three doors to one use-case, PATCH and PUT of one thing, PUT by the id of another system.
    assert max(shared.values()) <= 4
