"""A body is read by the part of its schema that it concerns, and told what the whole would tell."""

import itertools

import pytest

from api.errors import ValidationFailed
from api.http.parser import body_parser, load_body, schema_of
from api.schemas.classes import ClassSchema
from api.schemas.courses import CourseSchema
from api.schemas.new_registrations import ClassRegistrationCreateSchema, RegistrationCreateSchema
from api.schemas.registrations import RegistrationSchema, TransitionCreateSchema

KINDS = [
    ClassSchema,
    CourseSchema,
    ClassRegistrationCreateSchema,
    RegistrationCreateSchema,
    TransitionCreateSchema,
    RegistrationSchema,
]
WRONG = {"no": "such value"}


def faults_of(load):
    with pytest.raises(ValidationFailed) as refused:
        load()
    return refused.value.members["errors"]


@pytest.mark.parametrize("partial", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_part_of_a_schema_finds_the_faults_that_the_whole_finds(kind, partial):
    whole = schema_of(kind, partial=partial)
    names = [field.data_key or name for name, field in whole.fields.items()]
    bodies = [dict.fromkeys(pair, WRONG) for pair in itertools.combinations(names, 2)]

    for body in [*bodies, {names[0]: WRONG, "unheard-of": 1}]:
        found = faults_of(lambda sent=body: load_body(kind, sent, partial=partial))
        known = faults_of(lambda sent=body: body_parser.parse(whole, sent, location="document"))
        assert found == known


def test_what_a_body_leaves_out_is_what_the_whole_schema_says():
    assert load_body(ClassRegistrationCreateSchema, {}) == schema_of(
        ClassRegistrationCreateSchema
    ).load({})
    assert load_body(RegistrationSchema, {}, partial=True) == {}
