import pytest
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict

from api.errors import FieldError
from api.schemas import fields
from api.schemas.base import Parameters, Representation
from api.schemas.faults import FieldFault, faults, first_allowed, parameter_faults


class Instructor(Representation):
    """Who teaches."""

    id = fields.Id("mem", dump_only=True)
    name = fields.Text(1, 10, required=True)


class SchoolClass(Representation):
    """What is taught."""

    id = fields.Id("cls", dump_only=True)
    title = fields.Text(1, 10, required=True)
    capacity = fields.Integer(0, 100, nullable=True)
    seats_taken = fields.Integer(dump_only=True)
    room = fields.Text(1, 5, nullable=True, data_key="place")
    instructors = fields.ListOf(fields.Part(Instructor), most=3, load_default=list)


class Query(Parameters):
    """What a query may ask."""

    limit = fields.Text(1, 5)
    q = fields.Text(1, 5)


def errors(document, schema=SchoolClass, **options):
    with pytest.raises(ValidationError) as refused:
        schema(**options).load(document)
    return {(fault.pointer, fault.code) for fault in faults(refused.value.messages)}


def test_what_is_left_out_takes_its_default_and_null_is_one():
    assert SchoolClass().load({"title": "A"}) == {
        "title": "A", "capacity": None, "room": None, "instructors": [],
    }  # fmt: skip


def test_a_partial_document_takes_no_defaults():
    assert SchoolClass(partial=True).load({"place": "B1"}) == {"room": "B1"}


def test_members_are_shown_in_the_order_in_which_they_are_declared():
    names = list(
        SchoolClass().dump({"title": "A", "seats_taken": 1, "capacity": None, "room": "x"})
    )

    assert names == ["title", "capacity", "seats_taken", "place"]


def test_every_fault_has_its_pointer_and_its_code():
    assert errors(
        {
            "capacity": 101,
            "seats_taken": 3,
            "id": "cls_x",
            "colour": 1,
            "place": "longer",
            "instructors": [{"name": "Ada"}, {"name": "", "id": "mem_1", "x": 1}, 7],
        }
    ) == {
        ("#/title", "required"),
        ("#/capacity", "out-of-range"),
        ("#/seats_taken", "read-only"),
        ("#/id", "read-only"),
        ("#/colour", "unknown-member"),
        ("#/place", "too-long"),
        ("#/instructors/1/name", "too-short"),
        ("#/instructors/1/id", "read-only"),
        ("#/instructors/1/x", "unknown-member"),
        ("#/instructors/2", "wrong-type"),
    }


@pytest.mark.parametrize("document", [[], "x", 1, None, True])
def test_what_is_no_object_is_one_fault_of_the_whole(document):
    assert errors(document) == {("#", "wrong-type")}


def test_a_name_inside_python_is_no_member():
    assert errors({"title": "A", "room": "B"}) == {("#/room", "unknown-member")}


def test_pointers_escape_what_pointers_and_fragments_need():
    assert errors({"title": "A", "a/b~c d%é": 1}) == {("#/a~1b~0c%20d%25%C3%A9", "unknown-member")}


def test_a_long_name_is_cut():
    [(pointer, _)] = errors({"title": "A", "x" * 500: 1})

    assert len(pointer) == 102


def test_faults_of_a_part_stand_below_its_pointer():
    fault = FieldFault("required", "This member is required.")

    assert faults({"name": [fault]}, prefix="#/items/3") == [
        FieldError(pointer="#/items/3/name", code="required", detail="This member is required.")
    ]


def test_a_message_without_a_code_is_a_bad_format():
    assert faults({"a": ["Strange."]}) == [
        FieldError(pointer="#/a", code="bad-format", detail="Strange.")
    ]
    assert faults({"a": "Strange."})[0].pointer == "#/a"


def test_faults_of_a_query_name_the_parameter():
    with pytest.raises(ValidationError) as refused:
        Query().load(MultiDict({"limt": "1", "q": "longer"}))

    found = {(f.parameter, f.code) for f in parameter_faults(refused.value.messages)}
    assert found == {("limt", "unknown-member"), ("q", "too-long")}


def test_a_repeated_parameter_is_refused_and_a_single_one_is_not():
    assert Query().load(MultiDict({"q": "a"})) == {"q": "a"}
    assert Query().load({"q": "a"}) == {"q": "a"}

    with pytest.raises(ValidationError) as refused:
        Query().load(MultiDict([("q", "a"), ("q", "b"), ("limit", "1")]))

    assert list(refused.value.messages) == ["q"]


def test_a_fault_keeps_its_code_and_its_choices_when_it_is_filled_in():
    fault = FieldFault("not-a-choice", "Use {what}.", allowed=("a", "b")).format(what="a or b")

    assert (fault, fault.code, fault.allowed) == ("Use a or b.", "not-a-choice", ("a", "b"))
    assert first_allowed({"x": ["plain"], "y": {"z": [fault]}}) == ("a", "b")
    assert first_allowed({"x": ["plain"]}) == ()


def test_the_read_only_members_are_known_by_their_outer_names():
    assert SchoolClass.read_only() == {"id", "seats_taken"}
