import copy

import pytest

from api.errors import FieldError, MalformedPatch, PatchFailed, PatchTestFailed, ValidationFailed
from api.http import patches
from api.http.negotiation import JSON, JSON_PATCH, MERGE_PATCH

CLASS = {
    "id": "cls_1",
    "title": "Algebra",
    "capacity": 30,
    "tags": ["a", "b"],
    "windows": {"opens_at": None, "closes_at": "x"},
    "version": 1,
    "_links": {"self": {"href": "/"}},
}
READ_ONLY = {"id", "version"}
EDITABLE = {
    name: value for name, value in CLASS.items() if name not in READ_ONLY and name != "_links"
}


def made_of(outcome, invalid=()):
    """The members that a patch leaves, unless it is refused."""
    outcome.refuse(invalid)
    return outcome.members


def merged(document, representation=CLASS, read_only=READ_ONLY):
    return made_of(patches.apply(MERGE_PATCH, document, representation, read_only=read_only))


def patched(*operations):
    return made_of(patches.apply(JSON_PATCH, list(operations), CLASS, read_only=READ_ONLY))


def pointers(refused):
    return [(fault.pointer, fault.code) for fault in refused.value.errors]


# RFC 7396, appendix A, the cases whose target and patch are objects.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_the_standard_shows(target, patch, result):
    assert merged(patch, target, ()) == result


def test_plain_json_is_a_merge_patch():
    outcome = patches.apply(JSON, {"title": "B"}, {"title": "A", "x": 1})

    assert made_of(outcome) == {"title": "B", "x": 1}


def test_a_merge_patch_leaves_only_members_that_can_be_written():
    assert merged({"capacity": None}) == {
        name: value for name, value in EDITABLE.items() if name != "capacity"
    }


@pytest.mark.parametrize("document", [{"version": 2}, {"id": None}, {"version": True}])
def test_a_merge_patch_that_changes_a_read_only_member_is_invalid(document):
    with pytest.raises(ValidationFailed) as refused:
        merged(document)

    [fault] = refused.value.errors
    assert fault.pointer == f"#/{next(iter(document))}"
    assert fault.code == "read-only"


def test_read_only_members_and_links_may_come_back_unchanged():
    sent = {name: value for name, value in CLASS.items() if name != "windows"}

    assert merged({**sent, "title": "B"}) == {**EDITABLE, "title": "B"}


def test_what_cannot_be_written_is_told_with_all_that_is_invalid():
    outcome = patches.apply(
        MERGE_PATCH, {"title": "", "version": 2, "id": "x"}, CLASS, read_only=READ_ONLY
    )
    too_short = FieldError(pointer="#/title", code="too-short", detail="Use 1 to 200 characters.")

    with pytest.raises(ValidationFailed) as refused:
        made_of(outcome, [too_short])

    assert outcome.members == {**EDITABLE, "title": ""}
    assert pointers(refused) == [
        ("#/version", "read-only"),
        ("#/id", "read-only"),
        ("#/title", "too-short"),
    ]


def test_what_is_invalid_is_no_fault_of_a_json_patch():
    outcome = patches.apply(JSON_PATCH, [], CLASS, read_only=READ_ONLY)

    with pytest.raises(ValidationFailed):
        made_of(outcome, [FieldError(pointer="#/title", code="too-short", detail="Short.")])


@pytest.mark.parametrize("document", [None, [], "x", 1])
def test_a_merge_patch_that_is_no_object_is_malformed(document):
    with pytest.raises(MalformedPatch):
        merged(document)


def test_the_operations_of_a_json_patch_apply_in_order():
    result = patched(
        {"op": "test", "path": "/title", "value": "Algebra"},
        {"op": "replace", "path": "/title", "value": "B"},
        {"op": "add", "path": "/tags/-", "value": "c"},
        {"op": "remove", "path": "/tags/0"},
        {"op": "copy", "from": "/windows/closes_at", "path": "/windows/opens_at"},
        {"op": "move", "from": "/tags/0", "path": "/capacity"},
    )

    assert result == {
        "title": "B",
        "tags": ["c"],
        "windows": {"opens_at": "x", "closes_at": "x"},
        "capacity": "b",
    }


def test_neither_the_representation_nor_the_patch_is_changed():
    representation, document = copy.deepcopy(CLASS), [{"op": "add", "path": "/tags", "value": [1]}]
    document.append({"op": "add", "path": "/tags/-", "value": 2})

    patches.apply(JSON_PATCH, document, representation, read_only=READ_ONLY)

    assert representation == CLASS
    assert document[0]["value"] == [1]


@pytest.mark.parametrize(
    "document",
    [
        {},
        "x",
        None,
        [1],
        [{}],
        [{"op": "add"}],
        [{"op": "spam", "path": "/a"}],
        [{"op": ["add"], "path": "/a"}],
        [{"op": "add", "path": "/a"}],
        [{"op": "add", "path": "a", "value": 1}],
        [{"op": "add", "path": "/~2", "value": 1}],
        [{"op": "add", "path": "/~", "value": 1}],
        [{"op": "add", "path": 1, "value": 1}],
        [{"op": "remove"}],
        [{"op": "move", "path": "/a"}],
        [{"op": "copy", "path": "/a", "from": "b"}],
        [{"op": "test", "path": "/title"}],
        [{"op": "test", "path": "/title", "value": 1}] * 51,
    ],
)
def test_what_is_no_json_patch_is_malformed(document):
    with pytest.raises(MalformedPatch):
        patches.require_document(JSON_PATCH, document)


@pytest.mark.parametrize(
    ("operation", "place"),
    [
        ({"op": "remove", "path": "/none"}, "path"),
        ({"op": "replace", "path": "/none", "value": 1}, "path"),
        ({"op": "add", "path": "/none/x", "value": 1}, "path"),
        ({"op": "add", "path": "/tags/9", "value": 1}, "path"),
        ({"op": "add", "path": "/tags/01", "value": 1}, "path"),
        ({"op": "add", "path": "/tags/x", "value": 1}, "path"),
        ({"op": "replace", "path": "/tags/-", "value": 1}, "path"),
        ({"op": "add", "path": "/title/x", "value": 1}, "path"),
        ({"op": "move", "from": "/none", "path": "/title"}, "from"),
        ({"op": "copy", "from": "/none", "path": "/title"}, "from"),
        ({"op": "copy", "from": "/title", "path": "/none/x"}, "path"),
        ({"op": "move", "from": "/windows", "path": "/windows/x"}, "path"),
        ({"op": "remove", "path": "/tags/5"}, "path"),
    ],
)
def test_a_path_that_leads_nowhere_fails_at_its_operation(operation, place):
    with pytest.raises(PatchFailed) as refused:
        patched({"op": "test", "path": "/title", "value": "Algebra"}, operation)

    [fault] = refused.value.members["errors"]
    assert fault["pointer"] == f"#/1/{place}"
    assert fault["code"] == "not-found"


@pytest.mark.parametrize(
    ("operation", "place"),
    [
        ({"op": "replace", "path": "/version", "value": 2}, "path"),
        ({"op": "add", "path": "/id", "value": "x"}, "path"),
        ({"op": "remove", "path": "/_links/self"}, "path"),
        ({"op": "move", "from": "/version", "path": "/title"}, "from"),
        ({"op": "replace", "path": "", "value": {}}, "path"),
    ],
)
def test_a_read_only_path_fails_at_its_operation(operation, place):
    with pytest.raises(PatchFailed) as refused:
        patched(operation)

    [fault] = refused.value.members["errors"]
    assert fault["pointer"] == f"#/0/{place}"
    assert fault["code"] == "read-only"


def test_every_path_that_cannot_be_written_is_told_with_what_is_invalid():
    document = [
        {"op": "add", "path": "/version", "value": 2},
        {"op": "replace", "path": "/title", "value": ""},
        {"op": "remove", "path": "/id"},
    ]
    outcome = patches.apply(JSON_PATCH, document, CLASS, read_only=READ_ONLY)

    with pytest.raises(PatchFailed) as refused:
        made_of(outcome, [FieldError(pointer="#/title", code="too-short", detail="Short.")])

    assert outcome.members == {**EDITABLE, "title": ""}
    assert pointers(refused) == [
        ("#/0/path", "read-only"),
        ("#/2/path", "read-only"),
        ("#/title", "too-short"),
    ]


def test_nothing_is_told_of_what_follows_a_path_that_leads_nowhere():
    document = [
        {"op": "remove", "path": "/title"},
        {"op": "copy", "from": "/none", "path": "/title"},
        {"op": "remove", "path": "/nothing"},
        {"op": "remove", "path": "/version"},
    ]
    outcome = patches.apply(JSON_PATCH, document, CLASS, read_only=READ_ONLY)

    with pytest.raises(PatchFailed) as refused:
        made_of(outcome)

    assert outcome.members is None
    assert pointers(refused) == [("#/3/path", "read-only"), ("#/1/from", "not-found")]


def test_what_cannot_be_written_is_told_before_a_test_that_does_not_hold():
    with pytest.raises(PatchFailed) as refused:
        patched(
            {"op": "test", "path": "/title", "value": "Another"},
            {"op": "remove", "path": "/version"},
        )

    assert pointers(refused) == [("#/1/path", "read-only")]


def test_a_read_only_member_may_be_tested_and_copied():
    result = patched(
        {"op": "test", "path": "/version", "value": 1},
        {"op": "test", "path": "", "value": CLASS},
        {"op": "copy", "from": "/version", "path": "/capacity"},
    )

    assert result["capacity"] == 1


@pytest.mark.parametrize(
    ("path", "value"),
    [("/title", "B"), ("/none", 1), ("/version", True), ("/tags", ["b", "a"]), ("/capacity", "30")],
)
def test_a_test_that_does_not_hold_is_a_conflict(path, value):
    with pytest.raises(PatchTestFailed):
        patched({"op": "test", "path": path, "value": value})


def test_equal_numbers_are_equal_in_any_spelling():
    assert patched({"op": "test", "path": "/capacity", "value": 30.0}) == EDITABLE


def test_copies_cannot_grow_a_document_without_bound():
    operations = [{"op": "add", "path": "/a", "value": ["x" * 10_000]}] + [
        {"op": "copy", "from": "/a", "path": "/a/-"} for _ in range(40)
    ]

    with pytest.raises(PatchFailed) as refused:
        patched(*operations)

    assert refused.value.members["errors"][0]["code"] == "too-long"


def test_a_slash_or_tilde_in_a_name_is_escaped_in_the_pointer():
    with pytest.raises(ValidationFailed) as refused:
        merged({"a/b~c": 1}, {"a/b~c": {"x": [1]}}, {"a/b~c"})

    assert refused.value.errors[0].pointer == "#/a~1b~0c"


def test_read_only_values_are_compared_as_json():
    stored = {"x": {"list": [1, {"a": True}]}}

    assert merged(stored, stored, {"x"}) == {}
    for other in ({"list": [1, {"a": 1}]}, {"list": [1]}, {"list": 1}, {}):
        with pytest.raises(ValidationFailed):
            merged({"x": other}, stored, {"x"})


@pytest.mark.parametrize(
    ("media_type", "document", "written"),
    [
        (MERGE_PATCH, {"title": "B", "tags": None}, {"title", "tags"}),
        (JSON, {}, set()),
        (JSON_PATCH, [{"op": "test", "path": "/title", "value": 1}], set()),
        (JSON_PATCH, [{"op": "add", "path": "/tags/-", "value": 1}], {"tags"}),
        (JSON_PATCH, [{"op": "move", "from": "/a~1b", "path": "/title"}], {"a/b", "title"}),
        (JSON_PATCH, [{"op": "copy", "from": "/tags/0", "path": "/title"}], {"title"}),
    ],
)
def test_a_patch_tells_which_members_it_writes(media_type, document, written):
    assert patches.members_written(media_type, document) == written
