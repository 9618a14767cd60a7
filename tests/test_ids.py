import re
import threading
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.ids import Ids, decode, encode, new_id, shard_of

PUBLIC = re.compile(r"cls_[0-7][0-9a-hjkmnp-tv-z]{25}")
NOW_MS = 1_790_000_000_000


@given(st.uuids())
def test_an_id_reads_back_as_it_was_written(identifier):
    text = encode("cls", identifier)

    assert PUBLIC.fullmatch(text)
    assert decode("cls", text) == identifier


@given(st.uuids(), st.uuids())
def test_public_ids_sort_as_the_numbers_do(one, other):
    assert (encode("cls", one) < encode("cls", other)) == (one < other)


@given(st.from_regex(PUBLIC, fullmatch=True))
def test_every_text_of_the_pattern_is_exactly_one_id(text):
    assert encode("cls", decode("cls", text)) == text


def test_the_form_is_that_of_the_worked_example_of_typeid():
    identifier = UUID("0188bac7-4afa-78aa-bc3b-bd1eef28d881")

    assert encode("prefix", identifier) == "prefix_01h2xcejqtf2nbrexx3vqjhp41"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cls",
        "cls_",
        "stu_01h2xcejqtf2nbrexx3vqjhp41",
        "CLS_01h2xcejqtf2nbrexx3vqjhp41",
        "cls_01H2XCEJQTF2NBREXX3VQJHP41",
        "cls_81h2xcejqtf2nbrexx3vqjhp41",
        "cls_01h2xcejqtf2nbrexx3vqjhp4",
        "cls_01h2xcejqtf2nbrexx3vqjhp411",
        "cls_01h2xcejqtf2nbrexx3vqjhp4i",
        "cls_01h2xcejqtf2nbrexx3vqjhp4l",
        "cls_01h2xcejqtf2nbrexx3vqjhp4o",
        "cls_01h2xcejqtf2nbrexx3vqjhp4u",
        "cls_01h2xcejqtf2nbrexx3vqjhp41\n",
        "cls_\u06601h2xcejqtf2nbrexx3vqjhp41",
        "cls-01h2xcejqtf2nbrexx3vqjhp41",
        "0188bac7-4afa-78aa-bc3b-bd1eef28d881",
    ],
)
def test_anything_else_is_not_an_id(text):
    with pytest.raises(ValueError, match="not an id"):
        decode("cls", text)


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10), st.none() | st.uuids())
def test_an_id_is_a_uuid_of_version_seven_that_tells_its_time(now_ms, drawn, organization_id):
    identifier = new_id(now_ms, organization_id, randomness=lambda _: drawn)

    assert identifier.version == 7
    assert identifier.variant == "specified in RFC 4122"
    assert identifier.int >> 80 == now_ms


@given(st.uuids(version=4), st.integers(0, 2**48 - 1))
def test_whatever_is_inside_an_organization_repeats_its_shard(organization_id, now_ms):
    inside = new_id(now_ms, organization_id)

    assert shard_of(inside) == shard_of(organization_id)
    # The 12 bits are the first of rand_b, behind the two of the variant.
    assert (inside.int >> 50) & 0xFFF == (organization_id.int >> 50) & 0xFFF


def test_all_other_bits_are_drawn():
    organization_id = UUID(int=0)

    ones = new_id(NOW_MS, organization_id, randomness=lambda size: b"\xff" * size).int
    zeros = new_id(NOW_MS, organization_id, randomness=bytes).int

    assert (ones ^ zeros).bit_count() == 12 + 62 - 12


def test_ids_of_one_millisecond_rise_and_borrow_the_next_when_they_run_out():
    ids = Ids(lambda: NOW_MS)

    made = [ids.new() for _ in range(10_000)]

    assert made == sorted(set(made))
    assert NOW_MS < made[-1].int >> 80 <= NOW_MS + 5


def test_ids_rise_when_the_clock_steps_back():
    readings = iter([NOW_MS, NOW_MS - 5000, NOW_MS + 1])
    ids = Ids(lambda: next(readings))

    first, second, third = ids.new(), ids.new(), ids.new()

    assert first < second < third


def test_threads_never_make_the_same_id():
    ids, made = Ids(lambda: NOW_MS), [[] for _ in range(8)]

    def make(mine):
        mine.extend(ids.new() for _ in range(2000))

    threads = [threading.Thread(target=make, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({identifier for mine in made for identifier in mine}) == 16_000
    assert all(mine == sorted(mine) for mine in made)
