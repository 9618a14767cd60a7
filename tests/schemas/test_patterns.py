"""The patterns that the document shows judge as the members themselves do."""

import re

import pytest
from marshmallow import ValidationError

from api.errors import InvalidHeader
from api.http import conditional
from api.http.asked import KEY
from api.http.filters import Several
from api.http.query_fields import Names, Order
from api.schemas import fields, patterns

TEXTS = (
    *("a", " a ", "", " ", "\u00a0", "\u3000 ", "a\tb", "a\nb", "a\r\nb", "a\rb", "\r\n", "\n"),
    *("a\x00", "\x7f", "a\x85b", "\u2028", "a\u2029", "\ufeff", "e\u0301", "\U0001f600"),
)
ADDRESSES = (
    *("a@b.example", "a@b", "@b.example", "a b@c.example", "a@b..example", "a@b.example\n"),
    *('"a"@b.example', "\u00e4@\u00f6.example", "a@b.example.", "a,b@c.example"),
)
HEADERS = (
    *("*", '"a"', 'W/"a"', '"a", "b"', '"a",, "b"', ', "a"', "a", "", "**", '"a" "b"', "w/x"),
    *('"\x80"', '"a,b"', "W/*", '"a', '"a",'),
)


def is_taken(field, value):
    try:
        field.deserialize(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("multiline", [False, True])
def test_a_text_is_taken_exactly_where_its_pattern_matches(multiline):
    field = fields.Text(multiline=multiline)

    told = {text: bool(re.search(field.metadata["pattern"], text)) for text in TEXTS}

    assert told == {text: is_taken(field, text) for text in TEXTS}


def test_an_address_is_taken_exactly_where_its_pattern_matches():
    field = fields.Email()

    told = {text: bool(re.fullmatch(field.metadata["pattern"], text)) for text in ADDRESSES}

    assert told == {text: is_taken(field, text) for text in ADDRESSES}


def test_entity_tags_are_read_exactly_where_their_pattern_matches():
    def is_read(header):
        try:
            conditional.parse("If-Match", header)
        except InvalidHeader:
            return False
        return True

    told = {text: bool(re.fullmatch(patterns.ENTITY_TAGS, text)) for text in HEADERS}

    assert told == {text: is_read(text) for text in HEADERS}


def test_a_key_is_read_exactly_where_its_pattern_matches():
    keys = ("a", '"a"', '"a b"', "a b", "", '""', "\u00e4", "a" * 255, "a" * 256, '"a')

    told = {key: bool(re.fullmatch(patterns.IDEMPOTENCY_KEY, key)) for key in keys}

    assert told == {key: KEY.fullmatch(key) is not None for key in keys}


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (Names(["a", "b.c"]), ("a", "b.c", "a,b.c", "", "a,", "b_c", "-a", "a,b.c,a")),
        (Order(["a", "b"], most=2), ("a", "-a", "a,-b", "--a", "", "c", "a,b,a")),
        (Several(fields.Text()), ("a", "a,b", "", "a,", ",", " ", "a, b", "a,\t")),
        (Several(fields.Id("thg")), ("", "thg_", f"thg_{'0' * 26}", f"thg_{'0' * 26},x")),
    ],
)
def test_a_list_between_commas_is_taken_exactly_where_its_pattern_matches(field, values):
    told = {value: bool(re.search(field.metadata["pattern"], value)) for value in values}

    assert told == {value: is_taken(field, value) for value in values}
