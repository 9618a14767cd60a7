import base64
import gzip
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import MalformedJson
from api.http import strict_json
from tests.given_data import TORTURE

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def parsing_texts():
    with gzip.open(TORTURE / "json_parsing.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def verdict(body):
    try:
        strict_json.loads(body)
    except MalformedJson:
        return "reject"
    return "accept"


@pytest.mark.skipif(not TORTURE.is_dir(), reason="the test data is not on this machine")
def test_every_published_parsing_text_gets_the_verdict_of_the_standard():
    texts = parsing_texts()

    others = [
        (text["name"], text["expect"])
        for text in texts
        if text["expect"] not in ("either", verdict(base64.b64decode(text["bytes_b64"])))
    ]

    # RFC 8259 section 4 says names SHOULD be unique; Homeroom insists.
    assert len(texts) > 200
    assert others == [("y_object_duplicated_key", "accept")]


@pytest.mark.skipif(not TORTURE.is_dir(), reason="the test data is not on this machine")
def test_every_refused_parsing_text_is_told_a_place_or_is_empty():
    bodies = [base64.b64decode(text["bytes_b64"]) for text in parsing_texts()]
    refused = [body for body in bodies if verdict(body) == "reject"]

    assert len(refused) > 100
    for body in refused:
        with pytest.raises(MalformedJson, match=r" at line \d+, column \d+\.$|is empty"):
            strict_json.loads(body)


@given(JSON_VALUES)
def test_every_value_that_json_can_hold_is_read_back(value):
    assert strict_json.loads(orjson.dumps(value)) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_and_nothing_else(body):
    assert verdict(body) in ("accept", "reject")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"a":1,"a":2}', "A member name is repeated at line 1, column 8."),
        (b'{"a":{"b":1},\n "\\u0061":2}', "A member name is repeated at line 2, column 2."),
        (b'[{"b":1},{"b":1,"b":2}]', "A member name is repeated at line 1, column 17."),
        (b'["NaN", NaN]', "NaN is not a JSON number at line 1, column 9."),
        (b"[-Infinity]", "-Infinity is not a JSON number at line 1, column 2."),
        (b'{"a":1e999}', "1e999 is not a JSON number at line 1, column 6."),
        (b'["\\ud800"]', "A surrogate stands alone at line 1, column 3."),
        (b'["\\udc00\\ud800"]', "A surrogate stands alone at line 1, column 3."),
        (b'["\\ud83d", "\\ude00"]', "A surrogate stands alone at line 1, column 3."),
        (b'["\\ud83dx"]', "A surrogate stands alone at line 1, column 3."),
        (b'["a\xff"]', "The body is not UTF-8 at line 1, column 4."),
        (b'{"a":1}\n}', "Extra data at line 2, column 1."),
        (b'["open', "Unterminated string at line 1, column 2."),
        (b"", "The body is empty; one JSON text is expected."),
        (b" \n", "The body is empty; one JSON text is expected."),
        (b"\xef\xbb\xbf", "The body is empty; one JSON text is expected."),
    ],
)
def test_a_fault_is_named_with_its_place(body, detail):
    with pytest.raises(MalformedJson) as refused:
        strict_json.loads(body)

    assert refused.value.detail == detail


def test_thirty_two_levels_are_read_and_one_more_is_refused():
    assert verdict(b"[" * 32 + b"]" * 32) == "accept"
    assert verdict(b'{"a":' * 32 + b"1" + b"}" * 32) == "accept"
    assert verdict(b"[" * 33 + b"]" * 33) == "reject"
    assert verdict(b"[" * 100_000) == "reject"


def test_brackets_in_strings_and_beside_each_other_are_no_depth():
    assert strict_json.loads(b'["' + b"[{" * 50 + b'\\"["]') == ["[{" * 50 + '"[']
    assert strict_json.loads(b"[" + b"[]," * 50 + b"[]]") == [[]] * 51


@pytest.mark.parametrize("digits", ["1" * 400, "-" + "9" * 5000, "9" * 41])
def test_an_integer_of_any_length_is_read_as_one_far_out_of_range(digits):
    value = strict_json.loads(digits.encode())

    assert isinstance(value, int)
    assert abs(value) > 10**38
    assert (value < 0) == digits.startswith("-")


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"\xef\xbb\xbf{}", {}),
        (b'"\\u0000"', "\x00"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\\\ud800"', "\\ud800"),
        (b"9007199254740993", 9007199254740993),
        (b"1.0", 1.0),
        (b'{"a":{"x":1},"b":{"x":1}}', {"a": {"x": 1}, "b": {"x": 1}}),
    ],
)
def test_unusual_texts_that_are_json_are_read(body, value):
    read = strict_json.loads(body)

    assert read == value
    assert type(read) is type(value)


def test_a_complaint_without_a_findable_place_is_still_a_refusal():
    with pytest.raises(MalformedJson) as refused:
        strict_json._explain("[1.5, true]", "Something is wrong")

    assert refused.value.detail == "Something is wrong."
