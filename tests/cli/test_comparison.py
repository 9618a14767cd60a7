"""Each rule of what breaks a client, held against the document changed in exactly that way."""

import json
from pathlib import Path

import pytest

from api.cli.comparison.breaks import breaks_of, may_break
from tests.cli import breaking_changes, harmless_changes
from tests.cli.documents import BREAKING, HARMLESS

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"
# Examples are half of it, and none of them is compared.
DOCUMENT = json.loads(
    FILE.read_text("utf-8"),
    object_hook=lambda found: {key: each for key, each in found.items() if key != "value"},
)
# Reading it again is three times as fast as a deep copy.
TEXT = json.dumps(DOCUMENT)


@pytest.fixture
def after():
    return json.loads(TEXT)


def registered(module):
    return [name for name in vars(module) if name in BREAKING or name in HARMLESS]


def test_every_change_is_registered():
    assert len(BREAKING) == len(registered(breaking_changes)) > 60
    assert len(HARMLESS) == len(registered(harmless_changes)) > 10


@pytest.mark.parametrize("name", BREAKING)
def test_a_break_is_named(after, name):
    change, words = BREAKING[name]
    change(after)

    found = breaks_of(DOCUMENT, after)

    assert all(any(word in broken for broken in found) for word in words), found
    assert len(found) <= 20


@pytest.mark.parametrize("name", HARMLESS)
def test_what_breaks_nobody_is_let_pass(after, name):
    HARMLESS[name](after)

    assert json.dumps(after) != TEXT
    assert breaks_of(DOCUMENT, after) == []


def test_an_earlier_document_that_lists_no_relations_misses_none(after):
    earlier = TEXT.replace('"x-rels":', '"x-unknown":')

    assert earlier.count('"x-unknown":') > 30
    assert breaks_of(json.loads(earlier), after) == []


def test_a_document_does_not_break_itself(after):
    assert breaks_of(DOCUMENT, after) == []


@pytest.mark.parametrize(
    ("version", "may"), [("0.1.0", False), ("0.2.0", False), ("1.0.0", True), ("10.0.0", True)]
)
def test_only_a_higher_first_number_may_break(after, version, may):
    after["info"]["version"] = version

    assert may_break(DOCUMENT | {"info": {"version": "0.1.0"}}, after) is may
