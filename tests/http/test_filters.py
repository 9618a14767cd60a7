import pytest
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict

from api.errors import CursorMismatch, InvalidCursor, InvalidParameter, UnknownParameter
from api.http.cursors import Cursors
from api.http.query_strings import query_refusal
from api.models.listing import Position
from api.schemas import patterns
from tests.http.things import BARE, NOON, THINGS

CURSORS = Cursors(b"k" * 32)
SCHEMA = THINGS.schema()


def load(**asked):
    return SCHEMA.load(MultiDict(asked))


def refusal(query):
    with pytest.raises(ValidationError) as failed:
        SCHEMA.load(MultiDict(query))
    return query_refusal(SCHEMA.fields, failed.value.messages)


def test_a_query_without_parameters_is_the_first_page_in_the_usual_order():
    wanted = THINGS.read(load(), CURSORS)

    assert wanted.window.limit == 25
    assert wanted.window.parameters == {}
    assert (wanted.count, wanted.expand, wanted.members) == (False, (), None)


def test_a_list_that_declares_little_takes_little():
    assert sorted(BARE.schema().fields) == ["count", "cursor", "limit", "sort"]
    assert BARE.read(BARE.schema().load({"limit": "1000"}), CURSORS).window.limit == 1000


def test_what_to_show_is_handed_on():
    wanted = THINGS.read(load(count="true", expand="owner,owner.rooms", fields="name"), CURSORS)

    assert wanted.count
    assert wanted.expand == ("owner", "owner.rooms")
    assert wanted.members == ("name",)


@pytest.mark.parametrize(
    ("query", "allowed"),
    [
        ({"page": "2"}, "limit"),
        ({"offset": "2"}, "limit"),
        ({"color__regex": "a"}, "color__ne"),
        ({"made_at__lte": "2026-11-20T12:00:00Z"}, "made_at__lt"),
        ({"name__ne": "a"}, "name__contains"),
        ({"password_hash": "a"}, "name"),
        ({"name__": "a"}, "name"),
    ],
)
def test_an_unknown_parameter_is_named_with_what_there_is(query, allowed):
    refused = refusal(query)

    assert isinstance(refused, UnknownParameter)
    assert refused.members["errors"][0]["parameter"] == next(iter(query))
    assert refused.members["errors"][0]["code"] == "unknown-parameter"
    assert allowed in refused.members["allowed"]


def test_an_unknown_operator_is_told_the_operators_of_its_member_alone():
    assert refusal({"color__regex": "a"}).members["allowed"] == [
        "color", "color__in", "color__is_null", "color__ne",
    ]  # fmt: skip


def test_a_long_unknown_name_is_cut():
    refused = refusal({"x" * 500: "1"})

    assert len(refused.members["errors"][0]["parameter"]) == 100


@pytest.mark.parametrize(
    ("parameter", "value", "code"),
    [
        ("limit", "0", "out-of-range"),
        ("limit", "101", "out-of-range"),
        ("limit", "-1", "out-of-range"),
        ("limit", "abc", "bad-format"),
        ("limit", "1e2", "bad-format"),
        ("limit", "", "bad-format"),
        ("limit", "٣", "bad-format"),
        ("limit", "9" * 5000, "bad-format"),
        ("sort", "bogus", "not-a-choice"),
        ("sort", "", "not-a-choice"),
        ("sort", "--name", "not-a-choice"),
        ("sort", "name,", "not-a-choice"),
        ("sort", "name,-name", "bad-format"),
        ("sort", "id,name,weight,made_at,-id", "too-long"),
        ("expand", "rooms", "not-a-choice"),
        ("expand", "-owner", "not-a-choice"),
        ("fields", "secret", "not-a-choice"),
        ("count", "yes", "not-a-choice"),
        ("color", "green", "not-a-choice"),
        ("color__in", "red,green", "not-a-choice"),
        ("color__is_null", "1", "not-a-choice"),
        ("name", "", "too-short"),
        ("name", "a\x00b", "bad-format"),
        ("name__contains", "a", "too-short"),
        ("name__contains", "a" * 65, "too-long"),
        ("name__in", ",".join(["a"] * 101), "too-long"),
        ("size", "1001", "out-of-range"),
        ("size", "5.0", "bad-format"),
        ("made_at__gte", "yesterday", "bad-format"),
        ("made_at__gte", "2026-11-20T12:00:00", "bad-format"),
        ("sold_on", "2026-02-30", "bad-format"),
        ("owner_id", "cls_01jd3v9k2mf8w9s4q0c6t7x5zr", "bad-format"),
        ("id__in", "thg_01jd3v9k2mf8w9s4q0c6t7x5zr,", "bad-format"),
        ("cursor", "", "too-short"),
        ("cursor", "a" * 4097, "too-long"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(parameter, value, code):
    refused = refusal({parameter: value})

    assert isinstance(refused, InvalidParameter)
    assert refused.members["errors"][0]["parameter"] == parameter
    assert refused.members["errors"][0]["code"] == code


def test_a_choice_tells_what_could_be_chosen():
    assert refusal({"color": "green"}).members["allowed"] == ["red", "blue"]
    assert refusal({"sort": "x"}).members["allowed"] == ["id", "name", "weight", "made_at"]
    assert "allowed" not in refusal({"limit": "0"}).members


def test_a_plus_sign_that_became_a_space_is_explained():
    refused = refusal({"made_at": "2026-11-20T12:00:00 01:00"})

    assert "%2B" in refused.detail


def test_a_parameter_given_twice_is_refused():
    refused = refusal([("limit", "1"), ("limit", "1")])

    assert isinstance(refused, InvalidParameter)
    assert refused.detail == "limit: Give this parameter once."


def test_a_cursor_works_with_another_limit_and_other_members_to_show():
    wanted = THINGS.read(load(name="a"), CURSORS)
    cursor = CURSORS.seal(Position((NOON, NOON)), wanted.list_name)

    again = THINGS.read(
        load(name="a", cursor=cursor, limit="3", fields="id", count="true"), CURSORS
    )

    assert again.window.parameters["position_0"] == NOON


@pytest.mark.parametrize("asked", [{"name": "b"}, {}, {"name": "a", "sort": "name"}])
def test_a_cursor_of_another_filter_or_sort_is_a_mismatch(asked):
    wanted = THINGS.read(load(name="a"), CURSORS)
    cursor = CURSORS.seal(Position((NOON, NOON)), wanted.list_name)

    with pytest.raises(CursorMismatch):
        THINGS.read(load(cursor=cursor, **asked), CURSORS)


def test_a_forged_cursor_is_invalid():
    with pytest.raises(InvalidCursor):
        THINGS.read(load(cursor="forged"), CURSORS)


def test_the_document_shows_every_parameter_with_its_limits():
    plugin = MarshmallowPlugin()
    APISpec("Things", "1", "3.0.3", plugins=[plugin])

    shown = plugin.converter.schema2parameters(THINGS.schema, location="query")

    by_name = {parameter["name"]: parameter for parameter in shown}
    assert all(p["description"] for name, p in by_name.items() if name != "dry")
    assert by_name["limit"]["schema"] == {
        "type": "integer", "minimum": 1, "maximum": 100, "default": 25,
    }  # fmt: skip
    assert by_name["color"]["schema"] == {"type": "string", "enum": ["red", "blue"]}
    assert by_name["made_at__gte"]["schema"] == {"type": "string", "format": "date-time"}
    assert by_name["name__contains"]["schema"] == {
        "type": "string", "minLength": 2, "maxLength": 64, "pattern": patterns.LINE,
    }  # fmt: skip
    assert by_name["owner_id"]["schema"]["pattern"].startswith("^usr_")
    assert by_name["sort"]["schema"]["default"] == "-made_at"
    assert by_name["sort"]["schema"]["pattern"].startswith("^-?(")
    assert by_name["name__in"]["schema"]["pattern"].endswith("{0,99}$")
    assert "dry" in by_name
