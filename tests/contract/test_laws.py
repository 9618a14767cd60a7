import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest
from marshmallow import fields

import api
from api.authz.policy import Action
from api.authz.scopes import Scope
from api.errors import Refusal, every_refusal
from api.http.openapi_refusals import refusals_of
from api.schemas.rels import MEANINGS

ROOT = Path(api.__file__).parent
UNDESCRIBED = {"healthz", "readyz", "metrics", "docs_start", "code_on_demand"}
"""Routes without an operation: for operators, and the files of documentation and client."""
WHOLE = {
    "list_class_events": "a ledger in the order of its seq, read on by `after`",
    "get_class_waitlist": "a line, whose places are numbered",
    "list_registration_transitions": "a history of few changes, oldest first",
}
"""Lists in an order of their own, which is total."""

KINDS = {"Representation", "Parameters"}
"""Classes that say what a schema is; every schema has one of them above it."""


def modules():
    found = pkgutil.walk_packages(api.__path__, "api.")
    return [importlib.import_module(each.name) for each in found if "__main__" not in each.name]


def test_every_route_has_an_operation(served):
    without = [
        rule.rule
        for rule in served.url_map.iter_rules()
        if not hasattr(served.view_functions[rule.endpoint], "view_class")
        and rule.endpoint not in UNDESCRIBED
        and not rule.endpoint.startswith("flasgger.")
    ]

    assert without == []


def test_every_operation_declares_an_action_and_a_tag_that_has_scopes(targets):
    scopes = set(Scope)

    for name, target in targets.items():
        assert isinstance(target.served.action, Action), name
        if target.served.access != "public":
            assert {f"{target.served.tag}:read", f"{target.served.tag}:write"} <= scopes, name


def test_every_operation_raises_refusals_and_names_only_those_of_its_own(targets):
    for name, target in targets.items():
        raised = target.served.raises
        assert all(issubclass(each, Refusal) for each in raised), name
        assert len(set(raised)) == len(raised), name
        assert all(hasattr(each, "code") for each in refusals_of(target)), name


@pytest.mark.parametrize("refusal", list(every_refusal()), ids=lambda refusal: refusal.code)
def test_every_refusal_has_a_code_a_cause_and_a_cure(refusal):
    assert re.fullmatch("[a-z]+(-[a-z]+)*", refusal.code)
    assert refusal.title
    assert not refusal.title.endswith(".")
    assert inspect.getdoc(refusal).endswith(".")
    assert refusal.cure.endswith(".")


def test_no_code_stands_for_two_refusals():
    codes = [refusal.code for refusal in every_refusal()]

    assert len(set(codes)) == len(codes)


def test_every_relation_that_is_used_has_words_and_every_word_is_used(served):
    discovery = served.extensions["homeroom"].discovery

    assert discovery.relations() == set(MEANINGS)


def test_every_link_leads_to_an_operation_with_what_fills_its_path(targets):
    for target in targets.values():
        kind = target.served.returns
        rels = [*target.served.rels, *(kind.rels if kind else ())]
        for rel in rels:
            assert rel.operation in targets, rel
            assert set(rel.path) <= set(re.findall(r"{(\w+)}", targets[rel.operation].template))


def test_every_list_is_in_a_total_order_of_values_that_are_always_there(targets):
    lists = {name for name, target in targets.items() if target.served.listing is not None}
    named = {name for name in targets if name.startswith("list_")}

    assert named - lists <= set(WHOLE)
    for name in lists - set(WHOLE):
        listing = targets[name].served.listing
        assert stored(listing.tiebreak).primary_key, name
        for sort, key in listing.sorts.items():
            assert not stored(key).nullable, (name, sort)
        assert set(listing.default_sort.replace("-", "").split(",")) <= set(listing.sorts), name


def stored(column):
    """The column of the table behind an attribute or a column."""
    found = getattr(column, "property", None)
    return column if found is None else found.columns[0]


def test_whoever_may_ask_for_a_dry_run_gets_one(targets):
    asked = {
        name
        for name, target in targets.items()
        if target.served.query and "dry_run" in target.served.query().fields
    }

    assert asked == {name for name, target in targets.items() if target.served.dry_run}


def test_lists_have_names_of_their_own(targets):
    listings = {target.served.listing for target in targets.values()} - {None}

    assert len({listing.name for listing in listings}) == len(listings)


def test_every_member_of_every_schema_is_described(targets):
    kinds = {target.served.body for target in targets.values()}
    kinds |= {target.served.query for target in targets.values()}
    kinds |= {target.served.returns.schema for target in targets.values() if target.served.returns}
    listings = {target.served.listing for target in targets.values()} - {None}
    kinds |= {listing.schema for listing in listings}

    bare = [
        f"{kind.__name__}.{name}"
        for kind in nested_in(kinds - {None})
        for name, member in kind().fields.items()
        if not member.metadata.get("description")
    ]

    assert bare == []


def nested_in(kinds):
    """The schema classes and all that are parts of them."""
    found, waiting = set(), list(kinds)
    while waiting:
        kind = waiting.pop()
        if kind not in found:
            found.add(kind)
            for member in kind().fields.values():
                inner = member.inner if isinstance(member, fields.List) else member
                if isinstance(inner, fields.Nested):
                    waiting.append(type(inner.schema))
    return found


def test_the_decorator_of_operations_is_no_longer_than_a_hundred_and_twenty_lines():
    assert len((ROOT / "http" / "operation.py").read_text().splitlines()) <= 120


def test_a_method_of_a_resource_has_at_most_three_statements():
    long = [
        f"{file.name}: {method.name} has {len(method.body)}"
        for file in (ROOT / "resources").glob("*.py")
        for method in ast.walk(ast.parse(file.read_text()))
        if isinstance(method, ast.FunctionDef)
        and any("operation" in ast.unparse(each) for each in method.decorator_list)
        and len(method.body) > 3
    ]

    assert long == []


def test_a_class_of_ours_inherits_from_ours_at_one_level():
    deep = set()
    for module in modules():
        for name, kind in inspect.getmembers(module, inspect.isclass):
            if not kind.__module__.startswith("api.") or issubclass(kind, Refusal):
                continue
            ours = [each for each in kind.__mro__[1:] if each.__module__.startswith("api.")]
            if len([each for each in ours if each.__name__ not in KINDS]) > 1:
                deep.add(f"{kind.__module__}.{name}")

    assert deep == set()


def test_a_form_of_an_explorer_is_filled_in_with_nothing_that_may_be_left_out(document):
    shared = document["components"]["parameters"]
    operations = [each for methods in document["paths"].values() for each in methods.values()]
    taken = [each for operation in operations for each in operation.get("parameters", ())]
    resolved = [
        shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in taken
    ]

    # Swagger UI sends an example as if it had been typed; a condition of another version refuses.
    assert [
        each["name"]
        for each in resolved
        if not each["required"] and ("example" in each or "example" in each["schema"])
    ] == []
