"""The bytes of a text, the media type and the value say what is due to it; nothing else passes."""

import json
from pathlib import Path

import httpx
import pytest

from tests.torture import texts
from tests.torture.ground import JSON_PATCH, MERGE, Member, body_schema, doors
from tests.torture.texts import Text
from tests.torture.verdicts import (
    INVALID,
    MALFORMED,
    NO_PATCH,
    TAKEN,
    due_to,
    fault_of,
    fault_of_refusal,
    fault_of_text,
)

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text())


def door_of(operation_id, media_type="application/json"):
    found = [
        d for d in doors(DOCUMENT) if (d.operation_id, d.media_type) == (operation_id, media_type)
    ]
    return found[0]


def problem(status, code, **members):
    return httpx.Response(status, json={"code": code, **members})


@pytest.mark.parametrize(
    ("operation_id", "media_type", "body", "due"),
    [
        ("create_course", "application/json", b"[]", INVALID),
        ("create_course", "application/json", b"{}", INVALID),
        ("create_course", "application/json", rb'{"code": "\u0000", "title": "x"}', INVALID),
        ("create_course", "application/json", b'{"code": "x", "title": "x"}', TAKEN),
        ("update_course", MERGE, b"[]", NO_PATCH),
        ("update_course", MERGE, b"null", NO_PATCH),
        ("update_course", MERGE, rb'{"title": "\u0000"}', INVALID),
        ("update_course", MERGE, b"{}", TAKEN),
        ("update_course", JSON_PATCH, b"{}", NO_PATCH),
        ("update_course", JSON_PATCH, b"[{}]", NO_PATCH),
        ("update_course", JSON_PATCH, b"[]", TAKEN),
    ],
)
def test_the_door_the_media_type_and_the_value_say_what_is_due(operation_id, media_type, body, due):
    door = door_of(operation_id, media_type)

    assert due_to(Text("y_of_ours", "accept", body), door, body_schema(DOCUMENT, door)) == due


@pytest.mark.parametrize(
    ("name", "expect", "body", "due"),
    [
        ("n_of_ours", "reject", b"{", MALFORMED),
        ("y_object_duplicated_key", "accept", b'{"a": 1, "a": 2}', MALFORMED),
        ("i_string_invalid_utf-8", "either", b'["\xff"]', MALFORMED),
        ("i_structure_UTF-8_BOM_empty_object", "either", b"\xef\xbb\xbf{}", INVALID),
    ],
)
def test_what_the_grammar_says_comes_first_and_what_it_leaves_open_is_settled(
    name, expect, body, due
):
    door = door_of("create_course")

    assert due_to(Text(name, expect, body), door, body_schema(DOCUMENT, door)) == due


@pytest.mark.parametrize("due", [MALFORMED, NO_PATCH, INVALID])
@pytest.mark.parametrize("given", [MALFORMED, NO_PATCH, INVALID])
def test_one_refusal_does_not_stand_for_another(due, given):
    fault = fault_of(Text("x", "accept", b""), door_of("create_course"), due, problem(*given))

    assert (fault is None) == (due == given)


def test_what_is_due_to_be_taken_may_be_refused_only_for_what_json_schema_cannot_say():
    text, door = Text("x", "accept", b"{}"), door_of("create_registration")
    explained = [{"code": "required", "pointer": "#/class_id"}]
    unexplained = [{"code": "required", "pointer": "#/overrides"}]

    assert fault_of(text, door, TAKEN, problem(*INVALID, errors=explained)) is None
    assert fault_of(text, door, TAKEN, problem(*INVALID, errors=unexplained)) is not None
    assert fault_of(text, door, TAKEN, problem(500, "internal-error")) is not None
    assert fault_of(text, door, TAKEN, problem(409, "state-conflict")) is not None
    assert fault_of(text, door_of("replace_class"), TAKEN, problem(409, "state-conflict")) is None


def test_a_refused_string_is_refused_at_its_place():
    member = Member(door_of("create_course"), "title", 200, multiline=False, is_shown=True)

    def fault(pointer):
        return fault_of_refusal(member, "\0", problem(*INVALID, errors=[{"pointer": pointer}]))

    assert fault("#/title") is None
    assert fault("#/code") is not None
    assert fault_of_refusal(member, "\0", httpx.Response(201, json={"title": "x"})) is not None


def test_a_string_that_is_taken_comes_back_and_only_the_same_again_is_a_duplicate():
    member = Member(door_of("create_course"), "code", 200, multiline=False, is_shown=True)
    again = problem(409, "duplicate-name", pointer="#/code")

    assert fault_of_text(member, "é", httpx.Response(201, json={"code": "é"}), set()) is None
    assert fault_of_text(member, "é", httpx.Response(201, json={"code": "e"}), set()) is not None
    assert fault_of_text(member, "NULL", again, {"null"}) is None
    assert fault_of_text(member, "NULL", again, set()) is not None
    assert fault_of_text(member, "NULL", httpx.Response(201, json={"code": "NULL"}), {"null"})


@pytest.mark.parametrize("read", [texts.json_texts, texts.naughty_strings])
def test_where_the_texts_are_absent_the_whole_fails_and_the_slice_is_left_out(
    read, monkeypatch, tmp_path
):
    monkeypatch.setattr(texts, "TORTURE", tmp_path)

    for is_needed, outcome in ((True, pytest.fail.Exception), (False, pytest.skip.Exception)):
        with pytest.raises((pytest.fail.Exception, pytest.skip.Exception)) as given:
            read(is_needed=is_needed)
        assert isinstance(given.value, outcome)
        assert "the texts are not here" in str(given.value)
