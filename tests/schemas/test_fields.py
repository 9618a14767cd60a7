import datetime as dt
import enum
import re
import uuid

import pytest
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError, missing

from api import ids
from api.clock import truncated
from api.schemas import fields, patterns
from api.schemas.base import Representation
from api.schemas.faults import FieldFault

CLASS_ID = uuid.UUID("01932e00-0000-7000-8000-000000000001")


class Color(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Window(Representation):
    """A part of a thing."""

    opens_at = fields.Instant(required=True)


def fault_of(field, value):
    """The code of the one fault that `field` finds in `value`."""
    with pytest.raises(ValidationError) as refused:
        field.deserialize(value)
    messages = refused.value.messages
    assert isinstance(messages, list)
    [fault] = messages
    assert isinstance(fault, FieldFault)
    return fault.code


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("  Algebra  ", "Algebra"),
        ("e\u0301", "\u00e9"),
        ("\u00a0x\u2003", "x"),
        ("\U0001f600", "\U0001f600"),
        ("a  b", "a  b"),
    ],
)
def test_a_text_is_trimmed_and_brought_to_normal_form(sent, read):
    assert fields.Text(1, 20).deserialize(sent) == read


@pytest.mark.parametrize(
    "control", ["\x00", "\n", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\ud800"]
)
def test_a_text_holds_no_control_characters_wherever_they_stand(control):
    for text in (f"a{control}b", f"{control}a", f"a{control}"):
        assert fault_of(fields.Text(1, 20), text) == "bad-format"


def test_a_text_of_many_lines_keeps_its_lines_and_tabs():
    field = fields.Text(1, 20, multiline=True)

    assert field.deserialize("a\r\n\tb\n") == "a\n\tb"
    assert fault_of(field, "a\rb") == "bad-format"
    assert fault_of(field, "a\x00") == "bad-format"


def test_a_text_is_measured_after_normalisation():
    assert fields.Text(1, 2).deserialize(" e\u0301e\u0301 ") == "\u00e9\u00e9"
    assert fault_of(fields.Text(1, 2), "\ufb03" + "ab") == "too-long"
    assert fault_of(fields.Text(2, 5), " a ") == "too-short"
    assert fault_of(fields.Text(1, 5), "   ") == "too-short"


@pytest.mark.parametrize(
    "field",
    [
        fields.Text(),
        fields.Slug(),
        fields.Secret(),
        fields.Email(),
        fields.Timezone(),
        fields.Enum(Color),
        fields.Id("cls"),
        fields.Instant(),
        fields.Date(),
        fields.LocalTime(),
    ],
)
@pytest.mark.parametrize("value", [1, True, 1.5, [], {}, ["a"], None])
def test_what_is_written_as_text_must_be_text(field, value):
    assert fault_of(field, value) == "wrong-type"


@pytest.mark.parametrize("value", ["5", 5.7, 1.0, True, False, None, [], {}])
def test_a_whole_number_must_be_written_as_one(value):
    assert fault_of(fields.Integer(), value) == "wrong-type"


def test_a_whole_number_is_bounded_by_what_every_reader_agrees_on():
    field = fields.Integer()

    assert field.deserialize(2**53 - 1) == 2**53 - 1
    assert field.deserialize(-(2**53) + 1) == -(2**53) + 1
    for value in (2**53, -(2**53), 2**63, 10**40):
        assert fault_of(field, value) == "out-of-range"
    assert fault_of(fields.Integer(0, 10), 11) == "out-of-range"
    assert fields.Integer(0, 10).deserialize(0) == 0


@pytest.mark.parametrize("value", [0, 1, "true", "yes", None, []])
def test_only_true_and_false_are_booleans(value):
    assert fault_of(fields.Boolean(), value) == "wrong-type"
    assert fields.Boolean().deserialize(value=True) is True
    assert fields.Boolean().deserialize(value=False) is False


def test_an_id_is_a_uuid_inside_and_prefixed_text_outside():
    field = fields.Id("cls")
    text = ids.encode("cls", CLASS_ID)

    assert field.deserialize(text) == CLASS_ID
    assert field.serialize("id", {"id": CLASS_ID}) == text
    assert field.serialize("id", {"id": None}) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cls_",
        "stu_01jd3v9k2mf8w9s4q0c6t7x5zr",
        "cls_01JD3V9K2MF8W9S4Q0C6T7X5ZR",
        "cls_81jd3v9k2mf8w9s4q0c6t7x5zr",
        "cls_01jd3v9k2mf8w9s4q0c6t7x5zr ",
        str(CLASS_ID),
    ],
)
def test_another_text_is_no_id(text):
    assert fault_of(fields.Id("cls"), text) == "bad-format"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2026-11-20T09:30:00Z", "2026-11-20T09:30:00.000Z"),
        ("2026-11-20T09:30:00+01:00", "2026-11-20T08:30:00.000Z"),
        ("2026-11-20t09:30:00.1239999z", "2026-11-20T09:30:00.123Z"),
        ("2026-11-20T09:30:00.5-00:30", "2026-11-20T10:00:00.500Z"),
    ],
)
def test_an_instant_is_read_with_any_offset_and_shown_in_utc(sent, shown):
    field = fields.Instant()
    instant = field.deserialize(sent)

    assert instant.tzinfo is dt.UTC
    assert field.serialize("at", {"at": instant}) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T09:30:00",
        "2026-11-20",
        "2026-11-20 09:30:00Z",
        "2026-11-20T09:30Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T09:30:60Z",
        "2026-02-30T09:30:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2026-11-20T09:30:00+25:00",
        "20261120T093000Z",
        "\uff12026-11-20T09:30:00Z",
        "",
    ],
)
def test_what_is_no_instant_with_an_offset_is_refused(text):
    assert fault_of(fields.Instant(), text) == "bad-format"


@given(st.datetimes(timezones=st.just(dt.UTC)).map(truncated))
def test_an_instant_that_was_shown_can_be_sent_back(instant):
    field = fields.Instant()

    assert field.deserialize(field.serialize("at", {"at": instant})) == instant


def test_a_date_is_a_real_day():
    field = fields.Date()

    assert field.deserialize("2028-02-29") == dt.date(2028, 2, 29)
    assert field.serialize("on", {"on": dt.date(2026, 1, 2)}) == "2026-01-02"
    assert field.serialize("on", {"on": None}) is None
    for text in ("2026-02-29", "20260101", "2026-W01-1", "2026-1-1", "2026-01-01T00:00:00Z", ""):
        assert fault_of(field, text) == "bad-format"


def test_a_local_time_has_hours_and_minutes():
    field = fields.LocalTime()

    assert field.deserialize("09:05") == dt.time(9, 5)
    assert field.serialize("at", {"at": dt.time(23, 59)}) == "23:59"
    assert field.serialize("at", {"at": None}) is None
    for text in ("24:00", "9:05", "09:60", "09:05:00", "0905", "09:05Z", ""):
        assert fault_of(field, text) == "bad-format"


def test_a_slug_is_lower_case_with_single_hyphens():
    field = fields.Slug(2, 8)

    assert field.deserialize("ab-1") == "ab-1"
    for text in ("Ab", "-ab", "ab-", "a--b", "a b", "äb", "ab\n"):
        assert fault_of(field, text) == "bad-format"
    assert fault_of(field, "a") == "too-short"
    assert fault_of(field, "a" * 9) == "too-long"


@pytest.mark.parametrize("address", ["a@b.example", "Ada.L+x@mail.school.example", "ä@ö.example"])
def test_an_address_of_the_usual_shape_is_taken(address):
    assert fields.Email().deserialize(f" {address} ") == address


@pytest.mark.parametrize(
    "address",
    ["a", "@b.example", "a@", "a@b", "a b@c.example", "a@b@c.example", "a@b..example", "a@b.x\x00",
     "a@b.x\nBcc:c@d.x", "<a@b.example>", "a@.example"],
)  # fmt: skip
def test_what_is_no_address_is_refused(address):
    assert fault_of(fields.Email(), address) == "bad-format"


def test_an_address_has_at_most_254_characters():
    assert fault_of(fields.Email(), "a" * 245 + "@b.example") == "too-long"
    assert len(fields.Email().deserialize("a" * 244 + "@b.example")) == 254


def test_a_time_zone_is_one_of_the_database():
    assert fields.Timezone().deserialize("America/Los_Angeles") == "America/Los_Angeles"
    for name in ("Mars/Olympus", "../etc/passwd", "america/los_angeles", "", "localtime", "+01:00"):
        assert fault_of(fields.Timezone(), name) == "not-a-choice"


def test_a_choice_is_a_member_inside_and_its_value_outside():
    field = fields.Enum(Color)

    assert field.deserialize("red") is Color.RED
    assert field.serialize("color", {"color": Color.RED}) == "red"
    assert field.serialize("color", {"color": "red"}) == "red"
    assert fault_of(field, "RED") == "not-a-choice"


def test_a_secret_is_used_exactly_as_it_was_sent():
    field = fields.Secret(8, 16)

    assert field.deserialize(" e\u0301 \n\tpass ") == " e\u0301 \n\tpass "
    assert field.load_only
    assert fault_of(field, "short") == "too-short"
    assert fault_of(field, "x" * 17) == "too-long"
    assert fault_of(field, "12345678\x00") == "bad-format"
    assert fault_of(field, "12345678\ud800") == "bad-format"


@pytest.mark.parametrize("field", [fields.Text, fields.Email, fields.Instant, fields.Integer])
def test_only_a_nullable_member_may_be_null(field):
    assert fault_of(field(), None) == "wrong-type"
    assert field(nullable=True).deserialize(None) is None


def test_a_nullable_member_is_null_by_default_unless_it_is_required():
    assert fields.Text(nullable=True).load_default is None
    assert fields.Text(nullable=True, load_default="x").load_default == "x"
    assert fields.Text(nullable=True, required=True).load_default is missing
    assert fields.Text(nullable=True, dump_only=True).load_default is missing
    assert fields.Text().load_default is missing


def test_a_list_is_bounded_and_its_values_are_checked():
    field = fields.ListOf(fields.Integer(0, 9), most=2)

    assert field.deserialize([1, 2]) == [1, 2]
    assert field.deserialize([]) == []
    assert fault_of(field, [1, 2, 3]) == "too-long"
    assert fault_of(field, "12") == "wrong-type"
    assert fault_of(field, {}) == "wrong-type"
    assert fault_of(fields.ListOf(fields.Integer(), least=1), []) == "too-short"


def test_a_list_that_is_only_shown_is_as_long_as_what_it_shows():
    shown = fields.ListOf(fields.Integer(), dump_only=True)

    assert shown.validate is None
    assert fault_of(fields.ListOf(fields.Integer()), [1] * 101) == "too-long"


def test_every_limit_is_shown_in_the_document():
    class Thing(Representation):
        """Everything at once."""

        id = fields.Id("thg", dump_only=True)
        title = fields.Text(2, 20, required=True)
        note = fields.Text(0, 50, nullable=True)
        slug = fields.Slug(1, 8)
        size = fields.Integer(0, 9, nullable=True)
        color = fields.Enum(Color, nullable=True)
        password = fields.Secret()
        mail = fields.Email()
        at = fields.Instant()
        on = fields.Date()
        time = fields.LocalTime()
        open = fields.Boolean()
        tags = fields.ListOf(fields.Slug(), least=1, most=3)
        window = fields.Part(Window)

    spec = APISpec("Things", "1", "3.0.3", plugins=[MarshmallowPlugin()])
    spec.components.schema("Thing", schema=Thing)

    shown = spec.to_dict()["components"]["schemas"]["Thing"]
    assert shown["required"] == ["title"]
    members = shown["properties"]
    assert members["id"]["readOnly"] is True
    assert members["id"]["pattern"] == "^thg_[0-7][0-9a-hjkmnp-tv-z]{25}$"
    assert members["title"] == {
        "type": "string", "minLength": 2, "maxLength": 20, "pattern": patterns.LINE,
    }  # fmt: skip
    assert members["note"]["nullable"] is True
    assert re.search(members["note"]["pattern"], "  ")
    assert members["slug"]["pattern"] == "^[a-z0-9]+(-[a-z0-9]+)*$"
    assert members["size"] == {
        "type": "integer", "minimum": 0, "maximum": 9, "nullable": True, "default": None,
    }  # fmt: skip
    assert members["color"]["enum"] == ["red", "blue", None]
    assert members["password"] == {
        "type": "string", "format": "password", "minLength": 8, "maxLength": 1024,
        "pattern": patterns.NO_NUL, "writeOnly": True,
    }  # fmt: skip
    assert members["mail"] == {"type": "string", "pattern": patterns.EMAIL, "maxLength": 254}
    assert members["at"] == {"type": "string", "format": "date-time"}
    assert members["on"] == {"type": "string", "format": "date"}
    assert members["time"]["pattern"] == "^([01][0-9]|2[0-3]):[0-5][0-9]$"
    assert members["open"] == {"type": "boolean"}
    assert (members["tags"]["minItems"], members["tags"]["maxItems"]) == (1, 3)
    assert members["window"] == {"$ref": "#/components/schemas/Window"}
