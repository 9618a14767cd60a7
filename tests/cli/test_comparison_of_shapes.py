"""Schemas within schemas, compared in documents of one operation that takes and answers them."""

import pytest

from api.cli.comparison.breaks import breaks_of


def taking(schema):
    """A document of one operation that takes and answers this."""
    content = {"content": {"application/json": {"schema": schema}}}
    operation = {"operationId": "do", "requestBody": content, "responses": {"200": content}}
    return {"info": {"version": "1.0.0"}, "paths": {"/": {"post": operation}}}


def one_of(*types):
    return {"oneOf": [{"type": name} for name in types]}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (one_of("string", "integer"), one_of("integer", "string"), []),
        (
            one_of("string", "integer"),
            one_of("string", "array"),
            ["do body: shape 1 is gone", "do 200: shape 1 is new"],
        ),
        (
            {"description": "Anything."},
            one_of("string", "integer"),
            ["do body: became a choice of shapes", "do 200: became a choice of shapes"],
        ),
        ({"type": "object"}, {"type": "object", "additionalProperties": True}, []),
        (
            {"type": "object"},
            {"type": "object", "additionalProperties": False},
            ["do body: other members are no longer taken"],
        ),
        (
            {"type": "array", "items": {"type": "string"}},
            {"type": "array", "items": {"type": "integer"}},
            [f"do {side}[]: type string became integer" for side in ("body", "200")],
        ),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            {"type": "object", "additionalProperties": {"type": "integer"}},
            [f"do {side}.*: type string became integer" for side in ("body", "200")],
        ),
    ],
)
def test_shapes_within_shapes_are_compared(before, after, found):
    assert breaks_of(taking(before), taking(after)) == found


def test_a_schema_that_holds_itself_is_compared_once():
    def tree(kind):
        children = {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}
        members = {"kind": {"type": kind}, "children": children}
        document = taking({"$ref": "#/components/schemas/Tree"})
        return {**document, "components": {"schemas": {"Tree": {"properties": members}}}}

    found = breaks_of(tree("string"), tree("integer"))

    assert found == ["Tree.kind: type string became integer"]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"minLength": 1}, {"minLength": 2}, "minLength 1 became 2"),
        ({}, {"maxLength": 20}, "maxLength (none) became 20"),
        ({"minItems": 1}, {"minItems": 2}, "minItems 1 became 2"),
        ({"maxItems": 9}, {"maxItems": 8}, "maxItems 9 became 8"),
        ({}, {"minProperties": 1}, "minProperties (none) became 1"),
        ({"maxProperties": 9}, {"maxProperties": 8}, "maxProperties 9 became 8"),
        ({}, {"uniqueItems": True}, "uniqueItems (none) became True"),
        ({}, {"multipleOf": 10}, "multipleOf (none) became 10"),
        ({}, {"pattern": "^a"}, "pattern (none) became ^a"),
        ({"nullable": True}, {}, "null is no longer taken"),
    ],
)
def test_every_tighter_rule_for_input_breaks_who_sends_it(before, after, found):
    assert breaks_of(taking(before), taking(after)) == [f"do body: {found}"]
    back = breaks_of(taking(after), taking(before))
    assert not [broken for broken in back if broken.startswith("do body")]


NAMES = "^-?(name|size)(,-?(name|size)){0,1}$"


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (NAMES, []),
        ("^-?(age|name|size)(,-?(age|name|size)){0,2}$", []),
        ("^-?(name)(,-?(name)){0,0}$", ["do body: no longer takes size"]),
        ("^-?(name|size)(,-?(name|size)){0,0}$", ["do body: takes 1 at most now, and took 2"]),
        ("^name$", [f"do body: pattern {NAMES} became ^name$"]),
        (None, []),
    ],
)
def test_names_of_a_list_are_compared_one_by_one(after, found):
    later = {} if after is None else {"pattern": after}

    assert breaks_of(taking({"pattern": NAMES}), taking(later)) == found


def test_a_type_that_may_be_null_keeps_its_name_and_each_place_is_looked_at():
    def holding(name, *, second):
        part = {"allOf": [{"$ref": f"#/components/schemas/{name}"}]}
        members = {"one": {**part, "nullable": True}, "two": {**part, "nullable": second}}
        document = taking({"type": "object", "properties": members})
        return {**document, "components": {"schemas": {name: {"type": "object"}}}}

    before = holding("Part", second=True)

    assert breaks_of(before, holding("Part", second=False)) == [
        "do body.two: null is no longer taken"
    ]
    assert breaks_of(before, holding("Piece", second=True)) == ["Part: is called Piece now"]


def test_a_type_that_loses_its_name_is_named():
    before = taking({"$ref": "#/components/schemas/Part"})
    before["components"] = {"schemas": {"Part": {"type": "object"}}}

    assert breaks_of(before, taking({"type": "object"})) == ["Part: is called nothing now"]
