"""A short body comes to the same again and again, and nothing of what it says is kept for long."""

import json
from enum import StrEnum

import pytest
from marshmallow import Schema, fields
from marshmallow.validate import Range

from api.errors import ValidationFailed
from api.http import known_bodies


class Colour(StrEnum):
    RED = "red"


class Paint(Schema):
    colour = fields.Enum(Colour, by_value=True)
    litres = fields.Integer(validate=Range(1, 9))
    name = fields.String()
    mixed_of = fields.List(fields.Integer())


class Lacquer(Schema):
    colour = fields.String()


@pytest.fixture
def load(monkeypatch):
    """Load a document as bytes that were sent, and note what is validated anew."""
    known_bodies.KNOWN.forget()
    validated = []
    load_body = known_bodies.load_body

    def noted(kind, document, **options):
        validated.append(document)
        return load_body(kind, document, **options)

    def load(document, *, kind=Paint, partial=False):
        raw = json.dumps(document).encode()
        return known_bodies.loaded(kind, raw, document, partial=partial)

    monkeypatch.setattr(known_bodies, "load_body", noted)
    load.validated = validated
    return load


def test_what_was_validated_once_comes_to_the_same(load):
    found = [load({"colour": "red", "litres": 2}) for _ in range(3)]

    assert found == [{"colour": Colour.RED, "litres": 2}] * 3
    assert len(load.validated) == 1


def test_each_request_has_its_members_to_itself(load):
    load({"litres": 2})["litres"] = 3

    assert load({"litres": 2}) == {"litres": 2}


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"name": "secret"}, id="a text"),
        pytest.param({"mixed_of": [1]}, id="what could be changed"),
        pytest.param({"litres": 2, "name": "secret"}, id="a text among others"),
    ],
)
def test_only_what_cannot_tell_or_change_is_kept(load, document):
    for _ in range(2):
        load(document)

    assert len(load.validated) == 2


def test_long_bodies_are_not_kept(load):
    for _ in range(2):
        known_bodies.loaded(Paint, b" " * known_bodies.LONGEST + b"{}", {}, partial=False)

    assert len(load.validated) == 2


def test_what_was_refused_is_refused_again(load):
    for _ in range(2):
        with pytest.raises(ValidationFailed):
            load({"litres": 10})


def test_the_same_bytes_mean_another_thing_elsewhere(load):
    assert load({"colour": "red"}) == {"colour": Colour.RED}
    assert type(load({"colour": "red"}, kind=Lacquer)["colour"]) is str
    load({"colour": "red"}, partial=True)

    assert len(load.validated) == 3
