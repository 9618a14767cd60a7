"""Bodies that are no JSON, or hardly, and strings that break programs: refused, or kept whole."""

from itertools import count

import pytest

from tests.torture.ground import PUBLIC, doors, text_members
from tests.torture.texts import due, json_texts, naughty_strings, sliced
from tests.torture.verdicts import MALFORMED, fault_of, fault_of_member, said

EVERY = 12
"""Of the naughty strings each member gets one in so many here, and all of them in the soak."""


@pytest.fixture(scope="session")
def document(victim):
    return victim.grounds.document()


def test_no_text_is_taken_for_what_it_is_not_and_nothing_is_half_written(
    victim, document, is_whole
):
    texts = json_texts()
    before = victim.stored()

    faults = [
        f"{door}: {fault}"
        for turn, door in enumerate(doors(document))
        for text in (texts if is_whole else sliced(texts, turn))
        if (fault := fault_of(text, victim.send(door, text.body)))
    ]

    assert faults == []
    assert victim.stored() == before


def test_what_the_grammar_leaves_open_is_always_answered_the_same(victim, document, is_whole):
    some = doors(document)[:: 1 if is_whole else 6]

    verdicts = {
        text.name: {said(victim.send(door, text.body)) == MALFORMED for door in some}
        for text in json_texts()
        if text.expect == "either"
    }

    assert {name for name, found in verdicts.items() if len(found) > 1} == set()


def test_a_naughty_string_comes_back_normal_and_trimmed_or_is_refused_at_its_place(
    victim, document, is_whole
):
    strings, members, shift = naughty_strings(), text_members(document), count()
    every = 1 if is_whole else EVERY

    faults = [
        fault
        for member in members
        for sent in strings[next(shift) % every :: every]
        if (fault := fault_of_naughty(victim, member, sent))
    ]

    assert faults == []


def fault_of_naughty(victim, member, sent):
    answer = victim.send_member(member, sent)
    fault = fault_of_member(member, sent, due(sent, member), answer)
    is_ours = member.door.operation_id not in PUBLIC and "Location" in answer.headers
    if fault is None and answer.status_code == 201 and is_ours:
        kept = victim.read(answer.headers["Location"])
        shown = answer.json().get(member.name)
        if kept.get(member.name, shown) != shown:
            return f"{member}: {sent!r} is stored as {kept[member.name]!r}"
    return fault
